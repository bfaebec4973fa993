package push

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/dial"
)

const (
	attemptWithin = 20 * time.Second
	readAtMost    = 64 << 10 // bytes of an answer, so that its connection can be used again
)

// attempt sends a delivery, if it still is to be sent.
func (s *Service) attempt(ctx context.Context, d *delivery) verdict {
	ctx, cancel := context.WithTimeout(ctx, attemptWithin)
	defer cancel()
	sub := s.accounts.subscription(d.sub.ID)
	if sub == nil || sub.user() != d.sub.user() {
		s.stats.skipped.Add(1) // it was removed, or is another's now
		return verdict{}
	}
	d.sub = sub // it may have been renewed, with other keys
	if why := s.o.Check(d.sub.as); why != nil {
		s.log.Info("a subscription ends with its credentials", "service", d.sub.Service, "code", why.Code)
		return s.end(ctx, d)
	}
	payload, err := s.compose(ctx, d)
	switch {
	case err != nil:
		s.log.Warn("make a notification", "channel", d.notice.channel.Name, "err", err)
		return verdict{again: s.now().Before(d.notice.until)}
	case payload == nil:
		s.stats.skipped.Add(1)
		return verdict{}
	}
	return s.send(ctx, d, payload)
}

func (s *Service) send(ctx context.Context, d *delivery, payload []byte) verdict {
	left := d.notice.until.Sub(s.now())
	if left <= 0 {
		s.stats.expired.Add(1)
		return verdict{}
	}
	answer, err := webpush.SendNotificationWithContext(ctx, payload, d.sub.webpush(), &webpush.Options{
		HTTPClient: s.client, Subscriber: strings.TrimPrefix(s.o.Contact, "mailto:"),
		VAPIDPublicKey: s.key.public, VAPIDPrivateKey: s.key.private,
		Topic: s.key.topic(d.notice.user, d.notice.channel), TTL: int(left.Seconds()), Urgency: d.notice.urgency(),
	})
	if err != nil {
		return s.unreachable(d, err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, readAtMost)) // whatever it says besides
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		s.stats.sent.Add(1)
		return verdict{}
	case status == http.StatusNotFound, status == http.StatusGone:
		s.log.Info("a subscription is gone", "service", d.sub.Service, "status", status)
		return s.end(ctx, d)
	case status == http.StatusTooManyRequests, status >= 500:
		return verdict{again: true, after: retryAfter(answer.Header, s.now())}
	default:
		s.stats.refused.Add(1)
		s.log.Warn("a push service refuses a notification", "service", d.sub.Service, "status", status)
		return verdict{}
	}
}

// unreachable decides what an attempt without an answer means. Errors of net/http
// hold the URL, which is a secret: only what lies beneath is logged.
func (s *Service) unreachable(d *delivery, err error) verdict {
	if errors.Is(err, dial.ErrNotPublic) {
		// It does not end the subscription: who made it would see by that which
		// names there are behind the firewall.
		s.stats.refused.Add(1)
		s.log.Warn("a subscription's endpoint is not on the public internet", "service", d.sub.Service)
		return verdict{}
	}
	if errors.Is(err, webpush.ErrMaxPadExceeded) {
		s.stats.refused.Add(1) // cannot be: see compose
		return verdict{}
	}
	s.log.Debug("a push service is out of reach", "service", d.sub.Service)
	return verdict{again: true}
}

// end removes the subscription.
func (s *Service) end(ctx context.Context, d *delivery) verdict {
	s.stats.gone.Add(1)
	if err := s.remove(ctx, d.sub); err != nil {
		s.log.Warn("remove a subscription", "service", d.sub.Service, "err", err) // the next notification tries again
	}
	return verdict{}
}

func (sub *Subscription) webpush() *webpush.Subscription {
	return &webpush.Subscription{
		Endpoint: sub.draft.Endpoint,
		Keys:     webpush.Keys{P256dh: sub.draft.P256dh, Auth: sub.draft.Auth},
	}
}

// urgency says whether a phone may be woken up for it.
func (n *notice) urgency() webpush.Urgency {
	if n.kind == chat.Direct || n.mention {
		return webpush.UrgencyHigh
	}
	return webpush.UrgencyNormal
}

// retryAfter is how long a push service asks to be left alone: seconds, or a
// time.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
