package chat

import "time"

// rates are what users may send and channels take, in things a second, and how
// many of them at once; a rate of 0 is no limit.
type rates struct{ user, userBurst, channel, channelBurst float64 }

func newRates(o *Options) rates {
	r := rates{o.PostRate, o.PostBurst, o.ChannelRate, o.ChannelBurst}
	if r.userBurst == 0 {
		r.userBurst = max(1, 2*r.user)
	}
	if r.channelBurst == 0 {
		r.channelBurst = max(1, 2*r.channel)
	}
	return r
}

// limit takes one from what the user may send, and then one from what the
// channel takes, which may be nil: who is over their own limit uses up nobody
// else's. A server key is not limited, and what it sends is not counted: a
// flood of users must not hold up the application's own messages, nor its
// messages the users.
func (h *Hub) limit(id *Identity, channel *bucket) error {
	return h.take(paceKey{user: userKey{id.Project, id.User}}, id, channel)
}

// limitSigns is the same for signs of typing and reading, of which a user may
// send as many again: a message is not refused for them.
func (h *Hub) limitSigns(id *Identity, channel *bucket) error {
	return h.take(paceKey{userKey{id.Project, id.User}, true}, id, channel)
}

// paceKey is whose bucket it is, and whether that of signs.
type paceKey struct {
	user  userKey
	signs bool
}

func (h *Hub) take(key paceKey, id *Identity, channel *bucket) error {
	if id.Server {
		return nil
	}
	if h.rates.user > 0 {
		now := h.now()
		h.usersMu.Lock()
		wait := h.pace(key).take(now, h.rates.user, h.rates.userBurst)
		h.usersMu.Unlock()
		if wait > 0 {
			return tooFast("too many messages", wait)
		}
	}
	return h.limitChannel(id, channel)
}

// limitChannel takes one from what the channel takes of users, if there is one.
func (h *Hub) limitChannel(id *Identity, channel *bucket) error {
	if id.Server || h.rates.channel == 0 || channel == nil {
		return nil
	}
	now := h.now()
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	if wait := channel.take(now, h.rates.channel, h.rates.channelBurst); wait > 0 {
		return tooFast("too many messages in this channel", wait)
	}
	return nil
}

// pace is a user's bucket. usersMu is held.
func (h *Hub) pace(key paceKey) *bucket {
	b := h.paces[key]
	if b == nil {
		b = &bucket{}
		h.paces[key] = b
	}
	return b
}

func tooFast(message string, wait time.Duration) *Error {
	return &Error{Code: CodeRateLimited, Message: message, RetryAfter: wait.Round(time.Millisecond) + time.Millisecond}
}

// forgetPaces drops the buckets that are full.
func (h *Hub) forgetPaces(now time.Time) {
	h.usersMu.Lock()
	defer h.usersMu.Unlock()
	for key, b := range h.paces {
		if h.rates.user == 0 || now.Sub(b.at).Seconds()*h.rates.user >= h.rates.userBurst {
			delete(h.paces, key)
		}
	}
}

// bucket bounds a rate: it fills with rate tokens a second up to burst.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) fill(now time.Time, rate, burst float64) {
	if b.at.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+now.Sub(b.at).Seconds()*rate)
	}
	b.at = now
}

// take takes one token, or says after how long there is one.
func (b *bucket) take(now time.Time, rate, burst float64) time.Duration {
	b.fill(now, rate, burst)
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / rate * float64(time.Second))
}

// owe takes n tokens if there are any at all, though that leaves a debt.
func (b *bucket) owe(now time.Time, rate, burst, n float64) bool {
	b.fill(now, rate, burst)
	if b.tokens <= 0 {
		return false
	}
	b.tokens -= n
	return true
}
