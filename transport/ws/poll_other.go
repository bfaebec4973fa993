//go:build !linux

package ws

import "net"

// poller has no implementation here: every connection gets a goroutine.
type poller struct{}

func newPoller(<-chan struct{}, func(*conn, edge) bool, *pool, func(func()) *reader) (*poller, error) {
	return &poller{}, nil
}

func (p *poller) adopt(net.Conn) (socket, bool) { return nil, false }
func (p *poller) watch(*conn) error             { return nil }
func (p *poller) forget(*conn)                  {}
func (p *poller) close()                        {}

func ackedBy(net.Conn) (uint64, bool) { return 0, false }
