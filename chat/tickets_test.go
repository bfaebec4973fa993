package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

const ticketOne, ticketTwo = "TICKETNUMBERONE-1", "TICKETNUMBERTWO_2"

// kept are the keys of the tickets in the store.
func kept(t *testing.T, store chat.Store) (keys []string) {
	t.Helper()
	err := store.Records(context.Background(), "ticket/", func(key string, _ []byte) error {
		keys = append(keys, strings.Clone(key))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// bodies are those of the messages that the device got of the channel.
func (d *device) bodies(channel string) (list []string) {
	for _, e := range eventsOf(d.all()) {
		if e.Channel.Name == channel && e.Kind == chat.KindMessage {
			list = append(list, strings.Trim(string(e.Body), `"`))
		}
	}
	return list
}

// begun are the answers to subscriptions.
func (d *device) begun() (list []*chat.Subscribed) {
	for _, g := range d.all() {
		if g.Reply != nil && g.Reply.Subscribed != nil {
			list = append(list, g.Reply.Subscribed)
		}
	}
	return list
}

func TestTicket_BringsBackDeviceAndSubscriptionsAndWhatWasMissed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada, ben := connect(t, h, as("ada")), as("ben")
		say := func(channel, text string) {
			if _, err := h.Post(t.Context(), &ben, post(channel, text, "")); err != nil {
				t.Fatal(err)
			}
		}
		say("one", "before")
		r := ada.must(chat.Keep{Ticket: ticketOne, Device: "socket-1"})
		if r.Recovered || r.Ticket == nil || r.Ticket.ID != ticketOne || r.Ticket.Device != "socket-1" || len(r.Ticket.Channels) != 0 {
			t.Fatalf("a new ticket is %+v", r.Ticket)
		}
		for place, channel := range []string{"one", "two", "three"} {
			if got := ada.must(chat.Subscribe{Channel: channel, Presence: true}).Subscribed.Place; got != place {
				t.Errorf("%s is at %d", channel, got)
			}
		}
		ada.must(chat.Unsubscribe{Channel: "two"})
		say("one", "seen")
		synctest.Wait()
		ada.close()
		say("one", "missed")
		say("two", "not wanted")
		say("three", "missed as well")

		back := connect(t, h, as("ada"))
		r = back.must(chat.Keep{Ticket: ticketTwo, Device: "socket-2", Recovery: &chat.Recovery{Ticket: ticketOne, Epoch: h.Epoch(), Seqs: []uint64{2}}})
		if !r.Recovered || r.Ticket.ID != ticketOne || r.Ticket.Device != "socket-1" {
			t.Fatalf("recovered %t with %+v", r.Recovered, r.Ticket)
		}
		if diff := cmp.Diff([]string{"one", "", "three"}, r.Ticket.Channels); diff != "" {
			t.Errorf("other channels:\n%s", diff)
		}
		say("three", "live")
		synctest.Wait()
		for channel, want := range map[string][]string{"one": {"missed"}, "two": nil, "three": {"missed as well", "live"}} {
			if diff := cmp.Diff(want, back.bodies(channel)); diff != "" {
				t.Errorf("of %s came other messages:\n%s", channel, diff)
			}
		}
		begun := back.begun()
		if len(begun) != 2 || begun[0].Channel != "one" || begun[0].Place != 0 || begun[1].Channel != "three" || begun[1].Place != 2 {
			t.Errorf("subscriptions: %+v", begun)
		}
		back.must(chat.Ping{})
		server := chat.Identity{Project: chat.DefaultProject, Server: true}
		if list, err := h.Sessions(t.Context(), &server, "ada", "", 100); err != nil || len(list) != 1 || list[0].Device != "socket-1" {
			t.Errorf("sessions %+v, %v", list, err)
		}
		if got := kept(t, store); !slices.Equal(got, []string{"ticket/default/" + ticketOne}) {
			t.Errorf("tickets kept: %v", got)
		}
	})
}

func TestTicket_IsDurableBeforeASubscriptionIsAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &refusing{Store: openStore(t)}
		h := newHub(t, chat.Options{Store: store})
		ada := connect(t, h, as("ada"))
		ada.must(chat.Keep{Ticket: ticketOne})
		store.refuse = true
		ada.refused(chat.Subscribe{Channel: "one"}, chat.CodeStorageFull)
		store.refuse = false
		ada.must(chat.Subscribe{Channel: "two"})
		// The server dies here: another one knows what was acknowledged.
		second := newHub(t, chat.Options{Store: store})
		back := connect(t, second, as("ada"))
		r := back.must(chat.Keep{Ticket: ticketTwo, Recovery: &chat.Recovery{Ticket: ticketOne}})
		if diff := cmp.Diff([]string{"", "two"}, r.Ticket.Channels); !r.Recovered || diff != "" {
			t.Errorf("recovered %t with other channels:\n%s", r.Recovered, diff)
		}
	})
}

// refusing is a store whose disk can be full for records.
type refusing struct {
	chat.Store
	refuse bool
}

