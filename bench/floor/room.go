package floor

import (
	"bytes"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parley-chat/parley/bench/fields"
	"github.com/parley-chat/parley/bench/frame"
)

const (
	epoch    = "floor"
	ringSize = 256 // messages a room keeps for those who come back
)

type rooms struct {
	mu     sync.RWMutex
	byName map[string]*room
}

func (r *rooms) named(name []byte) *room {
	r.mu.RLock()
	found := r.byName[string(name)]
	r.mu.RUnlock()
	if found != nil {
		return found
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if found = r.byName[string(name)]; found == nil {
		found = &room{name: string(name)}
		r.byName[found.name] = found
	}
	return found
}

type room struct {
	name     string
	assigned uint64 // the last seq given out: under log.mu where there is a log, else under mu

	mu      sync.Mutex
	members []*conn
	told    uint64                  // the last seq forwarded
	ring    [][]byte                // frames of the last messages, by seq modulo its size
	held    map[uint64]*publication // committed before one with a lower seq was forwarded
}

type publication struct {
	room             *room
	from             *conn
	ref, text, nonce []byte
	seq              uint64
	message, ack     []byte // finished frames
}

// publish numbers and forwards a message of a floor that has no log.
func (r *room) publish(p *publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.assigned++
	p.seq = r.assigned
	p.encode()
	r.deliver(p)
}

// forward delivers a committed message when it is its turn, and those that
// waited for it.
func (r *room) forward(p *publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.seq != r.told+1 {
		if r.held == nil {
			r.held = map[uint64]*publication{}
		}
		r.held[p.seq] = p
		return
	}
	r.deliver(p)
	for len(r.held) > 0 {
		next := r.held[r.told+1]
		if next == nil {
			return
		}
		delete(r.held, next.seq)
		r.deliver(next)
	}
}

func (r *room) deliver(p *publication) {
	member := false
	for _, c := range r.members {
		if c == p.from {
			member = true
			c.write(append(p.ack, p.message...))
			continue
		}
		c.write(p.message)
	}
	if !member {
		p.from.write(p.ack)
	}
	r.told = p.seq
	if len(r.ring) < ringSize {
		r.ring = append(r.ring, p.message)
		return
	}
	r.ring[(p.seq-1)%ringSize] = p.message
}

// encode makes the message's frame, once for all, and its sender's ack.
func (p *publication) encode() {
	var buffer [1024]byte
	id, err := uuid.NewV7()
	if err != nil {
		panic(err) // the machine has no randomness
	}
	var idText [36]byte
	encodeID(&idText, id)

	b := append(buffer[:0], `{"type":"message","id":"`...)
	b = append(append(b, idText[:]...), `","channelId":"`...)
	b = append(append(b, p.room.name...), `","senderId":"`...)
	b = append(append(b, p.from.user...), `","text":"`...)
	b = append(append(b, p.text...), `","createdAt":"`...)
	b = append(p.from.server.now().UTC().AppendFormat(b, time.RFC3339Nano), `",`...)
	b = append(p.numbers(b), '}')
	p.message = frame.Append(make([]byte, 0, len(b)+frame.MaxHeader), frame.Text, b)

	b = append(buffer[:0], `{"type":"ack","ref":`...)
	if len(p.ref) == 0 {
		p.ref = []byte("null")
	}
	b = append(append(b, p.ref...), `,"id":"`...)
	b = append(append(b, idText[:]...), `","channelId":"`...)
	b = append(append(b, p.room.name...), `",`...)
	b = append(p.numbers(b), '}')
	p.ack = frame.Append(make([]byte, 0, len(b)+len(p.message)+frame.MaxHeader), frame.Text, b)
}

func (p *publication) numbers(b []byte) []byte {
	b = strconv.AppendUint(append(b, `"seq":`...), p.seq, 10)
	b = strconv.AppendUint(append(b, `,"sequence":`...), p.seq-1, 10)
	if len(p.nonce) > 0 {
		b = append(append(append(b, `,"nonce":"`...), p.nonce...), '"')
	}
	return b
}

func encodeID(text *[36]byte, id uuid.UUID) {
	const digits = "0123456789abcdef"
	at := 0
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = digits[b>>4], digits[b&15]
		at += 2
	}
}

// subscribe makes c a member and answers with what it has missed since
// position, all in one write.
func (r *room) subscribe(c *conn, ref, position []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.told
	if len(position) > 0 {
		e, seq, _ := bytes.Cut(position, []byte(":"))
		n, ok := fields.Number(seq)
		if !ok || string(e) != epoch || n > r.told || r.told-n > uint64(len(r.ring)) {
			c.write(r.answer(nil, "expired", ref, r.told))
			return
		}
		from = n
	}
	out := r.answer(nil, "subscribed", ref, from)
	for seq := from; seq < r.told; seq++ {
		out = append(out, r.ring[seq%ringSize]...)
	}
	c.write(r.answer(out, "level", nil, r.told))
	for _, joined := range c.rooms {
		if joined == r {
			return
		}
	}
	c.rooms = append(c.rooms, r)
	r.members = append(r.members, c)
}

func (r *room) answer(b []byte, kind string, ref []byte, seq uint64) []byte {
	var buffer [512]byte
	out := append(append(buffer[:0], `{"type":"`...), kind...)
	if len(ref) > 0 {
		out = append(append(out, `","ref":`...), ref...)
		out = append(out, `,"channelId":"`...)
	} else {
		out = append(out, `","channelId":"`...)
	}
	out = append(append(out, r.name...), `","position":"`+epoch+`:`...)
	out = append(strconv.AppendUint(out, seq, 10), `","head":"`+epoch+`:`...)
	out = append(strconv.AppendUint(out, r.told, 10), `"}`...)
	return frame.Append(b, frame.Text, out)
}

func (r *room) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, member := range r.members {
		if member == c {
			last := len(r.members) - 1
			r.members[i], r.members[last] = r.members[last], nil
			r.members = r.members[:last]
			return
		}
	}
}
