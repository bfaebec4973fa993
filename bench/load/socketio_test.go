package load_test

import (
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/bench/load"
)

// The script of a server: what it says, and how what it then hears begins.
var script = []struct{ say, hear string }{
	{`0{"sid":"engine","upgrades":[],"pingInterval":25000}`, "40"},
	{`40{"sid":"socket"}`, `421["join-room","r0"]`},
	{`431[{"ok":true}]`, `421000["message",{"n":1,"text":"b`},
	{`2`, "3"},
}

func TestSwarm_SpeaksSocketIO(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	played := make(chan string, 1)
	go func() { played <- play(l) }()
	s, err := load.New(load.Options{URL: "ws://" + l.Addr().String() + "/socket.io/", Protocol: load.SocketIO})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conns, err := s.Add(load.Peer{User: "u", Channel: "r0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), conns); err != nil {
		t.Fatal(err)
	}
	plan := load.Plan{Rate: 1000, Count: 1, Next: func(int) (*load.Conn, string) { return conns[0], "r0" }}
	if _, err := s.Publish(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if fault := <-played; fault != "" {
		t.Fatal(fault)
	}
	b := &bundle{swarm: s}
	got := b.tally(t, func(t *load.Tally) bool { return t.Errors == 1 })
	if got.Delivered != 1 || got.Doubled != 1 || got.Acks != 1 || got.Unread != 1 || got.Delivery.TotalCount() != 1 || got.Ack.TotalCount() != 1 {
		t.Errorf("%+v", got)
	}
}

// play is a server that follows the script, gives the message back twice,
// acknowledges it, and refuses something.
func play(l net.Listener) (fault string) {
	c, err := l.Accept()
	if err != nil {
		return err.Error()
	}
	if _, err := ws.Upgrade(c); err != nil {
		return err.Error()
	}
	say := func(text string) { _ = ws.WriteFrame(c, ws.NewTextFrame([]byte(text))) }
	var message string
	for _, line := range script {
		say(line.say)
		f, err := ws.ReadFrame(c)
		if err != nil {
			return err.Error()
		}
		heard := string(ws.UnmaskFrame(f).Payload)
		if !strings.HasPrefix(heard, line.hear) {
			return "heard " + heard + " where " + line.hear + " belongs"
		}
		if _, data, ok := strings.Cut(heard, "421000"); ok {
			message = data
		}
	}
	say(`42["user-joined",{"userId":"x"}]`)
	say("42" + message)
	say("42" + message)
	say(`431000[{"ok":true}]`)
	say(`431001[{"error":"too fast","code":"rate_limited"}]`)
	return ""
}
