package client_test

import (
	"context"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// phone is a device, and the states of calls that it was told.
func phone(t *testing.T, url, user string, change func(*client.Options)) (*client.Client, chan *client.Call) {
	t.Helper()
	told := make(chan *client.Call, 100)
	c := dial(t, url, user, func(o *client.Options) {
		o.OnCall = func(c *client.Call) { told <- c }
		if change != nil {
			change(o)
		}
	})
	// A device that rings nowhere yet is connected once it was answered.
	if _, err := c.Channels(within(t), "", 1); err != nil {
		t.Fatal(err)
	}
	return c, told
}

// until is the first call that is told in the state.
func until(ctx context.Context, t *testing.T, told chan *client.Call, state chat.CallState) *client.Call {
	t.Helper()
	for {
		select {
		case c := <-told:
			if c.State == state {
				return c
			}
		case <-ctx.Done():
			t.Fatalf("nothing is told of a call that is %s", state)
		}
	}
}

func TestCall_RingsOnEveryDeviceUntilOneAnswers(t *testing.T) {
	t.Parallel()
	s, ctx := servePolls(t), within(t)
	ada, adas := phone(t, s.url, "ada", nil)
	bob, bobs := phone(t, s.url, "bob", nil)
	_, others := phone(t, s.url, "bob", polling)
	call, err := ada.StartCall(ctx, "bob", "", []byte(`{"video":true}`))
	if err != nil || call.State != chat.Ringing || call.CalleeID != "bob" || string(call.Data) != `{"video":true}` {
		t.Fatalf("%+v, %v", call, err)
	}
	until(ctx, t, bobs, chat.Ringing)
	until(ctx, t, others, chat.Ringing)
	if answered, err := bob.AcceptCall(ctx, call.ID); err != nil || answered.State != chat.Accepted || answered.By != "bob" {
		t.Errorf("%+v, %v", answered, err)
	}
	until(ctx, t, others, chat.Accepted)
	until(ctx, t, adas, chat.Accepted)
	if ended, err := ada.EndCall(ctx, call.ID); err != nil || ended.State != chat.Ended {
		t.Errorf("%+v, %v", ended, err)
	}
	until(ctx, t, bobs, chat.Ended)
	log, err := bob.Events(ctx, call.ChannelID, 0, 10)
	if err != nil || len(log.Events) != 1 {
		t.Fatalf("%+v, %v", log, err)
	}
	if end, ok := log.Events[0].(*client.CallEnd); !ok || end.ID != call.ID || end.State != chat.Ended || end.Seq != 1 {
		t.Errorf("the log says %+v", log.Events[0])
	}
}

func TestCall_IsDeclinedAndRefused(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, _ := phone(t, s.url, "ada", nil)
	bob, bobs := phone(t, s.url, "bob", nil)
	if _, err := ada.StartCall(ctx, "ada", "", nil); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("calling oneself: %v", err)
	}
	if _, err := ada.AcceptCall(ctx, "none"); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("accepting nothing: %v", err)
	}
	if _, err := ada.StartCall(ctx, "bob", "", nil); err != nil {
		t.Fatal(err)
	}
	ringing := until(ctx, t, bobs, chat.Ringing)
	if _, err := bob.StartCall(ctx, "ada", "", nil); chat.CodeOf(err) != chat.CodeExists {
		t.Errorf("calling who calls: %v", err)
	}
	if declined, err := bob.DeclineCall(ctx, ringing.ID); err != nil || declined.State != chat.Declined {
		t.Errorf("%+v, %v", declined, err)
	}
}

// One device alone is answered, by the session that its signal tells.
func TestSignal_CanBeAnsweredToTheDeviceThatSentIt(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	heard := func(of string, signals chan *client.Signal) func(*client.Options) {
		return func(o *client.Options) {
			o.OnSignal = func(s *client.Signal) {
				s.Event = of + " " + s.Event
				signals <- s
			}
		}
	}
	signals := make(chan *client.Signal, 10)
	next := func() *client.Signal {
		select {
		case got := <-signals:
			return got
		case <-ctx.Done():
			t.Fatal("no signal comes")
			return nil
		}
	}
	ada := dial(t, s.url, "ada", heard("ada's first", signals))
	other := dial(t, s.url, "ada", heard("ada's second", signals))
	bob := dial(t, s.url, "bob", heard("bob's", signals))
	for _, c := range []*client.Client{ada, other, bob} {
		if _, err := c.Channels(ctx, "", 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := ada.SignalUser(ctx, "bob", "offer", nil); err != nil {
		t.Fatal(err)
	}
	offer := next()
	if offer.Event != "bob's offer" || offer.SessionID == "" || offer.UserID != "ada" {
		t.Fatalf("told %+v", offer)
	}
	if err := bob.SignalTo(ctx, client.Audience{SessionID: offer.SessionID}, "answer", []byte(`1`)); err != nil {
		t.Fatal(err)
	}
	if err := bob.SignalTo(ctx, client.Audience{UserID: "ada", Except: offer.SessionID}, "stop", nil); err != nil {
		t.Fatal(err)
	}
	if got := []string{next().Event, next().Event}; got[0] != "ada's first answer" && got[1] != "ada's first answer" ||
		got[0] != "ada's second stop" && got[1] != "ada's second stop" {
		t.Errorf("told %q", got)
	}
}
