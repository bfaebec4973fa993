package sse

import (
	"net"

	"golang.org/x/sys/unix"
)

// outstanding is what c's socket tells; false: it tells nothing.
func outstanding(c net.Conn) (p progress, known bool) {
	tcp, ok := below(c).(*net.TCPConn)
	if !ok {
		return p, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return p, false
	}
	err = raw.Control(func(fd uintptr) {
		info, failed := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if failed == nil {
			p, known = progress{taken: info.Bytes_acked, waiting: info.Unacked > 0 || info.Notsent_bytes > 0}, true
		}
	})
	return p, known && err == nil
}
