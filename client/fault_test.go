package client_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/internal/faultnet"
)

// through is a proxy before the server, and its address for clients.
func through(t *testing.T, s *server) (*faultnet.Proxy, string) {
	t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	p, err := faultnet.Listen(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, "http://" + p.Addr()
}

// texts are the messages that came, which must be in order and without a hole.
func texts(t *testing.T, events []client.Event) []string {
	t.Helper()
	var list []string
	for i, m := range of[*client.Message](events) {
		if m.Seq != uint64(i+1) {
			t.Fatalf("the %dth message has seq %d", i+1, m.Seq)
		}
		list = append(list, m.Text)
	}
	if gaps := of[*client.Gap](events); len(gaps) > 0 {
		t.Errorf("the server left out events: %+v", gaps[0])
	}
	return list
}

// log is the channel's whole log, read back without the proxy.
func log(t *testing.T, s *server, channel string, n int) []string {
	t.Helper()
	w := newWatcher(t)
	c := dial(t, s.url, "reader", nil)
	if _, err := c.Subscribe(within(t), channel, client.SubscribeOptions{FromStart: true}, w.handle); err != nil {
		t.Fatal(err)
	}
	return texts(t, w.until("the log", func(e []client.Event) bool {
		levels := of[*client.Level](e)
		return len(levels) > 0 && levels[len(levels)-1].Position.Seq >= uint64(n)
	}))
}

func TestClient_FindsOutThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"blackhole", "half-open"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s, ctx := serve(t, chat.Options{}), within(t)
			proxy, address := through(t, s)
			w := newWatcher(t)
			ada := dial(t, address, "ada", func(o *client.Options) { o.PingEvery = 50 * time.Millisecond })
			if _, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{}, w.handle); err != nil {
				t.Fatal(err)
			}
			switch fault {
			case "blackhole":
				proxy.Blackhole(true)
				proxy.Blackhole(false) // the network heals, the connection does not
			default:
				proxy.HalfOpen(false)
			}
			if _, err := ada.Publish(ctx, "general", client.Draft{Text: "still here"}); err != nil {
				t.Fatal(err)
			}
			texts(t, w.until("the message", some[*client.Message](1)))
		})
	}
}

