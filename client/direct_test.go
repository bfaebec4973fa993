package client_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// inbox follows every direct channel that anything is said in.
type inbox struct {
	t  *testing.T
	mu sync.Mutex

	watchers map[string]*watcher
	subs     map[string]*client.Subscription
	opened   chan string
}

func newInbox(t *testing.T) *inbox {
	return &inbox{
		t: t, watchers: map[string]*watcher{}, subs: map[string]*client.Subscription{}, opened: make(chan string, 100),
	}
}

func (b *inbox) direct(s *client.Subscription) func(client.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := newWatcher(b.t)
	b.watchers[s.Channel()], b.subs[s.Channel()] = w, s
	b.opened <- s.Channel()
	return w.handle
}

func (b *inbox) next(ctx context.Context) (*client.Subscription, *watcher) {
	b.t.Helper()
	select {
	case channel := <-b.opened:
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.subs[channel], b.watchers[channel]
	case <-ctx.Done():
		b.t.Fatal("no direct channel is opened")
		return nil, nil
	}
}

// A message of somebody new arrives without a subscription, and what follows
// it does so across connections that break.
func TestDirect_IsFollowedFromItsFirstMessageOnAndResumed(t *testing.T) {
	t.Parallel()
	for _, transport := range []client.Transport{client.WebSocket, client.Polling} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			const messages = 60
			s, ctx := servePolls(t), within(t)
			proxy, address := through(t, s.server)
			in := newInbox(t)
			bob := dial(t, address, "bob", func(o *client.Options) { o.Transport, o.OnDirect = transport, in.direct })
			if _, err := bob.Channels(ctx, "", 1); err != nil {
				t.Fatal(err)
			}
			ada := dial(t, s.url, "ada", nil)
			channel := chat.DirectName("ada", "bob")
			var want []string
			var w *watcher
			for i := range messages {
				want = append(want, fmt.Sprint("message ", i))
				post(ctx, t, ada, channel, client.Draft{Text: want[i]})
				if i == 0 {
					_, w = in.next(ctx)
				}
				switch i % 10 {
				case 4:
					proxy.Cut()
				case 8:
					proxy.Reset()
				}
			}
			got := texts(t, w.until("all messages", some[*client.Message](messages)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if n := len(in.opened); n > 0 {
				t.Errorf("it was opened %d times more", n)
			}
		})
	}
}

func TestDirect_ThatIsClosedComesAgainWithWhatIsSaidNext(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	in := newInbox(t)
	bob := dial(t, s.url, "bob", func(o *client.Options) { o.OnDirect = in.direct })
	if _, err := bob.Channels(ctx, "", 1); err != nil {
		t.Fatal(err)
	}
	ada, channel := dial(t, s.url, "ada", nil), chat.DirectName("ada", "bob")
	post(ctx, t, ada, channel, client.Draft{Text: "one"})
	sub, w := in.next(ctx)
	if told := of[*client.Subscribed](w.until("one", some[*client.Message](1))); len(told) != 1 || !told[0].Direct || told[0].Position.Seq != 0 {
		t.Errorf("it began as %+v", told)
	}
	sub.Close()
	// An answer to what was asked after it says that the server knows.
	if _, err := bob.Channels(ctx, "", 1); err != nil {
		t.Fatal(err)
	}
	post(ctx, t, ada, channel, client.Draft{Text: "two"})
	_, w = in.next(ctx)
	if m := of[*client.Message](w.until("two", some[*client.Message](1))); m[0].Text != "two" {
		t.Errorf("told %+v", m[0])
	}
}

// Who has no OnDirect is not bothered; who declines a channel neither.
func TestDirect_IsNotFollowedWithoutAHandler(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	asked := make(chan struct{}, 10)
	for name, direct := range map[string]func(*client.Subscription) func(client.Event){
		"bob": nil, "carol": func(*client.Subscription) func(client.Event) { asked <- struct{}{}; return nil },
	} {
		c := dial(t, s.url, name, func(o *client.Options) { o.OnDirect = direct })
		if _, err := c.Channels(ctx, "", 1); err != nil {
			t.Fatal(err)
		}
		channel := chat.DirectName("ada", name)
		post(ctx, t, dial(t, s.url, "ada", nil), channel, client.Draft{Text: "one"})
		if direct != nil {
			<-asked
		}
		w := newWatcher(t)
		for { // until what was declined is over
			_, err := c.Subscribe(ctx, channel, client.SubscribeOptions{FromStart: true}, w.handle)
			if err == nil {
				break
			}
			if chat.CodeOf(err) != chat.CodeExists {
				t.Fatal(err)
			}
		}
		w.until("the message", some[*client.Message](1))
	}
}
