package socketio_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// ticket is what a client of recovery comes back with.
type ticket struct {
	Sid, Pid string
	offset   string
}

// comeWith is ada's client with recovery.
func (b *bundle) comeWith(t *testing.T, with ticket) (*line, ticket) {
	t.Helper()
	l := b.line(t)
	auth, err := json.Marshal(map[string]any{"token": "ada", "recovery": true, "pid": with.Pid, "offset": with.offset})
	if err != nil {
		t.Fatal(err)
	}
	l.say(`0` + string(auth))
	var now ticket
	if err := json.Unmarshal([]byte(l.until(`0{`)[1:]), &now); err != nil || now.Sid == "" || now.Pid == "" {
		t.Fatalf("let in by %s: %v", l.told, err)
	}
	return l, now
}

// offsetOf is a packet's last argument.
func offsetOf(t *testing.T, packet string) string {
	t.Helper()
	var args []json.RawMessage
	var offset string
	if err := json.Unmarshal([]byte(packet[1:]), &args); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(args[len(args)-1], &offset); err != nil {
		t.Fatalf("%s: %v", packet, err)
	}
	return offset
}

func TestC8_RecoversAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada, mine := b.comeWith(t, ticket{})
	ada.ask(`["join-room","general"]`, `{"ok":true}`)
	ada.ask(`["join-room","hall"]`, `{"ok":true}`)
	b.post(t, "bob", "general", "one")
	mine.offset = offsetOf(t, ada.until(`2["message",{"text":"one"`))
	ada.conn.Close()
	b.ahead.Store(int64(24 * time.Hour))
	for i := range 3 {
		b.post(t, "bob", "general", fmt.Sprint("g", i))
		b.post(t, "bob", "hall", fmt.Sprint("h", i))
	}
	ada, now := b.comeWith(t, mine)
	if now.Sid != mine.Sid || now.Pid != mine.Pid {
		t.Fatalf("came back as %+v, was %+v", now, mine)
	}
	got := map[string][]string{}
	for range 6 {
		told := ada.until(`2["message",`)
		var args []struct{ Text string }
		_ = json.Unmarshal([]byte(told[1:]), &args) // the offset does not fit
		got[args[1].Text[:1]] = append(got[args[1].Text[:1]], args[1].Text)
	}
	if diff := cmp.Diff(map[string][]string{"g": {"g0", "g1", "g2"}, "h": {"h0", "h1", "h2"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestC8_RightsAreCheckedAgainOnRecovery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada, mine := b.comeWith(t, ticket{})
	ada.ask(`["join-room","general"]`, `{"ok":true}`)
	b.post(t, "bob", "general", "one")
	mine.offset = offsetOf(t, ada.until(`2["message",{"text":"one"`))
	ada.conn.Close()
	server := &chat.Identity{Project: chat.DefaultProject, Server: true}
	if _, err := b.hub.PutMember(t.Context(), server, "general", chat.Member{User: "ada", Banned: true}); err != nil {
		t.Fatal(err)
	}
	b.post(t, "bob", "general", "secret")
	ada, now := b.comeWith(t, mine)
	if now.Sid == mine.Sid || now.Pid == mine.Pid {
		t.Errorf("came back as %+v", now)
	}
	ada.ask(`["message","x"]`, `{"error":"join a room first"`)
	if strings.Contains(strings.Join(ada.told, ""), "secret") {
		t.Errorf("told %s", ada.told)
	}
}

func TestC8_RecoveryTakesTheSocketFromAConnectionThatStillLives(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, mine := b.comeWith(t, ticket{})
	old.ask(`["join-room","general"]`, `{"ok":true}`)
	b.post(t, "bob", "general", "one")
	mine.offset = offsetOf(t, old.until(`2["message",{"text":"one"`))
	b.post(t, "bob", "general", "two")
	ada, now := b.comeWith(t, mine)
	if now.Sid != mine.Sid {
		t.Fatalf("came back as %+v, was %+v", now, mine)
	}
	ada.until(`2["message",{"text":"two"`)
	old.until(`2["error",{"code":"disconnected"`)
	old.until(`1`)
}

// A direct channel that the server opened is a place of the ticket too.
func TestC8_RecoversDirectChannelsOfNativeClients(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada := b.line(t)
	ada.say(`0/parley,{"token":"ada","recovery":true}`)
	accepted := ada.until(`0/parley,{`)
	var mine ticket
	if err := json.Unmarshal([]byte(strings.TrimPrefix(accepted, `0/parley,`)), &mine); err != nil {
		t.Fatal(err)
	}
	channel := chat.DirectName("ada", "bob")
	b.post(t, "bob", channel, "one")
	told := ada.until(`2/parley,["message",`)
	mine.offset = offsetOf(t, `2`+strings.TrimPrefix(told, `2/parley,`))
	ada.conn.Close()
	b.post(t, "bob", channel, "two")
	ada = b.line(t)
	ada.say(fmt.Sprintf(`0/parley,{"token":"ada","recovery":true,"pid":%q,"offset":%q}`, mine.Pid, mine.offset))
	if again := ada.until(`0/parley,{`); again != accepted {
		t.Fatalf("came back as %s, was %s", again, accepted)
	}
	if told = ada.until(`2/parley,["message",`); !strings.Contains(told, `"text":"two"`) {
		t.Errorf("told %s", told)
	}
}
