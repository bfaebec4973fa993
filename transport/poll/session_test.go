package poll_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/poll"
)

func TestSession_ActsForWhoAsksNow(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	// Another user gains nothing by a name that leaked, and does no harm.
	a := b.ask(t, "eve", object{"session": session, "subscriptions": in("general", at), "frames": []object{{"type": "publish", "ref": 1, "channelId": "general", "text": "x"}}})
	if who := a.of(t, "connected")["userId"]; who != "eve" {
		t.Errorf("eve is %v", who)
	}
	if from := a.of(t, "message")["senderId"]; from != "eve" {
		t.Errorf("the message is from %v", from)
	}
	again := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if again.types() != "message" || !strings.HasPrefix(again.Session, strings.SplitN(session, ".", 2)[0]) {
		t.Errorf("ada is told %s", again.text)
	}
	b.refused(t, "expired", object{"session": session}, 401, chat.CodeTokenExpired)
}

// A renewed token may say less, or last longer: the session is made anew, and
// the one before ends when it stands.
func TestSession_IsMadeAnewForOtherCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", "general", "one")
	a := b.ask(t, "ada/chat:read", object{"session": session, "subscriptions": in("general", at), "frames": []object{{"type": "publish", "ref": 1, "channelId": "general", "text": "x"}}})
	if a.texts() != "one" || a.of(t, "error")["code"] != "forbidden" {
		t.Errorf("told %s", a.text)
	}
	if n := b.hub.Stats().Sessions; n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestSession_ExpiredOrRevokedEndsTheHoldAndSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	held := b.hold(t, session, at)
	b.hub.Review(func(id chat.Identity) *chat.Error { return chat.E(chat.CodeUnauthorized, "revoked") })
	a := <-held
	if a == nil || a.of(t, "expiring")["code"] != "unauthorized" || a.Session != "" || a.RetryAfter == 0 {
		t.Errorf("told %+v", a)
	}
}

func TestDrain_AnswersEveryHoldAndSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const n = 20
	held := make(chan *answer, n)
	for i := range n {
		user := fmt.Sprint("user-", i)
		session, at := b.begin(t, user, "general")
		go func() {
			a, err := b.try(t.Context(), user, object{"session": session, "subscriptions": in("general", at)})
			if err != nil {
				t.Error(err)
			}
			held <- a
		}()
	}
	b.begin(t, "away", "general") // and does not come back
	b.held(t, n)
	begun := time.Now()
	b.hub.Drain(t.Context(), 3*time.Second)
	for range n {
		if a := <-held; a == nil || a.types() != "going_away" || a.Session != "" || a.RetryAfter == 0 {
			t.Errorf("told %+v", a)
		}
	}
	if err := b.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	b.refused(t, "ada", object{}, 503, chat.CodeGoingAway)
}

func TestPresence_LastsBetweenRequestsAndEndsWithTheLease(t *testing.T) {
	t.Parallel()
	const lease = 500 * time.Millisecond
	b := setup(t, func(o *poll.Options) { o.Lease = lease })
	seen := b.ask(t, "bob", object{"subscriptions": []object{{"channelId": "general", "presence": true}}})
	at := seen.of(t, "subscribed")["position"].(string)
	here := []object{{"channelId": "general", "presence": true, "position": at}}

	b.ask(t, "ada", object{"subscriptions": here})
	vanished := time.Now()
	for joined := false; ; {
		seen = b.ask(t, "bob", object{"session": seen.Session, "subscriptions": here})
		for _, f := range seen.Frames {
			if f["type"] != "presence" {
				continue
			}
			joined = joined || f["joined"] != nil
			if f["left"] != nil {
				gone := time.Since(vanished)
				if !joined || gone < lease || gone > lease+lease/4+2*time.Second {
					t.Errorf("joined: %t; left after %v", joined, gone)
				}
				return
			}
		}
	}
}

// Of the signals that come between two requests 64 KiB are kept; events fall
// back to the log.
func TestSession_KeepsABoundOfSignalsAndNoEventIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	session, at := b.begin(t, "ada", "general")
	bob, _ := identify("bob")
	data := []byte(`"` + strings.Repeat("x", 4<<10) + `"`)
	for range 40 {
		if err := b.hub.Signal(t.Context(), &bob, chat.Send{Channel: "general", Name: "wave", Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		b.post(t, "bob", "general", fmt.Sprint(i, strings.Repeat(" ", 4<<10)))
	}
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	signals, seq := 0, 0.0
	for _, f := range a.Frames {
		switch f["type"] {
		case "signal":
			signals++
		case "message":
			if seq++; f["seq"] != seq {
				t.Errorf("seq %v in place of %v", f["seq"], seq)
			}
		}
	}
	if signals < 10 || signals > 16 || seq != 40 {
		t.Errorf("%d signals, %v messages", signals, seq)
	}
}

// Beginning again, for an answer that was lost, is nobody's leaving.
func TestPresence_IsNotTouchedByALostAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	seen := b.ask(t, "bob", object{"subscriptions": []object{{"channelId": "general", "presence": true}}})
	at := seen.of(t, "subscribed")["position"].(string)
	here := []object{{"channelId": "general", "presence": true, "position": at}}
	ada := b.ask(t, "ada", object{"subscriptions": here})
	for range 3 {
		b.ask(t, "ada", object{"session": ada.Session, "subscriptions": here}) // the same name: the answer was lost
	}
	if b.server.Stats().Lost < 2 {
		t.Error("nothing was lost")
	}
	for range 3 {
		seen = b.ask(t, "bob", object{"session": seen.Session, "subscriptions": here, "hold": 400})
		for _, f := range seen.Frames {
			if f["left"] != nil {
				t.Errorf("bob saw %v", f)
			}
		}
	}
}

