package floor

import (
	"errors"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/parley-chat/parley/bench/fields"
	"github.com/parley-chat/parley/bench/frame"
)

// A read takes what is there, at most this much. No frame may be longer.
const readSize = 32 << 10

var errFrame = errors.New("floor: a frame that the floor does not take")

type conn struct {
	server  *server
	tcp     *net.TCPConn
	raw     syscall.RawConn
	user    string
	rooms   []*room
	partial []byte // of a frame, until the rest of it is read

	flusher *flusher // with Batch
	mu      sync.Mutex
	queue   [][]byte
	queued  bool // it is the flusher's turn, or that of a goroutine in its place
}

// read handles frames until the connection ends. While nothing comes it holds
// no buffer, only its goroutine.
func (c *conn) read() {
	defer c.server.leave(c)
	defer c.unsubscribeAll()
	var (
		buffer  *[]byte
		n, kept int
		failure error
	)
	ready := func(fd uintptr) bool {
		buffer = c.server.buffers.Get().(*[]byte)
		kept = copy(*buffer, c.partial)
		for {
			n, failure = unix.Read(int(fd), (*buffer)[kept:])
			if failure != unix.EINTR {
				break
			}
		}
		if failure == unix.EAGAIN {
			c.server.buffers.Put(buffer)
			return false
		}
		return true
	}
	for {
		if err := c.raw.Read(ready); err != nil {
			return
		}
		if failure == nil && n > 0 {
			failure = c.handle((*buffer)[:kept+n])
		} else if failure == nil {
			failure = net.ErrClosed
		}
		c.server.buffers.Put(buffer)
		if failure != nil {
			return
		}
	}
}

// handle takes the whole frames that b holds, and keeps the rest.
func (c *conn) handle(b []byte) error {
	var published []*publication
	for {
		h, ok := frame.Parse(b)
		if !ok || len(b) < h.Size+h.Length {
			if h.Size+h.Length > readSize {
				return errFrame
			}
			break
		}
		payload := b[h.Size : h.Size+h.Length]
		b = b[h.Size+h.Length:]
		if h.Masked {
			frame.Unmask(payload, h.Mask)
		}
		switch {
		case !h.Final:
			return errFrame
		case h.Opcode == frame.Text:
			if p := c.command(payload); p != nil {
				published = append(published, p)
			}
		case h.Opcode == frame.Ping:
			c.write(frame.Append(nil, frame.Pong, payload))
		case h.Opcode == frame.Close:
			return syscall.ECONNRESET
		}
	}
	c.partial = append(c.partial[:0], b...)
	if len(published) > 0 {
		return c.server.log.commit(published)
	}
	return nil
}

// command does what one frame asks. Where there is a log, what is to be
// published is returned, for all that came with one read to be committed
// together; it refers to the payload.
func (c *conn) command(payload []byte) *publication {
	var kind, channel, ref, text, nonce, position []byte
	walk := fields.Of(payload)
	for name, value, ok := walk.Next(); ok; name, value, ok = walk.Next() {
		switch string(name) {
		case "type":
			kind = fields.Text(value)
		case "channelId":
			channel = fields.Text(value)
		case "ref":
			ref = value
		case "text":
			text = fields.Text(value)
		case "nonce":
			nonce = fields.Text(value)
		case "position":
			position = fields.Text(value)
		}
	}
	switch string(kind) {
	case "publish":
		p := &publication{room: c.server.rooms.named(channel), from: c, ref: ref, text: text, nonce: nonce}
		if c.server.log != nil {
			return p
		}
		p.room.publish(p)
	case "subscribe":
		c.server.rooms.named(channel).subscribe(c, ref, position)
	case "unsubscribe":
		c.unsubscribe(c.server.rooms.named(channel))
	}
	return nil
}

func (c *conn) unsubscribe(r *room) {
	for i, joined := range c.rooms {
		if joined == r {
			c.rooms = append(c.rooms[:i], c.rooms[i+1:]...)
			r.remove(c)
			return
		}
	}
}

func (c *conn) unsubscribeAll() {
	for _, r := range c.rooms {
		r.remove(c)
	}
	c.rooms = nil
}

// write sends whole frames: now, or in the flusher's next turn. A connection
// that cannot be written to is found out by its reader.
func (c *conn) write(frames []byte) {
	if c.flusher == nil {
		_, _ = c.tcp.Write(frames)
		return
	}
	c.mu.Lock()
	c.queue = append(c.queue, frames)
	first := !c.queued
	c.queued = true
	c.mu.Unlock()
	if first {
		c.flusher.add(c)
	}
}
