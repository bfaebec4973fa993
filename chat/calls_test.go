package chat_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// inBubble runs f with a hub and a store in a time of their own, which passes
// only while everybody waits.
func inBubble(t *testing.T, f func(t *testing.T, h *chat.Hub, store chat.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := openStore(t)
		f(t, newHub(t, chat.Options{Store: store}), store)
	})
}

// pass lets time pass, and then everything happen that is due.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// states are the states of calls that the device was told of, in order.
func (d *device) states() (list []chat.CallState) {
	for _, g := range d.all() {
		if g.Signal != nil && g.Signal.Kind == chat.SignalCall {
			list = append(list, g.Signal.Call.State)
		}
	}
	return list
}

func (d *device) told(want ...chat.CallState) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.states()); diff != "" {
		d.t.Errorf("told of other states (-want +got):\n%s", diff)
	}
}

// ended are the calls whose events are in the channel's log.
func ended(t *testing.T, store chat.Store, channel string) (list []*chat.Call) {
	t.Helper()
	events, err := store.Events(context.Background(), chat.ChannelID{Project: chat.DefaultProject, Name: channel}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == chat.KindCall {
			list = append(list, e.Call)
		}
	}
	return list
}

var withBen = chat.DirectName("ada", "ben")

func TestCall_AnAnswerOnOneDeviceIsToldToAll(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada, tablet := connect(t, h, as("ada")), connect(t, h, as("ada"))
		phone, laptop := connect(t, h, as("ben")), connect(t, h, as("ben"))
		call := ada.must(chat.StartCall{To: "ben", Data: []byte(`{"video":true}`)}).Call
		if call.State != chat.Ringing || call.Channel.Name != withBen || call.Caller != "ada" || call.CallerName != "name of ada" || string(call.Data) != `{"video":true}` {
			t.Errorf("the call is %+v", call)
		}
		late := connect(t, h, as("ben"))
		if got := phone.must(chat.AnswerCall{ID: call.ID, State: chat.Accepted}).Call; got.State != chat.Accepted || got.By != "ben" || got.AnsweredAt.IsZero() {
			t.Errorf("accepted: %+v", got)
		}
		phone.must(chat.AnswerCall{ID: call.ID, State: chat.Accepted}) // the same device may say it again
		laptop.refused(chat.AnswerCall{ID: call.ID, State: chat.Accepted}, chat.CodeExists)
		laptop.refused(chat.AnswerCall{ID: call.ID, State: chat.Declined}, chat.CodeExists)
		ada.refused(chat.AnswerCall{ID: call.ID, State: chat.Declined}, chat.CodeForbidden)
		ada.refused(chat.AnswerCall{ID: call.ID, State: chat.Missed}, chat.CodeInvalid)
		over := tablet.must(chat.AnswerCall{Peer: "ben", State: chat.Ended}).Call
		if over.State != chat.Ended || over.EndedAt.IsZero() {
			t.Errorf("ended: %+v", over)
		}
		phone.must(chat.AnswerCall{ID: call.ID, State: chat.Ended}) // both hang up at once
		phone.refused(chat.AnswerCall{ID: call.ID, State: chat.Accepted}, chat.CodeNotFound)
		synctest.Wait()
		for _, d := range []*device{ada, tablet, phone, laptop, late} {
			d.told(chat.Ringing, chat.Accepted, chat.Ended)
		}
		if diff := cmp.Diff([]*chat.Call{over}, ended(t, store, withBen)); diff != "" {
			t.Errorf("events of calls:\n%s", diff)
		}
	})
}

func TestCall_IsMissedAfterFortyFiveSeconds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada := connect(t, h, as("ada"))
		ada.must(chat.StartCall{To: "ben"})
		pass(44 * time.Second)
		ada.told(chat.Ringing)
		ben := connect(t, h, as("ben"))
		pass(1100 * time.Millisecond)
		ada.told(chat.Ringing, chat.Missed)
		ben.told(chat.Ringing, chat.Missed)
		if calls := ended(t, store, withBen); len(calls) != 1 || calls[0].State != chat.Missed || calls[0].By != "" {
			t.Errorf("events of calls: %+v", calls)
		}
	})
}

