package ws

import (
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/parley-chat/parley/internal/kernel"
)

// descriptor is a TCP socket that belongs to a poller and to nothing else. It
// is closed when the last one that uses it has left: its number may be another
// connection's right after.
type descriptor struct {
	fd    int
	users atomic.Int32 // 1 for being open, and one for each call under way
}

func (d *descriptor) enter() bool {
	for {
		n := d.users.Load()
		if n <= 0 {
			return false
		}
		if d.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (d *descriptor) leave() {
	if d.users.Add(-1) == 0 {
		d.users.Store(-1)
		_ = unix.Close(d.fd)
	}
}

// close must be called once.
func (d *descriptor) close() { d.leave() }

func (d *descriptor) read(p []byte) (int, error)  { return d.try(kernel.Read, p) }
func (d *descriptor) write(p []byte) (int, error) { return d.try(kernel.Write, p) }

// try makes one call that does not wait.
func (d *descriptor) try(call func(int, []byte) (int, error), p []byte) (int, error) {
	if !d.enter() {
		return 0, errClosed
	}
	defer d.leave()
	for {
		n, err := call(d.fd, p)
		switch err {
		case nil:
			return n, nil
		case unix.EAGAIN:
			return 0, errAgain
		case unix.EINTR:
		default:
			return 0, err
		}
	}
}

func (d *descriptor) finish() {
	if d.enter() {
		_ = unix.Shutdown(d.fd, unix.SHUT_WR)
		d.leave()
	}
}

func (d *descriptor) acked() (uint64, bool) {
	if !d.enter() {
		return 0, false
	}
	defer d.leave()
	return ackedOn(d.fd)
}

func ackedOn(fd int) (uint64, bool) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, false
	}
	return info.Bytes_acked, true
}

// ackedBy is how many bytes the peer of c has taken.
func ackedBy(c net.Conn) (n uint64, ok bool) {
	tcp, isTCP := c.(*net.TCPConn)
	if !isTCP {
		return 0, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, false
	}
	if raw.Control(func(fd uintptr) { n, ok = ackedOn(int(fd)) }) != nil {
		return 0, false
	}
	return n, ok
}

// poller waits for many sockets with an epoll set of its own, which in turn is
// waited for by the runtime's: no thread blocks. Sockets are watched for edges
// in both directions, once, for as long as they are open.
type poller struct {
	file  *os.File // the epoll set
	set   int
	raw   syscall.RawConn
	ready func(c *conn, e edge) (read bool)
	read  *pool
	alone func(yield func()) *reader
	lead  lead

	mu    sync.Mutex
	conns []*conn // by descriptor
	seats []*seat // that nobody has
}

// seat is what a goroutine that polls has at hand.
type seat struct {
	leader
	reader *reader
	events []unix.EpollEvent
	conns  []*conn // of the events
}

// newPoller polls until it is closed, which must not be before over is; ready is
// called for what it sees, and says whether the connection is to be read, which
// workers of read do, or, if it came alone, a reader made by alone.
func newPoller(over <-chan struct{}, ready func(c *conn, e edge) (read bool), read *pool, alone func(yield func()) *reader) (*poller, error) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll set: %w", err)
	}
	// Told that it does not block, os.NewFile puts it into the runtime's set.
	if err := unix.SetNonblock(set, true); err != nil {
		_ = unix.Close(set)
		return nil, fmt.Errorf("make an epoll set: %w", err)
	}
	p := &poller{file: os.NewFile(uintptr(set), "epoll"), set: set, ready: ready, read: read, alone: alone}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("wait for an epoll set: %w", err)
	}
	p.lead.begin(over, p.poll)
	return p, nil
}

const inEdges = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

