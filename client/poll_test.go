package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
			w.WriteHeader(map[chat.Code]int{chat.CodeTokenExpired: 401, chat.CodeUnauthorized: 401}[chat.CodeOf(err)])
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
	ada.Close()
	for begun := time.Now(); s.polls.Stats().Sessions["native"] > 0; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 5*time.Second {
			t.Fatal("the session outlives its client's goodbye")
		}
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
	for i := range 60 {
		if i == 20 {
			s.blocked.Store(false)
		}
		if _, err := s.hub.Post(ctx, &id, chat.Post{Channel: "general", Body: fmt.Appendf(nil, `"%d"`, i)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // while it moves
	}
	texts(t, w.until("all messages", some[*client.Message](60)))
	for begun := time.Now(); len(s.ws.Stats().Connections) == 0 || s.ws.Stats().Connections["native"] == 0; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("it does not move")
		}
	}
}

func TestPolling_LosesDoublesAndMisordersNothingWhenCutAtRandom(t *testing.T) {
	t.Parallel()
	const messages, writers = 60, 3
	s, ctx := servePolls(t), within(t)
	proxy, address := through(t, s.server)
	w := newWatcher(t)
	bob := dial(t, address, "bob", polling)
	if _, err := bob.Subscribe(ctx, "general", client.SubscribeOptions{Acks: true, Presence: true}, w.handle); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var breaking, writing sync.WaitGroup
	breaking.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				proxy.CutAfter(0)
				return
			case <-time.After(time.Duration(10+rand.IntN(40)) * time.Millisecond):
			}
			switch n % 3 {
			case 0:
				proxy.Cut()
			case 1:
				proxy.Reset()
			default:
				// An answer arrives whole or not at all: the longest must fit
				// now and then.
				proxy.CutAfter(int64(500 + rand.IntN(150_000)))
			}
		}
	})
	for i := range writers {
		c := dial(t, address, fmt.Sprint("writer", i), polling)
		writing.Go(func() {
			for n := range messages {
				if _, err := c.Publish(ctx, "general", client.Draft{Text: fmt.Sprintf("%d/%d", i, n)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	got := texts(t, w.until("all messages", some[*client.Message](messages*writers)))
	close(stop)
	breaking.Wait()
	if diff := cmp.Diff(log(t, s.server, "general", messages*writers), got); diff != "" {
		t.Error(diff)
	}
	if proxy.Accepted() < 6 {
		t.Errorf("only %d connections were made: nothing was cut", proxy.Accepted())
	}
}
