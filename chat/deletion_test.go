package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
)

// dropped waits until the device was told that its subscription was ended, and
// is why.
func (d *device) dropped(channel string) chat.Code {
	d.t.Helper()
	g := d.some("end of a subscription", func(g *chat.Delivery) bool {
		n, ok := g.Notice.(*chat.Dropped)
		return ok && n.Channel == channel
	})
	return g.Notice.(*chat.Dropped).Err.Code
}

// remake makes a channel again, as soon as what was left of it is gone.
func remake(t *testing.T, h *chat.Hub, name string) {
	t.Helper()
	for until := time.Now().Add(patience()); ; time.Sleep(time.Millisecond) {
		_, err := h.PutChannel(t.Context(), &operator, chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: name}, Kind: chat.Private})
		if err == nil {
			return
		}
		if chat.CodeOf(err) != chat.CodeUnavailable || time.Now().After(until) {
			t.Fatal(err)
		}
	}
}

func TestDeleteChannel_NobodyFollowsItAnyMoreAndNothingIsReadOrWritten(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{Bus: local.New().Join()})
	c := gather(t, h)
	ada, cy := c.devices["ada"], c.devices["cy"]
	ada.must(post("general", "older", ""))
	kept := ada.must(post("plans", "secret", "1")).Committed.Event
	cy.events(1)
	ada.must(chat.DeleteChannel{Channel: "plans"})
	if code := cy.dropped("plans"); code != chat.CodeDeleted {
		t.Errorf("cy's subscription was ended with %q", code)
	}
	for who, d := range map[string]*device{"ada": ada, "cy": cy, "ben": c.devices["ben"]} {
		for _, command := range []chat.Command{
			chat.Subscribe{Channel: "plans"},
			chat.History{Channel: "plans", Page: chat.Page{Limit: 10}},
			chat.Changes{Channel: "plans", After: 3, Limit: 10},
			post("plans", "more", ""), post("plans", "secret", "1"),
			chat.Edit{Channel: "plans", ID: kept.ID, Body: []byte(`"x"`)},
			chat.GetState{Channel: "plans", Limit: 10},
			chat.Pins{Channel: "plans"},
			chat.Read{Channel: "plans", Seq: 1},
			chat.PutMember{Channel: "plans", Member: chat.Member{User: "ada", Role: chat.Ordinary}},
		} {
			if r := d.ask(command); r.Err == nil || r.Err.Code != chat.CodeDeleted {
				t.Errorf("%s: %T is answered with %+v", who, command, r)
			}
		}
		if list := d.must(chat.Channels{Limit: 10}).Channels.Channels; len(list) != 0 {
			t.Errorf("%s is told of %d channels", who, len(list))
		}
	}
	ada.refused(chat.DeleteChannel{Channel: "plans"}, chat.CodeDeleted)
	cy.refused(chat.PutChannel{Settings: chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: "plans"}}}, chat.CodeForbidden)
	if got := ranked(t, h, 1); !slices.Equal(got, []string{"general:1:0"}) {
		t.Errorf("the ranking has %v", got)
	}
	for _, name := range []string{"ada", "ben", "ben too", "cy"} {
		d := c.devices[name]
		d.signal("end of a membership", func(s *chat.Signal) bool { return s.Kind == chat.SignalMembership && s.Role == chat.NoRole })
		if got := d.memberships(); got[len(got)-1] != "is out of plans" {
			t.Errorf("%s was told %v", name, got)
		}
	}
	for _, name := range []string{"nobody", "abroad", "narrow", "sender"} {
		if got := c.devices[name].memberships(); slices.Contains(got, "is out of plans") {
			t.Errorf("%s was told %v", name, got)
		}
	}
}

func TestDeleteChannel_MadeAgainItIsEmptyAndItsSeqsGoOn(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	c := gather(t, h)
	ada, cy := c.devices["ada"], c.devices["cy"]
	last := ada.must(post("plans", "secret", "1")).Committed.Event
	ada.must(chat.DeleteChannel{Channel: "plans"})
	cy.dropped("plans")
	remake(t, h, "plans")
	c.devices["ben"].refused(chat.Subscribe{Channel: "plans"}, chat.CodeForbidden) // he is no member of this one
	cy.refused(chat.Subscribe{Channel: "plans"}, chat.CodeForbidden)
	c.put("plans", chat.Member{User: "cy", Role: chat.Ordinary})
	for _, seq := range []uint64{0, 1, last.Seq} {
		from := &chat.Position{Epoch: h.Epoch(), Seq: seq}
		if err := cy.refused(chat.Subscribe{Channel: "plans", From: from}, chat.CodeExpired); err.Expired.Reason != "horizon" {
			t.Errorf("from %d: %+v", seq, err.Expired)
		}
	}
	cy.must(chat.Subscribe{Channel: "plans"})
	again := cy.must(post("plans", "new", "1")).Committed
	if again.Repeated || again.Event.Seq != last.Seq+3 { // the end, her membership, the message
		t.Errorf("seq %d after %d, repeated: %v", again.Event.Seq, last.Seq, again.Repeated)
	}
	page := cy.must(chat.History{Channel: "plans", Page: chat.Page{Limit: 10}}).Messages
	if len(page) != 1 || page[0].ID != again.Event.ID {
		t.Errorf("the history has %d messages", len(page))
	}
}