func TestCall_EndsFifteenSecondsAfterItsUserIsGone(t *testing.T) {
	t.Parallel()
	for name, accepted := range map[string]bool{"ringing": false, "accepted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
				ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
				ada.must(chat.StartCall{To: "ben"})
				want := []chat.CallState{chat.Ringing}
				if accepted {
					ben.must(chat.AnswerCall{Peer: "ada", State: chat.Accepted})
					want = append(want, chat.Accepted)
				}
				ada.close()
				pass(14 * time.Second)
				back := connect(t, h, as("ada"))
				pass(10 * time.Second)
				ben.told(want...)
				back.close()
				pass(16 * time.Second)
				ben.told(append(want, chat.Ended)...)
				if calls := ended(t, store, withBen); len(calls) != 1 || calls[0].State != chat.Ended || calls[0].By != "" {
					t.Errorf("events of calls: %+v", calls)
				}
			})
		})
	}
}

func TestCall_WhoTalksIsBusyAndHasNoOtherCall(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada, ben, cy, dan := connect(t, h, as("ada")), connect(t, h, as("ben")), connect(t, h, as("cy")), connect(t, h, as("dan"))
		ada.must(chat.StartCall{To: "ben"})
		ben.refused(chat.StartCall{To: "ada"}, chat.CodeExists)
		ada.refused(chat.StartCall{To: "ben"}, chat.CodeExists)
		cy.must(chat.StartCall{To: "ben"})  // rings as well
		ada.must(chat.StartCall{To: "dan"}) // whoever answers first
		ben.must(chat.AnswerCall{Peer: "ada", State: chat.Accepted})
		synctest.Wait()
		cy.told(chat.Ringing, chat.Busy)
		dan.told(chat.Ringing, chat.Ended)
		if late := dan.must(chat.StartCall{To: "ben"}).Call; late.State != chat.Busy {
			t.Errorf("ben talks, and is %s", late.State)
		}
		ada.refused(chat.StartCall{To: "cy"}, chat.CodeExists)
		if none := ada.must(chat.AnswerCall{Peer: "nobody", State: chat.Ended}).Call; none != nil {
			t.Errorf("a call with nobody: %+v", none)
		}
		for channel, want := range map[string]chat.CallState{
			chat.DirectName("cy", "ben"): chat.Busy, chat.DirectName("ada", "dan"): chat.Ended, chat.DirectName("dan", "ben"): chat.Busy,
		} {
			if calls := ended(t, store, channel); len(calls) != 1 || calls[0].State != want {
				t.Errorf("%s: events of calls %+v, want one that is %s", channel, calls, want)
			}
		}
		if calls := ended(t, store, withBen); len(calls) != 0 {
			t.Errorf("the call goes on and has the event %+v", calls)
		}
	})
}

func TestCall_NeedsTheRightToReachTheOther(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada, ben, mute := connect(t, h, as("ada")), connect(t, h, as("ben")), connect(t, h, as("mute", chat.ScopeRead))
		owner := as("owner", everything...)
		if _, err := h.PutChannel(t.Context(), &owner, chat.Channel{ID: chat.ChannelID{Project: "default", Name: "club"}, Kind: chat.Private}); err != nil {
			t.Fatal(err)
		}
		mute.refused(chat.StartCall{To: "ben"}, chat.CodeForbidden)
		ada.refused(chat.StartCall{To: "ada"}, chat.CodeInvalid)
		ada.refused(chat.StartCall{To: ""}, chat.CodeInvalid)
		ada.refused(chat.StartCall{To: "ben", Channel: "club"}, chat.CodeForbidden)
		ada.refused(chat.StartCall{To: "ben", Data: make([]byte, chat.MaxSignal+1)}, chat.CodeTooLarge)
		ben.must(chat.Block{User: "ada", On: true})
		ada.refused(chat.StartCall{To: "ben"}, chat.CodeBlocked)
		ben.must(chat.Block{User: "ada"})
		call := ada.must(chat.StartCall{To: "ben", Channel: "general"}).Call
		stranger, server := as("stranger"), chat.Identity{Project: "default", Server: true}
		if _, err := h.Call(t.Context(), &stranger, call.ID); chat.CodeOf(err) != chat.CodeNotFound {
			t.Errorf("a stranger asked for the call: %v", err)
		}
		if _, err := h.AnswerCall(t.Context(), &stranger, chat.AnswerCall{ID: call.ID, State: chat.Ended}); chat.CodeOf(err) != chat.CodeNotFound {
			t.Errorf("a stranger ended the call: %v", err)
		}
		elsewhere := chat.Identity{Project: "other", Server: true}
		if _, err := h.Call(t.Context(), &elsewhere, call.ID); chat.CodeOf(err) != chat.CodeNotFound {
			t.Errorf("another project asked for the call: %v", err)
		}
		if got, err := h.Call(t.Context(), &server, call.ID); err != nil || got.State != chat.Ringing {
			t.Errorf("the server asked for the call: %+v, %v", got, err)
		}
		ben.must(chat.AnswerCall{ID: call.ID, State: chat.Declined})
		if calls := ended(t, store, "general"); len(calls) != 1 || calls[0].State != chat.Declined || calls[0].By != "ben" {
			t.Errorf("events of calls: %+v", calls)
		}
		if got, err := h.Call(t.Context(), &server, call.ID); err != nil || got.State != chat.Declined {
			t.Errorf("just after it was over: %+v, %v", got, err)
		}
		pass(2 * time.Minute)
		if _, err := h.Call(t.Context(), &server, call.ID); chat.CodeOf(err) != chat.CodeNotFound {
			t.Errorf("long after it was over: %v", err)
		}
	})
}

