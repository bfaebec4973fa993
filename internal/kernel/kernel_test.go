//go:build linux

package kernel_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/parley-chat/parley/internal/kernel"
)

// Many at once, while others grow their stacks and garbage is collected.
func TestWriteSync_WritesWhatItIsGiven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var writers, others sync.WaitGroup
	over := make(chan struct{})
	for range 4 {
		others.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					grow(500)
					runtime.GC()
				}
			}
		})
	}
	for i := range 8 {
		writers.Go(func() {
			name := filepath.Join(dir, string(rune('a'+i)))
			f, err := os.Create(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			var want []byte
			for n := range 50 {
				p := bytes.Repeat([]byte{byte(n)}, n*n)
				want = append(want, p...)
				if err := kernel.WriteSync(f.Fd(), p); err != nil {
					t.Error(err)
				}
			}
			if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v; wrote %d", len(got), err, len(want))
			}
		})
	}
	writers.Wait()
	close(over)
	others.Wait()
}

// grow has the goroutine's stack grown and copied.
func grow(n int) int {
	var frame [128]byte
	if n == 0 {
		return 0
	}
	frame[n%128] = byte(n)
	return grow(n-1) + int(frame[n%128])
}

func TestWriteSync_SaysWhatFails(t *testing.T) {
	t.Parallel()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := kernel.WriteSync(f.Fd(), []byte("x")); !errors.Is(err, unix.EBADF) {
		t.Errorf("written to what is open for reading: %v", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := kernel.WriteSync(full.Fd(), []byte("x")); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("written to a full disk: %v", err)
	}
	if err := kernel.WriteSync(full.Fd(), nil); !errors.Is(err, unix.EINVAL) {
		t.Errorf("synced what cannot be: %v", err)
	}
}

func TestReadWritePoll_DoNotWait(t *testing.T) {
	t.Parallel()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range []int{ends[0], ends[1], set} {
		defer unix.Close(fd)
	}
	if err := unix.EpollCtl(set, unix.EPOLL_CTL_ADD, ends[1], &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(ends[1])}); err != nil {
		t.Fatal(err)
	}
	events, buffer := make([]unix.EpollEvent, 4), make([]byte, 10)
	if n, err := kernel.Poll(set, events); n != 0 || err != nil {
		t.Errorf("polled %d, %v", n, err)
	}
	if _, err := kernel.Read(ends[1], buffer); err != unix.EAGAIN {
		t.Errorf("read what is not there: %v", err)
	}
	if n, err := kernel.Write(ends[0], []byte("hello")); n != 5 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if n, err := kernel.Poll(set, events); n != 1 || err != nil || int(events[0].Fd) != ends[1] {
		t.Errorf("polled %d, %v: %v", n, err, events[0])
	}
	if n, err := kernel.Read(ends[1], buffer); err != nil || string(buffer[:n]) != "hello" {
		t.Errorf("read %q, %v", buffer[:max(n, 0)], err)
	}
	for err == nil {
		_, err = kernel.Write(ends[0], make([]byte, 1<<16))
	}
	if err != unix.EAGAIN {
		t.Errorf("written until it was full: %v", err)
	}
}
