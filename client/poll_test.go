package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/transport/poll"
	"github.com/parley-chat/parley/wire/native"
)

// polled is a server with both ways in. While blocked is true, WebSockets are
// answered as a proxy that knows none would.
type polled struct {
	*server
	polls   *poll.Server
	blocked atomic.Bool
}

func servePolls(t *testing.T) *polled {
	t.Helper()
	behind := serve(t, chat.Options{})
	target, err := url.Parse(behind.url)
	if err != nil {
		t.Fatal(err)
	}
	p := &polled{server: &server{hub: behind.hub, ws: behind.ws}}
	p.polls = poll.New(poll.Options{
		Connect: func(id chat.Identity, sink chat.Sink) (poll.Session, error) { return p.hub.Connect(id, sink) },
		Refuse: func(w http.ResponseWriter, err error) {
			w.Header().Set("Content-Type", "application/problem+json")
			status := http.StatusServiceUnavailable
			if code := chat.CodeOf(err); code == chat.CodeTokenExpired || code == chat.CodeUnauthorized {
				status = http.StatusUnauthorized
			}
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"code":%q,"detail":"refused"}`, chat.CodeOf(err))
		},
		Authenticate: func(r *http.Request) (chat.Identity, error) {
			return identify(r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		},
	})
	pass, door := httputil.NewSingleHostReverseProxy(target), p.polls.Handler(native.Dialect())
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/poll":
			door.ServeHTTP(w, r)
		case p.blocked.Load():
			http.Error(w, "what is an upgrade?", http.StatusBadGateway)
		default:
			pass.ServeHTTP(w, r)
		}
	}))
	p.url = front.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = p.polls.Shutdown(ctx)
		front.Close()
	})
	return p
}

func polling(o *client.Options) { o.Transport = client.Polling }

func TestPolling_SaysAndHearsWhatAWebSocketDoes(t *testing.T) {
	t.Parallel()
	s, ctx := servePolls(t), within(t)
	ada, bob := dial(t, s.url, "ada", polling), dial(t, s.url, "bob", nil)
	w := newWatcher(t)
	sub, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{Presence: true, Acks: true}, w.handle)
	if err != nil {
		t.Fatal(err)
	}
	w.until("level", some[*client.Level](1))
	for i := range 5 {
		text := fmt.Sprint(i)
		if _, err := bob.Publish(ctx, "general", client.Draft{Text: text}); err != nil {
			t.Fatal(err)
		}
		ack, err := ada.Publish(ctx, "general", client.Draft{Text: text + " too"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ada.Edit(ctx, "general", ack.ID, client.Draft{Text: text + " as well"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := bob.Signal(ctx, "general", "wave", nil); err != nil {
		t.Fatal(err)
	}
	events := w.until("the signal", some[*client.Signal](1))
	if n, edits := len(of[*client.Message](events)), len(of[*client.Update](events)); n != 10 || edits != 5 {
		t.Errorf("%d messages, %d edits: %s", n, edits, show(events))
	}
	if sub.Position().Seq != 15 {
		t.Errorf("it stands at %v", sub.Position())
	}
	if n := s.polls.Stats().Opened; n != 1 {
		t.Errorf("%d sessions for one client", n)
	}
	ada.Close() // returns when its goodbye was answered, a moment before it is no longer counted
	for end := time.Now().Add(10 * time.Second); s.polls.Stats().Sessions["native"] > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) { // a lease would have lasted for longer
			t.Fatal("a session outlives its client's goodbye")
		}
	}
}

func TestPolling_PutsIntoARequestWhatFits(t *testing.T) {
	t.Parallel()
	s, ctx := servePolls(t), within(t)
	c := dial(t, s.url, "ada", polling)
	var sent []*client.Pending
	for n := range 12 { // while the first is on its way the others gather
		p, err := c.Send("general", client.Draft{Text: strings.Repeat("x", 400_000+n%2*300_000)})
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, p)
	}
	for n, p := range sent {
		_, err := p.Wait(ctx)
		if _, unknown := errors.AsType[*client.Unknown](err); unknown || chat.CodeOf(err) != chat.CodeTooLarge {
			t.Fatalf("message %d: %v", n, err)
		}
	}
	if _, err := c.Publish(ctx, "general", client.Draft{Text: "behind"}); err != nil {
		t.Error(err)
	}
}

func TestPolling_GivesUpWhereItsTokenIsNoGood(t *testing.T) {
	t.Parallel()
	s := servePolls(t)
	c := dial(t, s.url, "expired", polling)
	if _, err := c.Publish(within(t), "general", client.Draft{Text: "x"}); !errors.Is(err, client.ErrClosed) {
		t.Errorf("it says %v", err)
	}
	if chat.CodeOf(c.Err()) != chat.CodeTokenExpired {
		t.Errorf("it gave up for %v", c.Err())
	}
}

func TestPolling_BeginsAgainWhereItsPositionIsGone(t *testing.T) {
	t.Parallel()
	s, ctx := servePolls(t), within(t)
	c := dial(t, s.url, "ada", polling)
	if _, err := c.Publish(ctx, "general", client.Draft{Text: "one"}); err != nil {
		t.Fatal(err)
	}
	w := newWatcher(t)
	from := client.Position{Epoch: "elsewhere", Seq: 7}
	if _, err := c.Subscribe(ctx, "general", client.SubscribeOptions{From: from}, w.handle); err != nil {
		t.Fatal(err)
	}
	events := w.until("the message", some[*client.Message](1))
	if resets := of[*client.Reset](events); len(resets) != 1 || resets[0].Reason != "epoch" {
		t.Errorf("told %s", show(events))
	}
}

// A client that no WebSocket reaches polls, and moves when one does, without a
// seam for who subscribed.
func TestAuto_PollsWhereNoWebSocketGetsThroughAndMovesWhenOneDoes(t *testing.T) {
	t.Parallel()
	s, ctx := servePolls(t), within(t)
	s.blocked.Store(true)
	c := dial(t, s.url, "ada", func(o *client.Options) { o.RetrySocket = 20 * time.Millisecond })
	w := newWatcher(t)
	if _, err := c.Subscribe(ctx, "general", client.SubscribeOptions{}, w.handle); err != nil {
		t.Fatal(err)
	}
	if n := s.polls.Stats().Opened; n != 1 {
		t.Errorf("%d sessions poll", n)
	}
	id, _ := identify(ctx, "bob")
	n := 0
	for ; n < 20 || s.ws.Stats().Connections["native"] == 0; n++ { // until it has moved
		if n == 10 {
			s.blocked.Store(false)
		}
		if _, err := s.hub.Post(ctx, &id, chat.Post{Channel: "general", Body: fmt.Appendf(nil, `"%d"`, n)}); err != nil {
			t.Fatalf("after %d messages, while it was to move: %v", n, err)
		}
	}
	texts(t, w.until("all messages", some[*client.Message](n)))
}