func TestPublish_IsUnknownWithoutAnAnswerAndTheNonceTells(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	proxy, address := through(t, s)
	ada := dial(t, address, "ada", nil)
	if _, err := ada.Publish(ctx, "general", client.Draft{Text: "warm"}); err != nil {
		t.Fatal(err)
	}
	proxy.Stall(true)
	p, err := ada.Send("general", client.Draft{Text: "late", Nonce: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := contextAfter(t, 50*time.Millisecond)
	defer cancel()
	_, err = p.Wait(short)
	unknown, ok := errors.AsType[*client.Unknown](err)
	if !ok || unknown.Nonce != "n1" {
		t.Fatalf("got %v", err)
	}
	proxy.Stall(false)
	ack, err := ada.Publish(ctx, "general", client.Draft{Text: "late", Nonce: "n1"})
	if err != nil || ack.Seq != 2 || !ack.Repeated {
		t.Errorf("sent again: %+v, %v", ack, err)
	}
}

func TestPublish_ThatNeverLeftSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, chat.Options{})
	proxy, address := through(t, s)
	proxy.Refuse(true)
	ada := dial(t, address, "ada", func(o *client.Options) { o.MaxPending = 2 })
	short, cancel := contextAfter(t, 30*time.Millisecond)
	defer cancel()
	_, err := ada.Publish(short, "general", client.Draft{Text: "never"})
	if _, unknown := errors.AsType[*client.Unknown](err); unknown || err == nil {
		t.Errorf("got %v", err)
	}
	for range 2 {
		if _, err := ada.Send("general", client.Draft{Text: "waits"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ada.Send("general", client.Draft{Text: "too many"}); !errors.Is(err, client.ErrQueueFull) {
		t.Errorf("got %v", err)
	}
}

// What no server reads is not sent: it would break each connection anew, and
// nothing behind it would get through.
func TestClient_RefusesWhatWouldBreakTheConnection(t *testing.T) {
	t.Parallel()
	s, ctx := servePolls(t), within(t)
	for _, transport := range []client.Transport{client.WebSocket, client.Polling} {
		c := dial(t, s.url, "ada", func(o *client.Options) { o.Transport = transport })
		huge := strings.Repeat("x", 11<<20/10)
		if _, err := c.Send("general", client.Draft{Text: huge}); chat.CodeOf(err) != chat.CodeTooLarge {
			t.Errorf("%s: a message of 1.1 MiB: %v", transport, err)
		}
		if _, err := c.Subscribe(ctx, huge, client.SubscribeOptions{}, nil); chat.CodeOf(err) != chat.CodeTooLarge {
			t.Errorf("%s: a channel's name of 1.1 MiB: %v", transport, err)
		}
		c.SetPresence(chat.Away, &huge)
		_, err := c.Publish(ctx, "general", client.Draft{Text: huge[:780_000]}) // just below: the server answers
		if _, unknown := errors.AsType[*client.Unknown](err); unknown || chat.CodeOf(err) != chat.CodeTooLarge {
			t.Errorf("%s: a message of 780 kB: %v", transport, err)
		}
		if _, err := c.Publish(ctx, "general", client.Draft{Text: "behind"}); err != nil {
			t.Errorf("%s: what is sent next: %v", transport, err)
		}
	}
}

func TestPublish_WaitsAsLongAsTheServerAsks(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{PostRate: 20, PostBurst: 1}), within(t)
	ada := dial(t, s.url, "ada", nil)
	for i := range 5 {
		if _, err := ada.Publish(ctx, "general", client.Draft{Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSubscription_OfASlowHandlerIsPausedAndLosesNothing(t *testing.T) {
	t.Parallel()
	const messages = 200
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	bob := dial(t, s.url, "bob", func(o *client.Options) { o.MaxQueue = 4 << 10 })
	w, release := newWatcher(t), make(chan struct{})
	_, err := bob.Subscribe(ctx, "general", client.SubscribeOptions{}, func(e client.Event) {
		<-release
		w.handle(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		if _, err := ada.Publish(ctx, "general", client.Draft{Text: fmt.Sprint(i, " some words to fill the queue with")}); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	events := w.until("all messages", some[*client.Message](messages))
	if n := len(texts(t, events)); n != messages {
		t.Errorf("%d messages came", n)
	}
	if n := len(of[*client.Subscribed](events)); n < 2 {
		t.Error("the subscription was never paused: the queue has no bound")
	}
}

func TestClient_HonoursGoingAway(t *testing.T) {
	t.Parallel()
	first, second, ctx := serve(t, chat.Options{}), serve(t, chat.Options{}), within(t)
	proxy, address := through(t, first)
	pauses := make(chan client.Status, 20)
	ada := dial(t, address, "ada", func(o *client.Options) {
		o.OnState = func(s client.Status) {
			if s.State == client.Reconnecting {
				pauses <- s
			}
		}
	})
	if _, err := ada.Publish(ctx, "general", client.Draft{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(second.url)
	proxy.Retarget(u.Host)
	first.hub.Drain(ctx, 0)
	select {
	case s := <-pauses:
		if chat.CodeOf(s.Err) != chat.CodeGoingAway {
			t.Errorf("it came back because of %v", s.Err)
		}
	case <-ctx.Done():
		t.Fatal("it was not told")
	}
	if ack, err := ada.Publish(ctx, "general", client.Draft{Text: "y"}); err != nil || ack.Seq != 1 {
		t.Errorf("on the second server: %+v, %v", ack, err)
	}
}

func TestClient_ComesAgainAsTheSameGuest(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	proxy, address := through(t, s)
	states := make(chan client.Status, 20)
	guest := dial(t, address, "pk_anybody", func(o *client.Options) {
		o.OnState = func(s client.Status) {
			if s.State == client.Connected {
				states <- s
			}
		}
	})
	who := func() client.Status {
		select {
		case s := <-states:
			return s
		case <-ctx.Done():
			t.Fatal("it does not connect")
		}
		return client.Status{}
	}
	first := who()
	if first.GuestToken == "" {
		t.Errorf("a new guest is not told how to come again: %+v", first)
	}
	proxy.Cut()
	if again := who(); again.UserID != first.UserID {
		t.Errorf("%s came again as %s", first.UserID, again.UserID)
	}
	post(ctx, t, guest, "general", client.Draft{Text: "x"})
}