func TestDeleteChannel_ADirectOneComesAgainWithWhatIsSaidNext(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, ben := connect(t, h, as("ada", everything...)), connect(t, h, as("ben"))
	name := chat.DirectName("ada", "ben")
	ada.must(post(name, "x", ""))
	ben.must(chat.Subscribe{Channel: name})
	for _, d := range []*device{ada, ben} {
		d.refused(chat.DeleteChannel{Channel: name}, chat.CodeForbidden) // it is the other's, too
	}
	if err := h.DeleteChannel(t.Context(), &operator, name); err != nil {
		t.Fatal(err)
	}
	ben.dropped(name)
	ben.retried(post(name, "y", ""))

	page := ada.must(chat.History{Channel: name, Page: chat.Page{Limit: 10}}).Messages
	if len(page) != 1 || string(page[0].Body) != `"y"` {
		t.Errorf("ada reads %d messages", len(page))
	}
	if list := ada.must(chat.Channels{Limit: 10}).Channels.Channels; len(list) != 1 {
		t.Errorf("ada has %d channels", len(list))
	}
}

func TestDeleteChannel_ADirectOneThatComesAgainIsToldAsANewOneIs(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, ben := connectSpeaking(t, h, as("ada"), "native+"), connectSpeaking(t, h, as("ben"), "native+")
	name := chat.DirectName("ada", "ben")
	want := []string{"is member in " + name, "is out of " + name, "is member in " + name}
	ada.must(post(name, "x", ""))
	if err := h.DeleteChannel(t.Context(), &operator, name); err != nil {
		t.Fatal(err)
	}
	ada.retried(post(name, "y", ""))

	for _, d := range []*device{ada, ben} {
		if got := eventually(d, len(want)); !slices.Equal(got, want) {
			t.Errorf("told %v", got)
		}
	}
}

// eventually are the device's memberships, once there are so many.
func eventually(d *device, n int) []string {
	until(d, "memberships", func(got []*chat.Delivery) (int, bool) {
		told := 0
		for _, g := range got {
			if g.Signal != nil && g.Signal.Kind == chat.SignalMembership {
				told++
			}
		}
		return told, told >= n
	})
	return d.memberships()
}

// retried asks until it is not too early any more.
func (d *device) retried(c chat.Command) {
	d.t.Helper()
	for until := time.Now().Add(patience()); ; time.Sleep(time.Millisecond) {
		r := d.ask(c)
		if r.Err == nil {
			return
		}
		if r.Err.Code != chat.CodeUnavailable || !r.Err.Retryable() || time.Now().After(until) {
			d.t.Fatal(r.Err)
		}
	}
}

