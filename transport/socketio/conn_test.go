package socketio_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Not beside others, which would be measured too.
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
