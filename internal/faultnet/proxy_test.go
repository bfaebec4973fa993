package faultnet

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// setup is a proxy before a server that hands out its connections.
func setup(t *testing.T) (*Proxy, <-chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	p, err := Listen(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		_ = l.Close()
		<-done
	})
	return p, conns
}

// open is both ends of a connection through the proxy.
func open(t *testing.T, p *Proxy, conns <-chan net.Conn) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	server = <-conns
	for _, c := range []net.Conn{client, server} {
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { _ = c.Close() })
	}
	say(t, client, "hi")
	hear(t, server, "hi")
	return client, server
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

// silent reports that nothing comes, not even an end.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	n, err := c.Read(make([]byte, 1))
	if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v; want silence", n, err)
	}
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
}

func TestStall_HoldsBackAndLosesNothing(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	client, server := open(t, p, conns)
	p.Stall(true)
	say(t, client, "late")
	say(t, server, "too")
	silent(t, server)
	silent(t, client)
	p.Stall(false)
	hear(t, server, "late")
	hear(t, client, "too")
}

func TestBlackhole_SwallowsForEverAndTellsNobody(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	client, server := open(t, p, conns)
	p.Blackhole(true)
	say(t, client, "lost")
	silent(t, server)
	p.Blackhole(false)
	say(t, client, "lost too")
	silent(t, server)
	_ = server.Close()
	silent(t, client)
	open(t, p, conns)
}

func TestHalfOpen_TellsOneEndOnly(t *testing.T) {
	t.Parallel()
	for _, told := range []string{"client", "server"} {
		t.Run(told, func(t *testing.T) {
			t.Parallel()
			p, conns := setup(t)
			client, server := open(t, p, conns)
			p.HalfOpen(told == "client")
			if told == "client" {
				client, server = server, client
			}
			if _, err := server.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the %s got %v", told, err)
			}
			say(t, client, "anybody there?")
			silent(t, client)
		})
	}
}

func TestReset_ReachesBothEnds(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	client, server := open(t, p, conns)
	p.Reset()
	for _, c := range []net.Conn{client, server} {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
	}
}

func TestCut_EndsBothEnds(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	client, server := open(t, p, conns)
	p.Cut()
	for _, c := range []net.Conn{client, server} {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	}
}

func TestCutAfter_EndsInMidMessage(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	p.CutAfter(3)
	client, server := open(t, p, conns)
	say(t, server, "abcdef")
	if got, _ := io.ReadAll(client); string(got) != "abc" {
		t.Errorf("the client got %q", got)
	}
}

func TestLatency_DelaysEachWay(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	client, server := open(t, p, conns)
	p.Latency(60 * time.Millisecond)
	began := time.Now()
	say(t, client, "ping")
	hear(t, server, "ping")
	say(t, server, "pong")
	hear(t, client, "pong")
	if took := time.Since(began); took < 120*time.Millisecond {
		t.Errorf("there and back took %v", took)
	}
}

func TestRefuse_ResetsWhoComes(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	p.Refuse(true)
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return // refused before the handshake was over
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("it was let through")
	}
}

func TestCut_IsPassedOnWhenAnEndCloses(t *testing.T) {
	t.Parallel()
	p, conns := setup(t)
	client, server := open(t, p, conns)
	say(t, client, "bye")
	_ = client.Close()
	hear(t, server, "bye")
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}
