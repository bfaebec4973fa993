package load

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// Open opens connections that are away, with a bounded number of handshakes
// under way, and returns when each is level with its channel and has what it
// expects. One call at a time.
func (s *Swarm) Open(ctx context.Context, conns []*Conn) error {
	if len(conns) == 0 {
		return nil
	}
	o := &opening{left: len(conns), done: make(chan struct{})}
	err := s.do(func() {
		o.started = s.now()
		s.opening = o
		for _, c := range conns {
			c.counted = true
		}
		s.dialing = append(s.dialing, conns...)
		s.dial()
	})
	if err != nil {
		return err
	}
	select {
	case <-o.done:
		return o.err
	case <-s.ended:
		return errEnded
	case <-ctx.Done():
	}
	left := 0
	_ = s.do(func() {
		left, s.opening, s.dialing = o.left, nil, nil
		for _, c := range conns {
			c.counted = false
		}
	})
	return fmt.Errorf("open %d connections, %d of them still not level: %w", len(conns), left, ctx.Err())
}

// dial begins as many handshakes as may be under way.
func (s *Swarm) dial() {
	for len(s.dialing) > 0 && s.shaking < s.options.Concurrency {
		c := s.dialing[0]
		s.dialing = s.dialing[1:]
		if c.fd >= 0 {
			s.arrived(c, nil)
			continue
		}
		if err := s.connect(c); err != nil {
			s.drop(c, err)
		}
	}
}

func (s *Swarm) connect(c *Conn) error {
	c.begun = s.now()
	fd, err := unix.Socket(s.family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	c.mu.Lock()
	c.fd = fd
	c.mu.Unlock()
	c.state, c.partial = connecting, nil
	s.shaking++
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := s.bind(c); err != nil {
		return err
	}
	if err := unix.Connect(fd, s.address); err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connect: %w", err)
	}
	return c.watch(unix.EPOLL_CTL_ADD, true)
}

// bind spreads connections to 127.0.0.1 over several source addresses. One has
// 28,000 ports; where half of them are in use, or were a minute ago, the kernel
// takes longer to find a free one than for all the rest of a connection.
func (s *Swarm) bind(c *Conn) error {
	target, ok := s.address.(*unix.SockaddrInet4)
	if !ok || target.Addr[0] != 127 {
		return nil
	}
	const sources = 32
	from := unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + (int(c.index)+int(c.turn))%sources)}}
	if err := unix.SetsockoptInt(c.fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := unix.Bind(c.fd, &from); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// connected asks for the upgrade.
func (s *Swarm) connected(c *Conn) error {
	failure, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if failure != 0 {
		return fmt.Errorf("connect: %w", unix.Errno(failure))
	}
	query, err := s.options.Query(c.user)
	if err != nil {
		return fmt.Errorf("credentials of %s: %w", c.user, err)
	}
	more, header := s.speaks.upgrade()
	request := "GET " + s.path + "?" + query + more + " HTTP/1.1\r\nHost: " + s.host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: cGFybGV5LWJlbmNoLWtleQ==\r\n" + header + "\r\n"
	c.state = shaking
	if n, err := unix.Write(c.fd, []byte(request)); n != len(request) {
		return fmt.Errorf("ask for the upgrade: wrote %d bytes: %w", n, err)
	}
	return c.watch(unix.EPOLL_CTL_MOD, false)
}

// upgraded reads the server's answer and goes on. It returns what came
// after the answer; nil if it is not whole yet.
func (s *Swarm) upgraded(c *Conn, b []byte) (rest []byte, _ error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		c.partial = append(c.partial[:0], b...)
		return nil, nil
	}
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 101")) {
		return nil, fmt.Errorf("the server answered %q", line)
	}
	s.shaking--
	c.state = subscribing
	return b[end+4:], s.speaks.upgraded(s, c)
}

// level is called whenever c may have become level and caught up.
func (s *Swarm) level(c *Conn) {
	c.state = live
	if c.last < c.want {
		return
	}
	if c.begun != 0 {
		_ = s.tally.Opening.RecordValue((s.now() - c.begun) / 1000)
		c.begun = 0
	}
	s.arrived(c, nil)
}
