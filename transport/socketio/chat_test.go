package socketio_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Before the parallel tests, which would be measured too.
func TestConn_IdleCostsLittleAndNoGoroutine(t *testing.T) {
	b := setup(t)
	const n = 1000
	lines := make([]*line, 0, n)
	more := func() {
		l := b.come(t, fmt.Sprint("user-", len(lines)))
		l.ask(fmt.Sprintf(`["join-room","room-%d"]`, len(lines)/10), `{"ok":true}`)
		l.take()
		l.inbox, l.told = nil, nil
		lines = append(lines, l)
	}
	for range 10 {
		more()
	}
	before, goroutines := heap(), runtime.NumGoroutine()
	for len(lines) < n {
		more()
	}
	for _, l := range lines {
		l.take()
		l.inbox = nil
	}
	each := (heap() - before) / (n - 10)
	t.Logf("%d bytes a connection", each)
	if each > 6<<10 { // the other half of 12 KiB is for what carries it
		t.Errorf("%d bytes a connection", each)
	}
	if now := runtime.NumGoroutine(); now > goroutines+n/10 {
		t.Errorf("%d goroutines for %d connections, %d for ten", now, n, goroutines)
	}
	runtime.KeepAlive(lines)
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestC8_RecipientsShareTheBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []string{`"plain"`, `{"text":"binary","a":{"_binary":"AQID"}}`} {
		var first []wire.Message
		room := fmt.Sprintf("room-%d", len(body))
		var lines []*line
		for i := range 5 {
			l := b.come(t, fmt.Sprint("user-", i))
			l.ask(`["join-room","`+room+`"]`, `{"ok":true}`)
			lines = append(lines, l)
		}
		if _, err := b.hub.Post(t.Context(), user("poster"), chat.Post{Channel: room, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			var got []wire.Message
			for m := l.message(); ; m = l.message() {
				if m.Binary || strings.Contains(string(m.Data), `["message",`) {
					got = append(got, m)
				}
				if m.Binary || len(got) == 1 && m.Data[0] == '2' && strings.Contains(string(m.Data), "plain") {
					break
				}
			}
			if first == nil {
				first = got
				continue
			}
			for i := range first {
				if &first[i].Data[0] != &got[i].Data[0] {
					t.Errorf("%s: message %d was encoded again", body, i)
				}
			}
		}
	}
}

func TestC8_WhoMayNotJoinIsNotAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := &chat.Identity{Project: chat.DefaultProject, Server: true}
	private := chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: "secret"}, Kind: chat.Private}
	if _, err := b.hub.PutChannel(t.Context(), server, private); err != nil {
		t.Fatal(err)
	}
	if _, err := b.hub.PutMember(t.Context(), server, "secret", chat.Member{User: "ada", Role: chat.Ordinary}); err != nil {
		t.Fatal(err)
	}
	ada, eve := b.come(t, "ada"), b.come(t, "eve")
	ada.ask(`["join-room","secret"]`, `{"ok":true}`)
	eve.ask(`["join-room","secret"]`, `{"error":`)
	eve.ask(`["message","x"]`, `{"error":"join a room first","code":"not_subscribed"}`)
	ada.ask(`["message","alone"]`, `{"id":`)
	for _, told := range ada.told {
		if strings.Contains(told, "user-joined") {
			t.Errorf("ada was told %s", told)
		}
	}
}

func TestC8_EachSocketOfAUserIsToldToTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bob := b.come(t, "bob")
	bob.ask(`["join-room","general"]`, `{"ok":true}`)
	seen := map[string]bool{}
	for range 2 {
		ada := b.come(t, "ada")
		ada.ask(`["join-room","general"]`, `{"ok":true}`)
		var who struct{ UserID, User string }
		told := bob.until(`2["user-joined",`)
		if err := json.Unmarshal([]byte(told[len(`2["user-joined",`):len(told)-1]), &who); err != nil || who.User != "ada" {
			t.Fatalf("told %s", told)
		}
		seen[who.UserID] = true
	}
	if len(seen) != 2 {
		t.Errorf("told of %v", seen)
	}
}

func TestConn_WhoIsDismissedIsDisconnected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada := b.come(t, "ada")
	ada.say(`0/parley,{"token":"ada"}`)
	ada.until(`0/parley,{"sid":`)
	b.hub.Review(func(id chat.Identity) *chat.Error { return chat.E(chat.CodeTokenRevoked, "revoked") })
	ada.until(`2["error",{"code":"token_revoked"`)
	ada.until(`1`)
	ada.until(`1/parley,`)
	ada.say(`2["message","too late"]`)
	ada.say(`0{"token":"ada"}`)
	ada.until(`0{"sid":`)
	if len(ada.closed) > 0 {
		t.Error("the connection was closed too")
	}
}

