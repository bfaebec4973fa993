//go:build linux

package ws_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/ws"
)

const handshake = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// dialBare opens a WebSocket on a descriptor that Go's runtime knows nothing
// of, so that the client costs this process no memory.
func dialBare(tb testing.TB, addr string) int {
	tb.Helper()
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatal(err)
	}
	if _, err := unix.Write(fd, []byte(handshake)); err != nil {
		tb.Fatal(err)
	}
	answer := make([]byte, 0, 512)
	for !bytes.Contains(answer, []byte("\r\n\r\n")) {
		n, err := unix.Read(fd, answer[len(answer):cap(answer)])
		if n <= 0 || err != nil {
			tb.Fatalf("handshake: %q %v", answer, err)
		}
		answer = answer[:len(answer)+n]
	}
	return fd
}

// anonymous is how many bytes of anonymous memory the process has.
func anonymous(tb testing.TB) int {
	tb.Helper()
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kb int
		if _, err := fmt.Sscanf(line, "Anonymous: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	tb.Fatal("no anonymous memory")
	return 0
}

// BenchmarkIdle says what a connection costs on which nothing happens.
func BenchmarkIdle(b *testing.B) {
	const conns = 9000 // a process holds 20,000 descriptors, and both ends are here
	for b.Loop() {
		s := setup(b, ws.Options{})
		unix.Close(dialBare(b, s.addr))
		time.Sleep(100 * time.Millisecond)
		debug.FreeOSMemory()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		anon := anonymous(b)
		fds := make([]int, conns)
		for i := range fds {
			fds[i] = dialBare(b, s.addr)
		}
		for s.server.Stats().Connections["echo"] != conns {
			time.Sleep(time.Millisecond)
		}
		fresh := anonymous(b)
		debug.FreeOSMemory()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(fresh-anon)/conns, "anon-before-GC-B/conn")
		b.ReportMetric(float64(anonymous(b)-anon)/conns, "anon-B/conn")
		b.ReportMetric(float64(int(after.HeapInuse)-int(before.HeapInuse))/conns, "heap-B/conn")
		b.ReportMetric(float64(int(after.StackInuse)-int(before.StackInuse))/conns, "stack-B/conn")
		b.ReportMetric(float64(runtime.NumGoroutine()), "goroutines")
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFanout sends one delivery after another to 1000 connections, each
// when all have had the last; floor does the same with one write after the
// other. The readers' share is in both.
func BenchmarkFanout(b *testing.B) {
	const conns = 1000
	text := strings.Repeat("x", 200)
	b.Run("ws", func(b *testing.B) {
		s := setup(b, ws.Options{})
		var got sync.WaitGroup
		for range conns {
			go count(dial(b, s.addr), len(text)+4, &got)
		}
		for range conns {
			<-s.hub.Made()
		}
		measure(b, conns, &got, func() { s.hub.Broadcast(conntest.Text(text)) })
		st := s.server.Stats()
		var frames uint64
		for _, t := range st.Traffic {
			frames += t.FramesOut
		}
		b.ReportMetric(float64(frames)/float64(st.Writes), "frames/write")
	})
	b.Run("floor", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		var got sync.WaitGroup
		frame := make([]byte, len(text)+4)
		var to []net.Conn
		for range conns {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { c.Close() })
			go count(bufio.NewReader(c), len(frame), &got)
			accepted, err := l.Accept()
			if err != nil {
				b.Fatal(err)
			}
			to = append(to, accepted)
			b.Cleanup(func() { accepted.Close() })
		}
		measure(b, conns, &got, func() {
			for _, c := range to {
				_, _ = c.Write(frame)
			}
		})
	})
}

func measure(b *testing.B, conns int, got *sync.WaitGroup, send func()) {
	b.ResetTimer()
	before := cpu()
	for range b.N {
		got.Add(conns)
		send()
		got.Wait()
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N*conns), "cpu-ns/delivery")
}

func count(r io.Reader, size int, got *sync.WaitGroup) {
	frame := make([]byte, size)
	for {
		if _, err := io.ReadFull(r, frame); err != nil {
			return
		}
		got.Done()
	}
}

// dial opens a WebSocket and reads the handshake's answer off it.
func dial(tb testing.TB, addr string) *bufio.Reader {
	tb.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, handshake); err != nil {
		tb.Fatal(err)
	}
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			tb.Fatal(err)
		}
		if line == "\r\n" {
			return r
		}
	}
}
