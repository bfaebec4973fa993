package chat

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Ticket is what a session was, kept for its client to come back to: it names
// the user, the device and the channels. It is good for as long as a log is
// kept by default, counted from its last use.
type Ticket struct {
	Project  string
	ID       string
	User     string
	Device   string
	Channels []string // in the order of their subscriptions; "" where one was ended, so that places stay
	At       time.Time
}

// Recovery says how far a returning client had come.
type Recovery struct {
	Ticket string
	Epoch  string
	Seqs   []uint64 // by the places of Ticket.Channels
}

// Bounds of a ticket, and how its id is written: letters, digits, "-" and "_".
const (
	minTicketID   = 16
	maxTicketID   = 64
	maxTicketSize = 48 << 10 // of its record, in bytes
)

// ticketPrefix begins the keys of all tickets' records.
const ticketPrefix = "ticket/"

func ticketKey(project, id string) string { return ticketPrefix + project + "/" + id }

// isTicketID keeps out what would be the key of another record, or the
// beginning of many.
func isTicketID(id string) bool {
	if len(id) < minTicketID || len(id) > maxTicketID {
		return false
	}
	return !slices.ContainsFunc([]byte(id), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// ticketRecord is a ticket as it is stored.
type ticketRecord struct {
	User   string    `json:"user,omitempty"`
	Name   string    `json:"name,omitempty"`
	Guest  bool      `json:"guest,omitempty"`
	Device string    `json:"device,omitempty"`
	Epoch  string    `json:"epoch"`
	At     time.Time `json:"at"`
	Places []place   `json:"places"`
}

// place is a channel in a ticket.
type place struct {
	Channel  string `json:"channel"`       // "": it was ended
	Seq      uint64 `json:"seq,omitempty"` // where the subscription began: nothing up to here is wanted
	Presence bool   `json:"presence,omitempty"`
	Acks     bool   `json:"acks,omitempty"`
}

// good reports whether the ticket may still be used.
func (t *ticketRecord) good(now time.Time) bool { return now.Sub(t.At) < DefaultRetention }

// from is after which seq a returning client wants the i-th place. Who was told
// nothing of it yet has everything from its beginning on to come.
func (t *ticketRecord) from(i int, r *Recovery) uint64 {
	if i < len(r.Seqs) {
		return max(r.Seqs[i], t.Places[i].Seq)
	}
	return t.Places[i].Seq
}

// keeping is the ticket of a session. mu is taken under room.mu and Session.mu,
// and no other lock under it; writing is held over the store's writing, so that records are
// written in their order.
type keeping struct {
	session     *Session
	project, id string

	writing sync.Mutex

	mu        sync.Mutex
	record    ticketRecord
	lost      bool // it outgrew its bounds
	takenOver bool // another session has the ticket now
	left      bool // the session is closed
}

func (k *keeping) key() string { return ticketKey(k.project, k.id) }

// ticket is what the client is told.
func (k *keeping) ticket() *Ticket {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := &Ticket{
		Project: k.project, ID: k.id, User: k.record.User, Device: k.record.Device, At: k.record.At,
		Channels: make([]string, len(k.record.Places)),
	}
	for i, p := range k.record.Places {
		t.Channels[i] = p.Channel
	}
	return t
}

// occupy notes that a subscription begins after seq; it returns its place.
func (k *keeping) occupy(channel string, seq uint64, presence, acks bool) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := place{Channel: channel, Seq: seq, Presence: presence, Acks: acks}
	if i := k.find(channel); i >= 0 {
		k.record.Places[i] = p
		return i
	}
	if len(k.record.Places) >= MaxPositions {
		k.lost = true
		return 0
	}
	k.record.Places = append(k.record.Places, p)
	return len(k.record.Places) - 1
}

// vacate notes that a subscription has ended; it reports whether there was one.
func (k *keeping) vacate(channel string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(channel)
	if i >= 0 {
		k.record.Places[i] = place{}
	}
	return i >= 0
}

// place is where the channel is, or 0.
func (k *keeping) place(channel string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(0, k.find(channel))
}

// at is what is noted of the channel; the zero place if nothing is.
func (k *keeping) at(channel string) place {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i := k.find(channel); i >= 0 {
		return k.record.Places[i]
	}
	return place{}
}

// restore puts back what was at a place: what came in its stead was not written.
func (k *keeping) restore(i int, p place) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i < len(k.record.Places) {
		k.record.Places[i] = p
	}
}

func (k *keeping) missing(channel string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.find(channel) < 0
}

func (k *keeping) find(channel string) int {
	return slices.IndexFunc(k.record.Places, func(p place) bool { return p.Channel == channel })
}

func (k *keeping) setDevice(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.record.Device = id
}

// become notes whose the session is now.
func (k *keeping) become(id *Identity) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.record.User, k.record.Name, k.record.Guest = id.User, id.Name, id.Guest
}

// leave notes that the session is closed: its client may come back.
func (k *keeping) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = true
}

// value is what is to be written at now, or nil: the record is to go.
func (k *keeping) value(now time.Time) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lost {
		return nil
	}
	k.record.At = now
	b, err := json.Marshal(&k.record)
	if err != nil || len(b) > maxTicketSize {
		k.lost = true
		return nil
	}
	return b
}