// A client that is disconnected does not come back by itself; one whose
// connection ends does.
func TestConn_WhenTheServerStopsClientsComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada := b.come(t, "ada")
	ada.say(`0/parley,{"token":"ada"}`)
	ada.until(`0/parley,{"sid":`)
	b.hub.Drain(t.Context(), time.Second)
	ada.until(`2/parley,["going_away",`)
	ada.take()
	select {
	case why := <-ada.closed:
		if chat.CodeOf(why) != chat.CodeGoingAway {
			t.Errorf("closed by %v", why)
		}
	case <-time.After(30 * time.Second):
		t.Error("the connection was not closed")
	}
	for _, m := range ada.inbox {
		ada.told = append(ada.told, string(m.Data))
	}
	for _, told := range ada.told {
		if strings.HasPrefix(told, "1") {
			t.Errorf("told %s", told)
		}
	}
}

func TestConn_TheEndClosesEverySession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada := b.come(t, "ada")
	ada.say(`0/parley,{"token":"ada"}`)
	ada.until(`0/parley,{"sid":`)
	ada.conn.Close()
	ada.conn.Close()
	if st := b.server.Stats(); b.hub.Stats().Sessions != 0 || st.Connections != 0 || st.Clients != 0 {
		t.Errorf("left: %d sessions, %+v", b.hub.Stats().Sessions, st)
	}
	if err := ada.conn.Ready(t.Context()); chat.CodeOf(err) != chat.CodeGoingAway {
		t.Errorf("Ready: %v", err)
	}
}

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

func TestC7_RefusesWhoHasNoCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, auth := range []string{``, `{}`, `{"token":""}`, `{"token":null}`, `{"token":"ada","userId":"bob"}`} {
		l := b.line(t)
		l.say(`0` + auth)
		l.until(`4{"message":"Authentication error","data":{"code":"`)
		l.say(`0{"token":"ada"}`)
		l.until(`0{"sid":`)
	}
	for _, auth := range []string{`{"token":5}`, `{"token":"a","token":"b"}`, `{"recovery":"yes"}`, `{"token":`} {
		l := b.line(t)
		l.say(`0` + auth)
		l.until(`4{"message":"`)
	}
	if n := b.hub.Stats().Sessions; n != 5 {
		t.Errorf("%d sessions", n)
	}
}

// Whatever comes, the connection answers or ends, and its neighbours live on.
func FuzzConn(f *testing.F) {
	for _, s := range []string{
		"0{\"token\":\"ada\"}\n2[\"join-room\",\"general\"]\n25[\"message\",{\"text\":\"x\"}]\n1\n2[\"typing\",true]",
		"0/parley,{\"token\":\"ada\",\"recovery\":true}\n2/parley,7[\"subscribe\",{\"channelId\":\"general\",\"acks\":true}]\n3/parley,0[]",
		"0{\"token\":\"ada\",\"pid\":\"x\",\"offset\":\"e:1\"}\n51-[\"message\",{\"_placeholder\":true,\"num\":0}]\n!abc",
		"abc", "0[]", "42[]",
	} {
		f.Add(s)
	}
	b := setup(f)
	head := regexp.MustCompile(`^[0-6](\d+-)?(/[^,]*,)?\d*`)
	f.Fuzz(func(t *testing.T, packets string) {
		l := b.line(t)
		for s := range strings.SplitSeq(packets, "\n") {
			m := wire.Message{Data: []byte(s)}
			if data, ok := strings.CutPrefix(s, "!"); ok {
				m = wire.Message{Data: []byte(data), Binary: true}
			}
			if l.conn.Ready(t.Context()) != nil || l.conn.Receive(t.Context(), m) != nil {
				break
			}
			l.take()
			if len(l.closed) > 0 {
				break
			}
		}
		for _, m := range l.inbox {
			payload := head.ReplaceAll(m.Data, nil)
			if !m.Binary && len(payload) > 0 && !json.Valid(payload) {
				t.Errorf("%q is told %q", packets, m.Data)
			}
		}
		ada := b.come(t, "neighbour")
		ada.ask(`["join-room","next-door"]`, `{"ok":true}`)
	})
}

// Whoever was seen to come is seen to go, however soon, and however soon
// another socket of the same user comes.
func TestC8_ASocketThatSoonGoesIsSeenToGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bob := b.come(t, "bob")
	bob.ask(`["join-room","general"]`, `{"ok":true}`)
	who := func(told string) string {
		var args []struct{ UserID, User string }
		if err := json.Unmarshal([]byte(told[1:]), &args); err == nil || len(args) != 2 || args[1].User != "ada" {
			t.Fatalf("told %s", told) // the name does not fit
		}
		return args[1].UserID
	}
	for range 10 {
		ada := b.come(t, "ada")
		ada.ask(`["join-room","general"]`, `{"ok":true}`)
		came := who(bob.until(`2["user-joined",`))
		ada.conn.Close()
		if went := who(bob.until(`2["user-left",`)); went != came {
			t.Fatalf("%s came, and %s went", came, went)
		}
	}
}
