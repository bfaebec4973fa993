//go:build !race

package kernel

import (
	"syscall"
	"unsafe" // for go:linkname, too
)

// The runtime gives these two names out for good: see go.dev/issue/67401.

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// WriteSync is write(2) and fdatasync(2) of a file, in one go. That is known to
// wait: the processor is others' at once. Package syscall keeps it until
// somebody wants it, and until then the runtime's monitor looks every 20 µs
// whether somebody does.
func WriteSync(fd uintptr, p []byte) error {
	for {
		n, errno := writeSync(fd, unsafe.Pointer(unsafe.SliceData(p)), uintptr(len(p)))
		p = p[n:]
		if errno == 0 && len(p) == 0 {
			return nil
		}
		if errno != 0 && errno != syscall.EINTR {
			return errno
		}
	}
}

// writeSync writes, if size is not 0, and syncs what was written in whole. It
// has no processor between the runtime's two calls: nothing there may grow the
// stack. With the race detector, which would want one where coverage is
// counted, wait_race.go stands in place of this file.
//
//go:nosplit
func writeSync(fd uintptr, p unsafe.Pointer, size uintptr) (n uintptr, errno syscall.Errno) {
	entersyscallblock()
	if size > 0 {
		n, _, errno = syscall.RawSyscall6(syscall.SYS_WRITE, fd, uintptr(p), size, 0, 0, 0)
	}
	if errno != 0 {
		n = 0
	} else if n == size {
		_, _, errno = syscall.RawSyscall6(syscall.SYS_FDATASYNC, fd, 0, 0, 0, 0, 0)
	}
	exitsyscall()
	return n, errno
}
