package ws

import (
	"errors"
	"net"
)

// socket is a connection's byte stream. Its methods may be called by different
// goroutines at once, and after close.
type socket interface {
	// read and write fail with errAgain where they would wait; a socket of a
	// blocking kind waits. write may take a part.
	read(p []byte) (int, error)
	write(p []byte) (int, error)
	// finish says to the peer that nothing more follows.
	finish()
	// acked is how many bytes the peer has taken so far; false: nobody knows.
	acked() (uint64, bool)
	close()
}

var (
	errAgain  = errors.New("the socket is not ready")
	errClosed = errors.New("the socket is closed")
)

// stream is a socket that cannot be polled: TLS, or anything but Linux.
type stream struct{ net.Conn }

func (s *stream) read(p []byte) (int, error)  { return s.Read(p) }
func (s *stream) write(p []byte) (int, error) { return s.Write(p) }

// transport is what carries the stream: of TLS the connection below it.
func (s *stream) transport() net.Conn {
	if c, ok := s.Conn.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn()
	}
	return s.Conn
}

// close is abrupt: TLS would wait to say goodbye.
func (s *stream) close() { _ = s.transport().Close() }

func (s *stream) finish() {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

func (s *stream) acked() (uint64, bool) { return ackedBy(s.transport()) }
