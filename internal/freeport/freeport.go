// Package freeport finds a port on which a process that is started next, or
// again, can listen.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports below those that Linux gives to clients and to who asks for port 0
// (net.ipv4.ip_local_port_range begins at 32768).
const lowest, count = 10_000, 20_000

// Address is HOST:PORT on this machine's loopback, at which nobody listens now.
// The kernel gives the port to nobody who does not name it: neither to another
// server meanwhile, nor to a client that dials it while nobody listens, which
// would meet itself.
func Address() (string, error) {
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.N(count))
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", errors.Join(errors.New("there is no free port"), err)
}
