package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

func TestPublish_ReachesASubscriberOnceAndInOrder(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, bob := dial(t, s.url, "ada", nil), dial(t, s.url, "bob", nil)
	w := newWatcher(t)
	if _, err := bob.Subscribe(ctx, "general", client.SubscribeOptions{}, w.handle); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 100 {
		text := fmt.Sprint("message ", i)
		ack, err := ada.Publish(ctx, "general", client.Draft{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if ack.Seq != uint64(i+1) || ack.Sequence != uint64(i) || ack.ID == "" || ack.CreatedAt.IsZero() {
			t.Fatalf("message %d was acknowledged as %+v", i, ack)
		}
		want = append(want, text)
	}
	var got []string
	for _, m := range of[*client.Message](w.until("100 messages", some[*client.Message](100))) {
		got = append(got, m.Text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPublish_AnswersARepeatedNonceWithTheFirst(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	first, err := ada.Publish(ctx, "general", client.Draft{Text: "Hello", Nonce: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := ada.Publish(ctx, "general", client.Draft{Text: "Hello", Nonce: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Repeated || again.ID != first.ID || again.Seq != first.Seq {
		t.Errorf("first %+v, again %+v", first, again)
	}
	_, err = ada.Publish(ctx, "general", client.Draft{Text: "Another", Nonce: "n1"})
	if chat.CodeOf(err) != chat.CodeConflict {
		t.Errorf("other content under the same nonce: %v", err)
	}
	if _, unknown := errors.AsType[*client.Unknown](err); unknown {
		t.Errorf("a refusal is taken for unknown: %v", err)
	}
}

func TestEditAndDelete_ReachSubscribersAndHistory(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	w := newWatcher(t)
	if _, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{}, w.handle); err != nil {
		t.Fatal(err)
	}
	one, err1 := ada.Publish(ctx, "general", client.Draft{Text: "one"})
	two, err2 := ada.Publish(ctx, "general", client.Draft{Body: []byte(`{"text":"two","n":2}`), Meta: []byte(`{"k":1}`)})
	_, err3 := ada.Edit(ctx, "general", one.ID, client.Draft{Text: "uno"})
	_, err4 := ada.Delete(ctx, "general", two.ID)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	events := w.until("the deletion", some[*client.Deletion](1))
	if u := of[*client.Update](events); len(u) != 1 || *u[0].NewText != "uno" || u[0].TargetSeq != one.Seq {
		t.Errorf("updates: %+v", u)
	}
	if d := of[*client.Deletion](events); d[0].ID != two.ID || d[0].TargetSeq != two.Seq {
		t.Errorf("deletion: %+v", d[0])
	}
	if m := of[*client.Message](events); string(m[1].Body) != `{"text":"two","n":2}` || m[1].Text != "two" || string(m[1].Meta) != `{"k":1}` {
		t.Errorf("message: %+v", m[1])
	}
	page, err := ada.History(ctx, "general", client.Range{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Messages) != 2 || page.Messages[0].Text != "uno" || page.Messages[0].EditSeq != 3 || page.Messages[1].DeletedAt.IsZero() || page.Head.Seq != 4 {
		t.Errorf("page: %+v", page)
	}
	log, err := ada.Events(ctx, "general", 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(log.Events) != 2 || log.Events[1].Place() != log.Head.Seq {
		t.Errorf("log: %+v", log)
	}
}

func TestSubscribe_FromStartYieldsEverything(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	for i := range 5 {
		if _, err := ada.Publish(ctx, "general", client.Draft{Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	w := newWatcher(t)
	sub, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{FromStart: true}, w.handle)
	if err != nil {
		t.Fatal(err)
	}
	events := w.until("level", some[*client.Level](1))
	if n := len(of[*client.Message](events)); n != 5 {
		t.Errorf("%d of 5 messages came: %s", n, show(events))
	}
	if r := of[*client.Reset](events); len(r) != 0 {
		t.Errorf("who holds nothing was reset: %+v", r[0])
	}
	if p := sub.Position(); p.Seq != 5 {
		t.Errorf("the position is %v", p)
	}
}

func TestSubscribe_TellsOfAPositionThatIsGone(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	if _, err := ada.Publish(ctx, "general", client.Draft{Text: "kept"}); err != nil {
		t.Fatal(err)
	}
	w := newWatcher(t)
	lost := client.Position{Epoch: "other", Seq: 7}
	if _, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{From: lost}, w.handle); err != nil {
		t.Fatal(err)
	}
	events := w.until("the message", some[*client.Message](1))
	reset := of[*client.Reset](events)
	if len(reset) != 1 || reset[0].Lost != lost || reset[0].Reason != "epoch" || reset[0].From.Seq != 0 {
		t.Errorf("resets: %s", show(events))
	}
}

func TestSubscribe_IsRefusedWithTheServersCode(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	_, err := ada.Subscribe(ctx, " no name ", client.SubscribeOptions{}, func(client.Event) {})
	if chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("got %v", err)
	}
	if _, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{}, func(client.Event) {}); err != nil {
		t.Fatal(err)
	}
	_, err = ada.Subscribe(ctx, "general", client.SubscribeOptions{}, func(client.Event) {})
	if chat.CodeOf(err) != chat.CodeExists {
		t.Errorf("a second subscription: %v", err)
	}
}

// crowd waits for news of who is there.
func crowd(is func(*client.Crowd) bool) func([]client.Event) bool {
	return func(e []client.Event) bool { return slices.ContainsFunc(of[*client.Crowd](e), is) }
}

func TestSignals_ReachThoseWhoAreThere(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	signals := make(chan *client.Signal, 1)
	ada := dial(t, s.url, "ada", func(o *client.Options) { o.OnSignal = func(s *client.Signal) { signals <- s } })
	bob := dial(t, s.url, "bob", nil)
	w := newWatcher(t)
	o := client.SubscribeOptions{Presence: true}
	if _, err := ada.Subscribe(ctx, "general", o, w.handle); err != nil {
		t.Fatal(err)
	}
	w.until("level", some[*client.Level](1))
	bobs := newWatcher(t)
	if _, err := bob.Subscribe(ctx, "general", o, bobs.handle); err != nil {
		t.Fatal(err)
	}
	level := of[*client.Level](bobs.until("bob's level", some[*client.Level](1)))[0]
	if len(level.Present) != 2 || level.Present[0].UserID != "ada" {
		t.Errorf("bob sees %+v", level.Present)
	}
	w.until("bob to come", crowd(func(c *client.Crowd) bool {
		return slices.ContainsFunc(c.Joined, func(p client.Presence) bool { return p.UserID == "bob" })
	}))
	bob.Typing("general", true)
	w.until("bob to type", some[*client.Typing](1))
	away := "at lunch"
	bob.SetPresence(chat.Away, &away)
	w.until("bob to be away", crowd(func(c *client.Crowd) bool {
		return slices.ContainsFunc(c.Changed, func(p client.Presence) bool { return p.Status == chat.Away && p.Custom == away })
	}))
	ack, err := ada.Publish(ctx, "general", client.Draft{Text: "read this"})
	if err != nil {
		t.Fatal(err)
	}
	cursor, err := bob.MarkRead(ctx, "general", ack.Seq)
	if err != nil || cursor.Read != ack.Seq {
		t.Errorf("cursor %+v, %v", cursor, err)
	}
	w.until("the receipt", func(e []client.Event) bool {
		r := of[*client.Receipt](e)
		return len(r) > 0 && r[len(r)-1].Read && r[len(r)-1].UserID == "bob" && r[len(r)-1].Seq == ack.Seq
	})
	if err := bob.Signal(ctx, "general", "wave", []byte(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	w.until("the wave", some[*client.Signal](1))
	if err := bob.SignalUser(ctx, "ada", "psst", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-signals:
		if got.Event != "psst" || got.UserID != "bob" {
			t.Errorf("signal %+v", got)
		}
	case <-ctx.Done():
		t.Fatal("no signal came")
	}
}

func TestAcks_MoveTheDeliveredCursor(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	bob := dial(t, s.url, "bob", func(o *client.Options) { o.AckEvery = 10 * time.Millisecond })
	w := newWatcher(t)
	if _, err := ada.Subscribe(ctx, "general", client.SubscribeOptions{}, w.handle); err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Subscribe(ctx, "general", client.SubscribeOptions{Acks: true}, func(client.Event) {}); err != nil {
		t.Fatal(err)
	}
	w.until("level", some[*client.Level](1))
	for range 3 {
		if _, err := ada.Publish(ctx, "general", client.Draft{Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	w.until("bob's receipt of all three", func(e []client.Event) bool {
		r := of[*client.Receipt](e)
		return len(r) > 0 && !r[len(r)-1].Read && r[len(r)-1].UserID == "bob" && r[len(r)-1].Seq == 3
	})
}

func TestClient_GivesUpWhereTryingAgainCannotHelp(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	states := make(chan client.Status, 10)
	c := dial(t, s.url, "expired", func(o *client.Options) { o.OnState = func(s client.Status) { states <- s } })
	for {
		select {
		case st := <-states:
			if st.State != client.Closed {
				continue
			}
			if chat.CodeOf(st.Err) != chat.CodeTokenExpired || chat.CodeOf(c.Err()) != chat.CodeTokenExpired {
				t.Errorf("closed because of %v", st.Err)
			}
			if _, err := c.Publish(ctx, "general", client.Draft{Text: "x"}); !errors.Is(err, client.ErrClosed) {
				t.Errorf("publish: %v", err)
			}
			return
		case <-ctx.Done():
			t.Fatal("it did not give up")
		}
	}
}

func TestClient_AsksForAnotherTokenWhenOneIsRefused(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	asked := 0
	c := dial(t, s.url, "", func(o *client.Options) {
		o.TokenSource = func(context.Context) (string, error) {
			asked++
			if asked == 1 {
				return "expired", nil
			}
			return "ada", nil
		}
	})
	if _, err := c.Publish(ctx, "general", client.Draft{Text: "x"}); err != nil {
		t.Fatal(err)
	}
}

func TestClient_ShowsAFreshTokenBeforeTheOldOneEnds(t *testing.T) {
	t.Parallel()
	lasts := func(ctx context.Context, token string) (chat.Identity, error) {
		id, err := identify(ctx, token)
		id.Expires = time.Now().Add(6 * time.Second) // a quarter of it is there for a fresh one
		return id, err
	}
	s, ctx := serve(t, chat.Options{Authenticate: lasts}), within(t)
	asked, states := make(chan int, 100), make(chan client.Status, 100)
	n := 0
	c := dial(t, s.url, "", func(o *client.Options) {
		o.OnState = func(s client.Status) { states <- s }
		o.TokenSource = func(context.Context) (string, error) {
			n++
			asked <- n
			return "ada", nil
		}
	})
	for {
		select {
		case i := <-asked:
			if i < 3 {
				continue
			}
		case <-ctx.Done():
			t.Fatal("it did not ask for a third token")
		}
		break
	}
	if _, err := c.Publish(ctx, "general", client.Draft{Text: "still the same connection"}); err != nil {
		t.Fatal(err)
	}
	for len(states) > 0 {
		if s := <-states; s.State == client.Reconnecting {
			t.Errorf("the connection ended: %v", s.Err)
		}
	}
}

// The server tells it, whether or not there is a subscription.
func TestMembership_IsToldOfEachChannelThatOneComesIntoAndGoesOutOf(t *testing.T) {
	t.Parallel()
	for _, transport := range []client.Transport{client.WebSocket, client.Polling} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			s, ctx := servePolls(t), within(t)
			told := make(chan client.Membership, 10)
			bob := dial(t, s.url, "bob", func(o *client.Options) {
				o.Transport, o.OnMembership = transport, func(m *client.Membership) { told <- *m }
			})
			if _, err := bob.Channels(ctx, "", 1); err != nil {
				t.Fatal(err)
			}
			manager := dial(t, s.url, "manager", nil)
			put := func(role chat.Role) {
				t.Helper()
				if _, err := manager.PutMember(ctx, "plans", client.Standing{UserID: "bob", Role: role}); err != nil {
					t.Fatal(err)
				}
			}
			put(chat.Ordinary)
			put(chat.Moderator)
			put(chat.NoRole)
			post(ctx, t, dial(t, s.url, "ada", nil), chat.DirectName("ada", "bob"), client.Draft{Text: "hello"})
			for _, want := range []client.Membership{
				{ChannelID: "plans", Role: chat.Ordinary},
				{ChannelID: "plans", Role: chat.Moderator},
				{ChannelID: "plans"},
				{ChannelID: chat.DirectName("ada", "bob"), Role: chat.Ordinary},
			} {
				select {
				case got := <-told:
					if got != want {
						t.Errorf("told %+v, want %+v", got, want)
					}
				case <-ctx.Done():
					t.Fatalf("%+v is not told", want)
				}
			}
		})
	}
}