// recorded makes a request without a network.
func recorded(ctx context.Context, h http.Handler, body string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestLease_IsFifteenSecondsAfterTheLastAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := conntest.NewHub()
		s := poll.New(poll.Options{
			Connect: func(id chat.Identity, sink chat.Sink) (poll.Session, error) { return hub.Connect(id, sink), nil },
			Refuse:  refuse,
		})
		defer func() { _ = s.Shutdown(t.Context()) }()
		h := s.Handler(conntest.Echo())
		if status, body := recorded(t.Context(), h, `{"hold":0}`); status != 200 {
			t.Fatal(status, body)
		}
		session := <-hub.Made()
		begun := time.Now()
		if _, body := recorded(t.Context(), h, `{"session":"0.0"}`); time.Since(begun) != 25*time.Second || body != `{"session":"0.0","frames":[]}`+"\n" {
			t.Errorf("%s after %v", body, time.Since(begun))
		}
		for range 10 {
			time.Sleep(14 * time.Second)
			recorded(t.Context(), h, `{"session":"0.0","hold":0}`)
		}
		if n := s.Stats().Opened; n != 1 {
			t.Fatalf("%d sessions", n)
		}
		begun = time.Now()
		<-session.Closed()
		if took := time.Since(begun); took < 15*time.Second || took > 16*time.Second {
			t.Errorf("it ended after %v", took)
		}
	})
}

// Beyond the bounds a session ends with its request: nobody is refused.
func TestLeases_AreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.MaxLeases, o.MaxLeasesEach = 5, 2 })
	leased := 0
	for i := range 10 {
		a := b.ask(t, fmt.Sprint("user-", i%3), object{"hold": 0})
		if a.Session != "" {
			leased++
		} else if a.RetryAfter == 0 {
			t.Errorf("told %s", a.text)
		}
	}
	if n := b.hub.Stats().Sessions; leased != 5 || n != 5 {
		t.Errorf("%d leases, %d sessions", leased, n)
	}
}

func TestSession_APanicEndsItAlone(t *testing.T) {
	t.Parallel()
	hub := conntest.NewHub()
	s := poll.New(poll.Options{
		Connect: func(id chat.Identity, sink chat.Sink) (poll.Session, error) { return hub.Connect(id, sink), nil },
		Refuse:  refuse,
	})
	defer func() { _ = s.Shutdown(t.Context()) }()
	h := s.Handler(conntest.Echo())
	if status, body := recorded(t.Context(), h, `{"frames":["panic"]}`); status != 500 {
		t.Errorf("%d %s", status, body)
	}
	<-(<-hub.Made()).Closed()
	if status, body := recorded(t.Context(), h, `{"frames":["hello"]}`); status != 200 || !strings.Contains(body, `["hello"]`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestGoroutines_EndWithTheirClients(t *testing.T) { // alone: it counts all goroutines
	b := setup(t, nil)
	const n = 50
	count := func() int { return b.server.Stats().Requests }
	before := runtime.NumGoroutine()
	ctx, vanish := context.WithCancel(t.Context())
	done := make(chan struct{}, n)
	for i := range n {
		go func() {
			_, _ = b.try(ctx, fmt.Sprint("user-", i), object{"subscriptions": in("general", ""), "hold": 0})
			_, _ = b.try(ctx, fmt.Sprint("user-", i), object{"subscriptions": in("general", chat.Position{Epoch: b.hub.Epoch()}.String())})
			_, _ = b.try(ctx, fmt.Sprint("user-", i), object{})
			done <- struct{}{}
		}()
	}
	for begun := time.Now(); count() < n/2; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%d requests", count())
		}
	}
	vanish()
	for range n {
		<-done
	}
	b.http.CloseClientConnections()
	b.held(t, 0)
	for begun := time.Now(); runtime.NumGoroutine() > before+5; time.Sleep(5 * time.Millisecond) {
		// A dial that was under way when its request was cancelled is an idle
		// connection of the client's once it is done, whenever that is.
		b.http.Client().CloseIdleConnections()
		if time.Since(begun) > 30*time.Second {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// FuzzRequest sends anything. It is answered, with frames or a code, and
// nothing panics.
func FuzzRequest(f *testing.F) {
	b := setup(f, func(o *poll.Options) {
		o.Hold, o.Gather, o.Lease = time.Millisecond, time.Microsecond, 50*time.Millisecond
	})
	h := b.http.Config.Handler
	for _, seed := range []string{
		`{}`, `{"hold":0}`, `{"session":"x.1","leave":true}`,
		`{"subscriptions":[{"channelId":"general","position":"e:1","presence":true,"acks":true}],"frames":[{"type":"ping","ref":1},"x",null,[1]]}`,
		`{"frames":[{"type":"publish","channelId":"general","text":"x"},{"type":"subscribe","channelId":"a"},{"type":"unsubscribe","channelId":"a"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.NopCloser(strings.NewReader(body)))
		r.Header.Set("Authorization", "Bearer ada")
		h.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || w.Code == http.StatusOK && !strings.HasPrefix(w.Body.String(), "{") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