func (r *refusing) PutRecords(ctx context.Context, records map[string][]byte) error {
	if r.refuse {
		return chat.E(chat.CodeStorageFull, "no room")
	}
	return r.Store.PutRecords(ctx, records)
}

func TestTicket_ThatCannotServeGivesTheNewOne(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		owner := as("owner", everything...)
		if _, err := h.PutChannel(t.Context(), &owner, chat.Channel{ID: chat.ChannelID{Project: "default", Name: "club"}, Kind: chat.Private}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.PutMember(t.Context(), &owner, "club", chat.Member{User: "ada", Role: chat.Ordinary}); err != nil {
			t.Fatal(err)
		}
		ada := connect(t, h, as("ada"))
		ada.must(chat.Keep{Ticket: ticketOne})
		ada.must(chat.Subscribe{Channel: "club"})
		ada.close()
		foreign := as("ada")
		foreign.Project = "other"
		epoch := h.Epoch()
		n := 0
		refused := func(what string, id chat.Identity, back chat.Recovery) {
			t.Helper()
			n++
			d := connect(t, h, id)
			defer d.close()
			fresh := fmt.Sprintf("ANOTHERTICKET-%03d", n)
			r := d.must(chat.Keep{Ticket: fresh, Recovery: &back})
			if r.Recovered || r.Ticket.ID != fresh || len(r.Ticket.Channels) > 0 || len(d.begun()) > 0 {
				t.Errorf("%s: recovered %t, %+v", what, r.Recovered, r.Ticket)
			}
		}
		refused("another user", as("ben"), chat.Recovery{Ticket: ticketOne})
		refused("another project", foreign, chat.Recovery{Ticket: ticketOne})
		refused("no such ticket", as("ada"), chat.Recovery{Ticket: ticketTwo})
		refused("the beginning of one", as("ada"), chat.Recovery{Ticket: ticketOne[:16]})
		refused("all tickets", as("ada"), chat.Recovery{Ticket: ""})
		refused("another record", as("ada"), chat.Recovery{Ticket: "../default/" + ticketOne})
		refused("another epoch", as("ada"), chat.Recovery{Ticket: ticketOne, Epoch: "other", Seqs: []uint64{1}})
		refused("ahead of the log", as("ada"), chat.Recovery{Ticket: ticketOne, Epoch: epoch, Seqs: []uint64{900}})
		refused("more places than it has", as("ada"), chat.Recovery{Ticket: ticketOne, Epoch: epoch, Seqs: []uint64{1, 1}})
		if _, err := h.PutMember(t.Context(), &owner, "club", chat.Member{User: "ada"}); err != nil {
			t.Fatal(err)
		}
		refused("a right that is gone", as("ada"), chat.Recovery{Ticket: ticketOne, Epoch: epoch, Seqs: []uint64{1}})
		if _, err := h.PutMember(t.Context(), &owner, "club", chat.Member{User: "ada", Role: chat.Ordinary}); err != nil {
			t.Fatal(err)
		}
		d := connect(t, h, as("ada"))
		d.refused(chat.Keep{Ticket: "short"}, chat.CodeInvalid)
		if r := d.must(chat.Keep{Ticket: ticketTwo, Recovery: &chat.Recovery{Ticket: ticketOne}}); !r.Recovered {
			t.Error("then it was not good any more")
		}
		d.refused(chat.Keep{Ticket: ticketTwo}, chat.CodeExists)
	})
}

func TestTicket_BringsNothingFromBeforeASubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
		ben.must(post("one", "before", ""))
		ada.must(chat.Keep{Ticket: ticketOne})
		ada.must(chat.Subscribe{Channel: "one"})
		ada.close()
		ben.must(post("one", "missed", ""))
		for i, seqs := range [][]uint64{{0}, nil} { // the answer was lost, or it had no offset yet
			back := connect(t, h, as("ada"))
			r := back.must(chat.Keep{Ticket: fmt.Sprintf("ANOTHERTICKET-%03d", i), Recovery: &chat.Recovery{Ticket: ticketOne, Epoch: h.Epoch(), Seqs: seqs}})
			synctest.Wait()
			if diff := cmp.Diff([]string{"missed"}, back.bodies("one")); !r.Recovered || diff != "" {
				t.Errorf("recovered %t with other messages:\n%s", r.Recovered, diff)
			}
			back.close()
		}
	})
}

func TestTicket_DismissesTheSessionThatHasIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		first, second := connect(t, h, as("ada")), connect(t, h, as("ada"))
		first.must(chat.Keep{Ticket: ticketOne})
		first.must(chat.Subscribe{Channel: "one"})
		if r := second.must(chat.Keep{Ticket: ticketTwo, Recovery: &chat.Recovery{Ticket: ticketOne}}); !r.Recovered {
			t.Fatal("not recovered")
		}
		synctest.Wait()
		first.mu.Lock()
		why := first.closed
		first.mu.Unlock()
		if why == nil || why.Code != chat.CodeDisconnected {
			t.Errorf("the first was closed with %v", why)
		}
		// It is late, and may not write over what the second has noted.
		first.refused(chat.Subscribe{Channel: "two"}, chat.CodeDisconnected)
		first.close()
		second.must(chat.Subscribe{Channel: "three"})
		second.close()
		pass(2 * time.Second)
		third := connect(t, h, as("ada"))
		r := third.must(chat.Keep{Ticket: ticketTwo, Recovery: &chat.Recovery{Ticket: ticketOne}})
		if diff := cmp.Diff([]string{"one", "three"}, r.Ticket.Channels); diff != "" {
			t.Errorf("other channels:\n%s", diff)
		}
	})
}

func TestTicket_KnowsDirectChannelsThatTheHubOpened(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben := connect(t, h, as("ada")), connectSpeaking(t, h, as("ben"), "socketio+#")
		ben.must(chat.Keep{Ticket: ticketOne})
		ben.must(chat.Subscribe{Channel: "general"})
		ada.must(post(withBen, "one", ""))
		pass(2 * time.Second)
		if opened := ben.opened(); len(opened) != 1 || opened[0].Place != 1 {
			t.Fatalf("opened %+v", opened)
		}
		ben.close()
		ada.must(post(withBen, "two", ""))
		back := connectSpeaking(t, h, as("ben"), "socketio+#")
		r := back.must(chat.Keep{Ticket: ticketTwo, Recovery: &chat.Recovery{Ticket: ticketOne, Epoch: h.Epoch(), Seqs: []uint64{0, 1}}})
		if diff := cmp.Diff([]string{"general", withBen}, r.Ticket.Channels); !r.Recovered || diff != "" {
			t.Errorf("recovered %t with other channels:\n%s", r.Recovered, diff)
		}
		ada.must(post(withBen, "three", ""))
		synctest.Wait()
		if diff := cmp.Diff([]string{"two", "three"}, back.bodies(withBen)); diff != "" {
			t.Errorf("other messages:\n%s", diff)
		}
	})
}

func TestTicket_UnderDevBringsBackTheGuest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		guest := func(name string) chat.Identity {
			return chat.Identity{Project: chat.DefaultProject, User: name, Guest: true, Renames: true, Scopes: everything}
		}
		first := connect(t, h, guest("guest-1"))
		first.must(chat.Keep{Ticket: ticketOne})
		first.must(chat.Subscribe{Channel: "one"})
		first.close()
		back := connect(t, h, guest("guest-2"))
		if r := back.must(chat.Keep{Ticket: ticketTwo, Recovery: &chat.Recovery{Ticket: ticketOne}}); !r.Recovered || r.Ticket.User != "guest-1" {
			t.Errorf("recovered %t with %+v", r.Recovered, r.Ticket)
		}
		if id := back.session.Identity(); id.User != "guest-1" || !id.Renames {
			t.Errorf("the session is %+v", id)
		}
	})
}

func TestTicket_IsRemovedWhenNobodyCameBackForAMonth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, c := openStore(t), newClock()
		h := newHub(t, chat.Options{Store: store, Now: c.Now})
		gone, here := connect(t, h, as("ada")), connect(t, h, as("ben"))
		gone.must(chat.Keep{Ticket: ticketOne})
		here.must(chat.Keep{Ticket: ticketTwo})
		gone.close()
		c.advance(2 * time.Second)
		pass(time.Second)
		if err := store.PutRecords(t.Context(), map[string][]byte{"ticket/default/broken": []byte("{"), "ticketless": []byte("x")}); err != nil {
			t.Fatal(err)
		}
		first, second := "ticket/default/"+ticketOne, "ticket/default/"+ticketTwo
		step := func(d time.Duration, want ...string) {
			t.Helper()
			c.advance(d)
			pass(2 * time.Second)
			if diff := cmp.Diff(want, kept(t, store)); diff != "" {
				t.Errorf("after %s other tickets:\n%s", d, diff)
			}
		}
		step(2*time.Hour, first, second)
		step(chat.DefaultRetention-3*time.Hour, first, second)
		step(2*time.Hour, second) // which is in use
		here.close()              // and then was
		step(2*time.Second, second)
		step(chat.DefaultRetention-time.Hour, second)
		step(2 * time.Hour)
	})
}

func TestTicket_ThatOutgrowsItsPlacesIsNoMore(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		ada := connect(t, h, as("ada"))
		ada.must(chat.Keep{Ticket: ticketOne})
		for range chat.MaxPositions {
			ada.must(chat.Subscribe{Channel: "one"})
			ada.must(chat.Unsubscribe{Channel: "one"})
		}
		if got := kept(t, store); len(got) != 1 {
			t.Errorf("tickets kept: %v", got)
		}
		ada.must(chat.Subscribe{Channel: "one"})
		if got := kept(t, store); len(got) != 0 {
			t.Errorf("tickets kept: %v", got)
		}
	})
}
