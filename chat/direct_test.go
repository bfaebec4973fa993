package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
)

// seqsOf are the seqs of the events that the device got of the channel.
func (d *device) seqsOf(channel string) (seqs []uint64) {
	for _, e := range eventsOf(d.all()) {
		if e.Channel.Name == channel {
			seqs = append(seqs, e.Seq)
		}
	}
	return seqs
}

// opened are the notices by which the device was told of subscriptions.
func (d *device) opened() (list []*chat.Subscribed) {
	for _, g := range d.all() {
		if n, ok := g.Notice.(*chat.Opened); ok {
			list = append(list, n.Subscribed)
		}
	}
	return list
}

func TestDirect_OpensByItselfWhereTheDialectCanShowIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada := connectSpeaking(t, h, as("ada"), "native+")
		other := connectSpeaking(t, h, as("ada"), "native+")
		phone, frame, silent := connectSpeaking(t, h, as("ben"), "native+"), connectSpeaking(t, h, as("ben"), "rooms"), connect(t, h, as("ben"))
		cy := connectSpeaking(t, h, as("cy"), "native+")
		ada.must(post("general", "not direct", ""))
		ada.must(post(withBen, "one", ""))
		ada.must(post(withBen, "two", ""))
		synctest.Wait()
		for _, d := range []*device{ada, other, phone} {
			if diff := cmp.Diff([]uint64{1, 2}, d.seqsOf(withBen)); diff != "" {
				t.Errorf("%s got other events:\n%s", d.session.Identity().User, diff)
			}
			opened := d.opened()
			if len(opened) != 1 || opened[0].Channel != withBen || opened[0].From.Seq != 0 || opened[0].Head.Seq == 0 || opened[0].Role != chat.Ordinary {
				t.Errorf("opened: %+v", opened)
			}
			for _, g := range d.all() {
				if g.Event != nil {
					t.Error("an event came before the notice")
				}
				if _, ok := g.Notice.(*chat.Opened); ok {
					break
				}
			}
		}
		for _, d := range []*device{frame, silent, cy} {
			if len(eventsOf(d.all())) > 0 || len(d.opened()) > 0 {
				t.Errorf("%s was sent what it cannot show", d.session.Identity().User)
			}
		}
	})
}

func TestDirect_ClosedByTheUserOpensWithWhatComesNext(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben := connect(t, h, as("ada")), connectSpeaking(t, h, as("ben"), "native+")
		ada.must(post(withBen, "one", ""))
		synctest.Wait()
		ben.must(chat.Unsubscribe{Channel: withBen})
		ada.must(post(withBen, "two", ""))
		synctest.Wait()
		ben.must(chat.Subscribe{Channel: withBen})
		ada.must(post(withBen, "three", ""))
		synctest.Wait()
		if diff := cmp.Diff([]uint64{1, 2, 3}, ben.seqsOf(withBen)); diff != "" {
			t.Errorf("other events:\n%s", diff)
		}
		var order []string
		for _, g := range ben.all() {
			switch n, opened := g.Notice.(*chat.Opened); {
			case opened:
				order = append(order, fmt.Sprint("opened from ", n.Subscribed.From.Seq))
			case g.Event != nil:
				order = append(order, fmt.Sprint("event ", g.Event.Seq))
			case g.Reply != nil && g.Reply.Command != nil:
				order = append(order, fmt.Sprintf("%T", g.Reply.Command))
			}
		}
		want := []string{"opened from 0", "event 1", "chat.Unsubscribe", "opened from 1", "event 2", "chat.Subscribe", "event 3"}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("other order:\n%s", diff)
		}
	})
}

func TestDirect_WhoEndsOrBeginsItAnewWhileBehindMissesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]chat.Command{"ends": chat.Unsubscribe{Channel: withBen}, "begins anew": chat.Subscribe{Channel: withBen}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHub(t, chat.Options{Store: openStore(t), QueueBytes: 4 << 10})
				ben, ada := connectSpeaking(t, h, as("ben"), "native+"), as("ada")
				ben.gate.Lock()
				var want []uint64
				for seq := uint64(1); seq <= 60; seq++ {
					want = append(want, seq)
					if _, err := h.Post(t.Context(), &ada, post(withBen, "something that is not short at all", "")); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				ben.session.Do(t.Context(), chat.Request{Command: c})
				ben.gate.Unlock()
				pass(time.Second)
				if diff := cmp.Diff(want, ben.seqsOf(withBen)); diff != "" {
					t.Errorf("other events:\n%s", diff)
				}
			})
		})
	}
}

