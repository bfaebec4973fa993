package load

import (
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/parley-chat/parley/bench/frame"
)

// A read takes what is there, at most this much. No frame may be longer.
const bufferSize = 512 << 10

type state uint8

const (
	away state = iota
	connecting
	shaking
	subscribing
	live
)

// Conn is one connection and its place in one channel. It may be opened again
// after it was cut, and then resumes where it was.
type Conn struct {
	swarm   *Swarm
	index   int32
	turn    int32 // how often it was opened: tells old events from new ones
	fd      int
	state   state
	user    string
	channel string // "": none
	epoch   string
	last    uint64 // the seq of the last message
	holes   uint64 // seqs below last that it has not seen
	want    uint64 // the seq without which it has not caught up
	counted bool   // among those whom Open waits for
	visitor bool   // counted apart
	begun   int64  // when it began to connect; 0 once it is level
	partial []byte // of a frame, or of the handshake

	mu      sync.Mutex
	pending []byte // what the socket would not take yet
	key     uint32
}

// Peer says who a connection is.
type Peer struct {
	User    string
	Channel string // to subscribe to; "": none
}

// Add adds connections, which are not opened yet.
func (s *Swarm) Add(peers ...Peer) ([]*Conn, error) {
	added := make([]*Conn, len(peers))
	err := s.do(func() {
		for i, p := range peers {
			c := &Conn{swarm: s, index: int32(len(s.conns)), fd: -1, user: p.User, channel: p.Channel}
			c.key = uint32(c.index)*2654435761 | 1
			s.conns = append(s.conns, c)
			added[i] = c
		}
	})
	return added, err
}

// Channel is the channel to which the connection subscribes.
func (c *Conn) Channel() string { return c.channel }

// Cut closes connections from this side, without a word.
func (s *Swarm) Cut(conns []*Conn) error {
	return s.do(func() {
		for _, c := range conns {
			s.hangUp(c)
		}
	})
}

// Renew cuts connections and opens them anew, from the head on, without
// waiting. What they are told is from then on counted apart, as visitors'.
func (s *Swarm) Renew(conns ...*Conn) error {
	return s.do(func() {
		for _, c := range conns {
			s.hangUp(c)
			c.visitor, c.epoch, c.last, c.holes, c.want = true, "", 0, 0, 0
		}
		s.dialing = append(s.dialing, conns...)
		s.dial()
	})
}

// Expect makes each connection wait, when it is opened next, for more messages
// after those it has.
func (s *Swarm) Expect(conns []*Conn, more uint64) error {
	return s.do(func() {
		for _, c := range conns {
			c.want = c.last + more
		}
	})
}

func (s *Swarm) hangUp(c *Conn) {
	if c.fd < 0 {
		return
	}
	if c.state == connecting || c.state == shaking {
		s.shaking--
	}
	c.mu.Lock()
	_ = unix.Close(c.fd)
	c.fd, c.pending = -1, nil
	c.turn++
	c.mu.Unlock()
	c.state, c.partial = away, nil
}

// drop is for a connection that failed.
func (s *Swarm) drop(c *Conn, err error) {
	s.hangUp(c)
	s.tally.Dropped++
	s.tally.fail(err.Error())
	s.arrived(c, err)
}

// arrived takes c off the list of those whom Open waits for.
func (s *Swarm) arrived(c *Conn, err error) {
	if !c.counted {
		return
	}
	c.counted = false
	o := s.opening
	if o == nil {
		return
	}
	if err == nil {
		_ = s.tally.Arrival.RecordValue((s.now() - o.started) / 1000)
	} else if o.err == nil {
		o.err = err
	}
	if o.left--; o.left == 0 {
		s.opening = nil
		close(o.done)
	}
}

// read takes what has come for c.
func (s *Swarm) read(c *Conn) error {
	kept := copy(s.buffer, c.partial)
	n, err := unix.Read(c.fd, s.buffer[kept:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return fmt.Errorf("the server closed a connection")
	}
	s.tally.Reads++
	s.tally.Bytes += uint64(n)
	b := s.buffer[:kept+n]
	if c.state == shaking {
		if b, err = s.upgraded(c, b); err != nil || b == nil {
			return err
		}
	}
	rest, err := s.frames(c, b)
	if err != nil {
		return err
	}
	c.partial = append(c.partial[:0], rest...)
	return nil
}

// frames takes the whole frames that b holds, and returns the rest.
func (s *Swarm) frames(c *Conn, b []byte) (rest []byte, _ error) {
	now := s.now()
	for {
		h, ok := frame.Parse(b)
		if !ok {
			return b, nil
		}
		if h.Size+h.Length > len(s.buffer) {
			return nil, fmt.Errorf("a frame of %d bytes", h.Length)
		}
		if len(b) < h.Size+h.Length {
			return b, nil
		}
		payload := b[h.Size : h.Size+h.Length]
		b = b[h.Size+h.Length:]
		switch {
		case !h.Final || h.Masked:
			return nil, fmt.Errorf("a frame that servers do not send")
		case h.Opcode == frame.Text:
			if err := s.speaks.told(s, c, payload, now); err != nil {
				return nil, err
			}
		case h.Opcode == frame.Ping:
			if err := c.send(frame.Pong, payload); err != nil {
				return nil, err
			}
		case h.Opcode == frame.Close:
			return nil, fmt.Errorf("the server closed a connection: %q", payload)
		}
		if c.fd < 0 {
			return nil, nil
		}
	}
}

// send sends one frame, or keeps it until the socket takes it. It may be
// called from any goroutine.
func (c *Conn) send(opcode byte, payload []byte) error {
	var room [1024]byte
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd < 0 {
		return nil // cut meanwhile: the message is lost, and counted so
	}
	c.key = c.key*1664525 + 1013904223
	return c.put(frame.AppendMasked(room[:0], opcode, payload, c.key))
}

// put writes b, after what is pending. The caller holds c.mu.
func (c *Conn) put(b []byte) error {
	if len(c.pending) > 0 {
		c.pending = append(c.pending, b...)
		return nil
	}
	n, err := unix.Write(c.fd, b)
	if n == len(b) {
		return nil
	}
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		return fmt.Errorf("write: %w", err)
	}
	c.pending = slices.Clone(b[max(n, 0):])
	return c.watch(unix.EPOLL_CTL_MOD, true)
}

func (c *Conn) watch(operation int, writable bool) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: c.index, Pad: c.turn}
	if writable {
		e.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(c.swarm.epoll, operation, c.fd, &e); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

func (s *Swarm) writable(c *Conn) error {
	if c.state == connecting {
		return s.connected(c)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pending := c.pending
	c.pending = nil
	if len(pending) > 0 {
		if err := c.put(pending); err != nil || len(c.pending) > 0 {
			return err
		}
	}
	return c.watch(unix.EPOLL_CTL_MOD, false)
}
