//go:build linux && race

package kernel

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// WriteSync is write(2) and fdatasync(2) of a file.
func WriteSync(fd uintptr, p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(int(fd), p)
		if err != nil && err != syscall.EINTR {
			return err
		}
		p = p[max(n, 0):]
	}
	for {
		if err := unix.Fdatasync(int(fd)); err != syscall.EINTR {
			return err
		}
	}
}