func TestCall_OverRESTHasItsStates(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada, ben := as("ada"), as("ben")
		call, err := h.StartCall(t.Context(), &ada, chat.StartCall{To: "ben"})
		if err != nil {
			t.Fatal(err)
		}
		if call, err = h.AnswerCall(t.Context(), &ben, chat.AnswerCall{ID: call.ID, State: chat.Accepted}); err != nil || call.State != chat.Accepted {
			t.Fatalf("accepted: %+v, %v", call, err)
		}
		pass(16 * time.Second) // neither has a device
		if call, err = h.Call(t.Context(), &ada, call.ID); err != nil || call.State != chat.Ended {
			t.Errorf("left alone: %+v, %v", call, err)
		}
	})
}

func TestDrain_EndsCallsAndTheirEventsAreWritten(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada := connect(t, h, as("ada"))
		ada.must(chat.StartCall{To: "ben"})
		h.Drain(t.Context(), 0)
		synctest.Wait()
		ada.told(chat.Ringing, chat.Ended)
		if calls := ended(t, store, withBen); len(calls) != 1 || calls[0].State != chat.Ended {
			t.Errorf("events of calls: %+v", calls)
		}
		ada.refused(chat.StartCall{To: "ben"}, chat.CodeGoingAway)
	})
}

// fullForCalls is a store without room for the events of calls.
type fullForCalls struct {
	chat.Store
	full atomic.Bool
}

func (s *fullForCalls) Append(d *chat.Draft, done func(chat.Committed, error)) {
	if d.Kind == chat.KindCall && s.full.Load() {
		done(chat.Committed{}, chat.E(chat.CodeStorageFull, "no room"))
		return
	}
	s.Store.Append(d, done)
}

func TestCall_ThatEndsWhileTheDiskIsFullHasItsEventWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &fullForCalls{Store: openStore(t)}
		h := newHub(t, chat.Options{Store: store})
		store.full.Store(true)
		ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
		ada.must(chat.StartCall{To: "ben"})
		ada.refused(chat.AnswerCall{Peer: "ben", State: chat.Ended}, chat.CodeStorageFull)
		ada.must(chat.StartCall{To: "ben"}) // the other one is over all the same
		pass(50 * time.Second)
		for _, d := range []*device{ada, ben} {
			d.told(chat.Ringing, chat.Ended, chat.Ringing, chat.Missed)
		}
		if calls := ended(t, store, withBen); len(calls) != 0 {
			t.Fatalf("events of calls: %+v", calls)
		}
		store.full.Store(false)
		pass(2 * time.Second)
		var states []chat.CallState
		for _, c := range ended(t, store, withBen) {
			states = append(states, c.State)
		}
		if diff := cmp.Diff([]chat.CallState{chat.Ended, chat.Missed}, states); diff != "" {
			t.Errorf("other events:\n%s", diff)
		}
	})
}