// Whoever asks for it may be gone when it is done.
func TestDeleteChannel_ThatNobodyWaitsForIsDoneWhole(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	c := gather(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.DeleteChannel(ctx, &operator, "plans"); err != nil {
		t.Fatal(err)
	}
	c.devices["cy"].dropped("plans")
}

// A node that was started since.
func TestDeleteChannel_IsKnownToAHubThatComesLater(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	gather(t, newHub(t, chat.Options{Store: store}))
	if _, err := store.DeleteChannel(t.Context(), chat.ChannelID{Project: chat.DefaultProject, Name: "plans"}); err != nil {
		t.Fatal(err)
	}
	ada := connect(t, newHub(t, chat.Options{Store: store}), as("ada", everything...))
	ada.refused(chat.Subscribe{Channel: "plans"}, chat.CodeDeleted)
	ada.refused(post("plans", "x", ""), chat.CodeDeleted)
}

// slowPurge is a store that takes its time to remove what is left.
type slowPurge struct {
	chat.Store
	release chan struct{}
}

func (s *slowPurge) Purge(ctx context.Context, ch chat.ChannelID) error {
	select {
	case <-s.release:
		return s.Store.Purge(ctx, ch)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestDeleteChannel_WhatSomebodyWasThereCountsNoMore(t *testing.T) {
	t.Parallel()
	store := &slowPurge{Store: openStore(t), release: make(chan struct{})}
	h := newHub(t, chat.Options{Store: store})
	c := gather(t, h)
	ben, name := c.devices["ben"], chat.DirectName("ada", "ben")
	c.devices["ada"].must(post(name, "x", ""))
	c.put(name, chat.Member{User: "ben", Role: chat.Ordinary, Muted: true})
	for _, channel := range []string{"plans", name} {
		if err := h.DeleteChannel(t.Context(), &operator, channel); err != nil {
			t.Fatal(err)
		}
		// It is looked at what he is there while the row is still there.
		if _, err := h.PutMember(t.Context(), &operator, channel, chat.Member{User: "ben", Role: chat.Reader}); err == nil {
			t.Errorf("ben was put into %s", channel)
		}
	}
	ben.refused(post(name, "y", ""), chat.CodeUnavailable)
	close(store.release)
	remake(t, h, "plans")
	ben.refused(chat.Subscribe{Channel: "plans"}, chat.CodeForbidden)
	ben.retried(post(name, "y", ""))

	// A node that knows the direct channel as it is now tells of it when it comes.
	if err := h.DeleteChannel(t.Context(), &operator, name); err != nil {
		t.Fatal(err)
	}
	if err := store.Purge(t.Context(), chat.ChannelID{Project: chat.DefaultProject, Name: name}); err != nil {
		t.Fatal(err)
	}
	later := newHub(t, chat.Options{Store: store})
	again := connectSpeaking(t, later, as("ben"), "native+")
	connect(t, later, as("ada")).must(post(name, "z", ""))
	if got := eventually(again, 1); !slices.Equal(got, []string{"is member in " + name}) {
		t.Errorf("told %v", got)
	}
}

func TestDeleteChannel_IsTheOwners(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	c := gather(t, h)
	c.devices["cy"].refused(chat.DeleteChannel{Channel: "plans"}, chat.CodeForbidden)
	c.devices["abroad"].refused(chat.DeleteChannel{Channel: "plans"}, chat.CodeForbidden)
	c.devices["ada"].refused(chat.DeleteChannel{Channel: "nowhere"}, chat.CodeNotFound)
	c.devices["cy"].refused(chat.DeleteChannel{Channel: "nowhere"}, chat.CodeForbidden)
	c.devices["cy"].must(post("plans", "x", ""))
	if err := h.DeleteChannel(t.Context(), &operator, chat.BroadcastChannel); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("broadcast: %v", err)
	}
}

// Posts that are under way are acknowledged and before the end, or refused.
func TestDeleteChannel_WhileItIsPostedTo(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	h := newHub(t, chat.Options{Store: store})
	reader := connect(t, h, as("reader"))
	reader.must(chat.Subscribe{Channel: "busy"})
	type outcome struct {
		last    uint64
		refused chat.Code
	}
	results := make(chan outcome)
	for i := range 4 {
		d := connect(t, h, as(fmt.Sprint("poster", i)))
		go func() {
			for o := (outcome{}); ; {
				r := d.ask(post("busy", "x", ""))
				if r.Err != nil {
					o.refused = r.Err.Code
					results <- o
					return
				}
				o.last = r.Committed.Event.Seq
			}
		}()
	}
	reader.events(50)
	if err := h.DeleteChannel(t.Context(), &operator, "busy"); err != nil {
		t.Fatal(err)
	}
	head, err := store.Head(t.Context(), chat.ChannelID{Project: chat.DefaultProject, Name: "busy"})
	if err != nil {
		t.Fatal(err)
	}
	greatest := uint64(0)
	for range 4 {
		o := <-results
		if o.refused != chat.CodeDeleted {
			t.Errorf("a poster ended with %q", o.refused)
		}
		greatest = max(greatest, o.last)
	}
	if greatest >= head.Seq {
		t.Errorf("event %d was acknowledged, the channel ended at %d", greatest, head.Seq)
	}
	reader.dropped("busy")
	var seqs []uint64
	for _, g := range reader.all() {
		if g.Event != nil {
			seqs = append(seqs, g.Event.Seq)
		}
	}
	want := make([]uint64, len(seqs))
	for i := range want {
		want[i] = uint64(i + 1)
	}
	if diff := cmp.Diff(want, seqs); diff != "" {
		t.Errorf("the reader has\n%s", diff)
	}
}