// poll hands connections to workers as long as it leads. One that is to be read
// and comes alone it reads by itself: to wake a worker costs more than that.
func (p *poller) poll() {
	s := p.sit()
	for leads := true; leads; {
		c := p.wait(s.events, s.conns)
		if c == nil {
			return // closed
		}
		leads = s.away(func() { s.reader.serve(c) })
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seats = append(p.seats, s)
}

// sit gives a seat, which is used again: where each request takes a while, each
// has another goroutine poll.
func (p *poller) sit() *seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.seats); n > 0 {
		s := p.seats[n-1]
		p.seats = p.seats[:n-1]
		return s
	}
	s := &seat{leader: leader{lead: &p.lead}, events: make([]unix.EpollEvent, 128), conns: make([]*conn, 128)}
	s.reader = p.alone(s.yield)
	return s
}

// wait has what comes worked on, until something comes that the caller is to
// read; nil when the poller is closed.
func (p *poller) wait(events []unix.EpollEvent, conns []*conn) (alone *conn) {
	// Answering false makes the runtime wait for the next edge of the set; it
	// keeps one that comes while we are at work. Read ends when the file is closed.
	_ = p.raw.Read(func(uintptr) bool {
		for {
			n, err := kernel.Poll(p.set, events)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return true
			}
			if n <= 0 {
				return false
			}
			p.find(events[:n], conns)
			for i, c := range conns[:n] {
				switch {
				case c == nil || !p.ready(c, edgeOf(events[i].Events)):
				case n == 1 && c.peer == nil: // a peer may take a while
					alone = c
				default:
					p.read.push(c)
				}
			}
			clear(conns[:n])
			if alone != nil {
				return true
			}
			if n < len(events) {
				return false
			}
		}
	})
	return alone
}

func edgeOf(events uint32) edge {
	return edge{
		in:  events&inEdges != 0,
		out: events&unix.EPOLLOUT != 0,
		fin: events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0,
	}
}

// find looks up whose the events are. A number may have passed to another
// connection meanwhile, who is then woken for nothing.
func (p *poller) find(events []unix.EpollEvent, conns []*conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		conns[i] = p.conns[events[i].Fd]
	}
}

// adopt takes the socket out of the runtime's hands, whose buffers and
// descriptors for it are then free, and closes c. Edges come after watch.
func (p *poller) adopt(c net.Conn) (socket, bool) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, false
	}
	fd := -1
	err = raw.Control(func(of uintptr) {
		if n, err := unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			fd = n
		}
	})
	if err != nil || fd < 0 {
		return nil, false
	}
	_ = tcp.Close()
	d := &descriptor{fd: fd}
	d.users.Store(1)
	return d, true
}

// watch has the edges of c's socket reported until it is forgotten. Of a
// stream they are those of its end: its reader may be waiting for the session.
func (p *poller) watch(c *conn) error {
	switch sock := c.sock.(type) {
	case *descriptor:
		return p.add(c, sock.fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP)
	case *stream:
		tcp, ok := sock.transport().(*net.TCPConn)
		if !ok {
			return nil
		}
		raw, err := tcp.SyscallConn()
		if err != nil {
			return fmt.Errorf("watch a socket: %w", err)
		}
		var failed error
		if err := raw.Control(func(fd uintptr) { failed = p.add(c, int(fd), unix.EPOLLRDHUP) }); err != nil {
			return fmt.Errorf("watch a socket: %w", err)
		}
		return failed
	}
	return nil
}

func (p *poller) add(c *conn, fd int, events uint32) error {
	c.fd = fd
	p.mu.Lock()
	if fd >= len(p.conns) {
		grown := make([]*conn, max(1024, 2*fd))
		copy(grown, p.conns)
		p.conns = grown
	}
	p.conns[fd] = c
	p.mu.Unlock()
	event := unix.EpollEvent{Events: events | unix.EPOLLET&0xffffffff, Fd: int32(fd)}
	if err := unix.EpollCtl(p.set, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("watch a socket: %w", err)
	}
	return nil
}

// forget undoes watch. The number may be another connection's already.
func (p *poller) forget(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.fd < len(p.conns) && p.conns[c.fd] == c {
		p.conns[c.fd] = nil
	}
}

// close ends the poller and waits for its end.
func (p *poller) close() {
	_ = p.file.Close()
	p.lead.wait()
}
