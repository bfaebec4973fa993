//go:build unix

package terminal

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lookAgain is how often the end of waiting is looked for, and so the most by
// which it delays the end of the program.
const lookAgain = 100 * time.Millisecond

// readerGone returns when nobody reads any more what is written to w, a pipe,
// or when ctx ends. Writing would tell too, but not before there is something
// to write.
func readerGone(ctx context.Context, w io.Writer) {
	f, ok := w.(*os.File)
	if !ok {
		<-ctx.Done()
		return
	}
	fds := []unix.PollFd{{Fd: int32(f.Fd())}} //nolint:gosec // a descriptor is small
	for ctx.Err() == nil {
		n, err := unix.Poll(fds, int(lookAgain.Milliseconds()))
		if n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 || err != nil && err != unix.EINTR {
			return
		}
	}
}