func TestDirect_IsNotOpenedForWhoMayNotReadIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada := connect(t, h, as("ada"))
		narrow := as("ben")
		narrow.Channels = []string{"general"}
		sender, ben := connectSpeaking(t, h, as("ben", chat.ScopeSend), "native+"), connectSpeaking(t, h, narrow, "native+")
		banned := connectSpeaking(t, h, as("cy"), "native+")
		server := chat.Identity{Project: chat.DefaultProject, Server: true}
		withCy := chat.DirectName("ada", "cy")
		if _, err := h.PutMember(t.Context(), &server, withCy, chat.Member{User: "cy", Banned: true}); err != nil {
			t.Fatal(err)
		}
		ada.must(post(withBen, "one", ""))
		ada.must(post(withCy, "one", ""))
		synctest.Wait()
		for _, d := range []*device{sender, ben, banned} {
			if len(eventsOf(d.all())) > 0 || len(d.opened()) > 0 {
				t.Errorf("%+v got what it may not read", d.session.Identity())
			}
		}
	})
}

func TestDirect_WithoutRoomForOneMoreSaysSo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben := connect(t, h, as("ada")), connectSpeaking(t, h, as("ben"), "native+")
		for i := range 1000 {
			ben.must(chat.Subscribe{Channel: fmt.Sprint("channel ", i)})
		}
		ada.must(post(withBen, "one", ""))
		synctest.Wait()
		d := ben.some("notice", func(g *chat.Delivery) bool {
			n, ok := g.Notice.(*chat.Dropped)
			return ok && n.Channel == withBen
		})
		if err := d.Notice.(*chat.Dropped).Err; err.Code != chat.CodeTooMany {
			t.Errorf("dropped: %v", err)
		}
	})
}

func TestDirect_OpensOnAnotherNodeThatHadNothingToDoWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, bus := openStore(t), local.New()
		here := newHub(t, chat.Options{Store: store, Bus: bus.Join()})
		there := newHub(t, chat.Options{Store: store, Bus: bus.Join()})
		ada, ben := connect(t, here, as("ada")), connectSpeaking(t, there, as("ben"), "native+")
		ada.must(post(withBen, "one", ""))
		ada.must(post(withBen, "two", ""))
		pass(10 * time.Second)
		if diff := cmp.Diff([]uint64{1, 2}, ben.seqsOf(withBen)); diff != "" {
			t.Errorf("other events:\n%s", diff)
		}
	})
}

func TestBecome_EndsWhatTheNewIdentityMayNotRead(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		guest := chat.Identity{Project: chat.DefaultProject, User: "guest-1", Guest: true, Renames: true, Scopes: everything}
		d, ada := connectSpeaking(t, h, guest, "native+"), connect(t, h, as("ada"))
		withGuest := chat.DirectName("ada", "guest-1")
		ada.must(post(withGuest, "for the guest", ""))
		d.must(chat.Subscribe{Channel: "general"})
		synctest.Wait() // the guest has it: what was not sent when it became ben is not sent
		d.session.Do(t.Context(), chat.Request{User: "ben", Name: "Ben", Command: chat.Ping{}})
		ada.must(post(withGuest, "for the guest again", ""))
		ada.must(post("general", "for all", ""))
		synctest.Wait()
		if got := d.seqsOf(withGuest); len(got) != 1 {
			t.Errorf("ben got the events %v of another's", got)
		}
		if got := d.seqsOf("general"); len(got) != 1 {
			t.Errorf("ben got the events %v of general", got)
		}
	})
}

// listener is a device that follows its user's direct channels, by itself or
// not.
type listener struct {
	*device
	paused bool
	since  map[string]uint64 // the channels' heads when it connected
}

type directModel struct {
	t         *testing.T
	h         *chat.Hub
	store     chat.Store
	id        int
	users     []string
	listeners []*listener
	channels  []string
}

func (m *directModel) as(user string) chat.Identity {
	id := as(user)
	id.Project = fmt.Sprint("p", m.id)
	return id
}

func (m *directModel) head(channel string) uint64 {
	head, err := m.store.Head(context.Background(), chat.ChannelID{Project: fmt.Sprint("p", m.id), Name: channel})
	if err != nil {
		m.t.Fatal(err)
	}
	return head.Seq
}

func (m *directModel) connect(user string) {
	l := &listener{device: connectSpeaking(m.t, m.h, m.as(user), "native+"), since: make(map[string]uint64)}
	for _, channel := range m.channels {
		l.since[channel] = m.head(channel)
	}
	m.listeners = append(m.listeners, l)
}

func (m *directModel) step(t *rapid.T) {
	channel := rapid.SampledFrom(m.channels).Draw(t, "channel")
	a, b, _ := chat.DirectUsers(channel)
	switch what := rapid.SampledFrom([]string{"post", "burst", "burst", "connect", "subscribe", "unsubscribe", "resume", "pause", "pause", "wait", "wait"}).Draw(t, "what"); what {
	case "post", "burst":
		id, n := m.as(rapid.SampledFrom([]string{a, b}).Draw(t, "sender")), 1
		if what == "burst" {
			n = 40
		}
		go func() {
			for range n {
				if _, err := m.h.Post(context.Background(), &id, post(channel, "something that is not short at all", "")); err != nil {
					m.t.Error(err)
				}
			}
		}()
	case "connect":
		if len(m.listeners) < 6 {
			m.connect(rapid.SampledFrom(m.users).Draw(t, "user"))
		}
	case "wait":
		synctest.Wait()
	default:
		concerned := slices.DeleteFunc(slices.Clone(m.listeners), func(l *listener) bool {
			user := l.session.Identity().User
			return user != a && user != b
		})
		m.act(t, concerned[rapid.IntRange(0, len(concerned)-1).Draw(t, "listener")], what, channel)
	}
}

func (m *directModel) act(t *rapid.T, l *listener, what, channel string) {
	do := func(c chat.Command) { l.session.Do(context.Background(), chat.Request{Command: c}) }
	switch what {
	case "subscribe":
		do(chat.Subscribe{Channel: channel})
	case "unsubscribe":
		do(chat.Unsubscribe{Channel: channel})
	case "resume": // from where it knows that it is
		if l.paused {
			return
		}
		synctest.Wait()
		if seqs := l.seqsOf(channel); len(seqs) > 0 {
			do(chat.Subscribe{Channel: channel, From: &chat.Position{Epoch: m.h.Epoch(), Seq: seqs[len(seqs)-1]}})
		}
	case "pause":
		if l.paused = !l.paused; l.paused {
			l.gate.Lock()
		} else {
			l.gate.Unlock()
		}
	}
}

func (m *directModel) check(t *rapid.T) {
	for _, l := range m.listeners {
		if l.paused {
			l.gate.Unlock()
		}
	}
	pass(time.Second)
	for i, l := range m.listeners {
		for _, channel := range m.channels {
			got := l.seqsOf(channel)
			a, b, _ := chat.DirectUsers(channel)
			user := l.session.Identity().User
			if user != a && user != b {
				if len(got) > 0 {
					t.Errorf("%s got events of %s", user, channel)
				}
				continue
			}
			want, begins := m.head(channel), l.since[channel]
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("listener %d, %s on %s: out of order or double: %v", i, user, channel, got)
			}
			got = slices.DeleteFunc(got, func(seq uint64) bool { return seq <= begins })
			if uint64(len(got)) != want-begins {
				t.Errorf("listener %d, %s on %s: %d events after %d, the head is %d: %v", i, user, channel, len(got), begins, want, got)
			}
		}
	}
}

func TestDirectModel_EverySpeakerHasAllThatWasSaidSinceItConnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := openStore(t)
		h := newHub(t, chat.Options{Store: store, QueueBytes: 4 << 10})
		n := 0
		rapid.Check(untimed{t}, func(rt *rapid.T) {
			n++
			m := &directModel{t: t, h: h, store: store, id: n, users: []string{"ada", "ben", "cy"}}
			m.channels = []string{withBen, chat.DirectName("ada", "cy"), chat.DirectName("ben", "cy"), chat.DirectName("ada", "ada")}
			for _, user := range m.users {
				m.connect(user)
			}
			for range rapid.IntRange(1, 30).Draw(rt, "steps") {
				m.step(rt)
			}
			m.check(rt)
			for _, l := range m.listeners {
				l.close()
			}
		})
	})
}
