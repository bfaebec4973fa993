package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
)

// follower is a client with a ticket: it knows its places, is cut off, and
// comes back with how far it had come.
type follower struct {
	t        *rapid.T
	m        *ticketModel
	device   *device
	taken    int // of what the device got
	channels []string
	at       []uint64
}

// take goes through what has come since: events must follow each other, across
// connections.
func (f *follower) take() {
	all := f.device.all()
	for _, g := range all[f.taken:] {
		switch {
		case g.Event != nil:
			i := slices.Index(f.channels, g.Event.Channel.Name)
			if i < 0 || g.Event.Seq != f.at[i]+1 {
				f.t.Fatalf("event %d of %s came to one who is at %v of %v", g.Event.Seq, g.Event.Channel.Name, f.at, f.channels)
			}
			f.at[i]++
		case g.Reply != nil && g.Reply.Err != nil:
			f.t.Fatalf("%T: %v", g.Reply.Command, g.Reply.Err)
		case g.Reply != nil && g.Reply.Subscribed != nil:
			f.begin(g.Reply.Subscribed)
		case g.Reply != nil:
			if c, ok := g.Reply.Command.(chat.Unsubscribe); ok {
				f.channels[slices.Index(f.channels, c.Channel)] = ""
			}
		case g.Notice != nil:
			if n, ok := g.Notice.(*chat.Opened); ok {
				f.begin(n.Subscribed)
			}
		}
	}
	f.taken = len(all)
}

func (f *follower) begin(s *chat.Subscribed) {
	for len(f.channels) <= s.Place {
		f.channels, f.at = append(f.channels, ""), append(f.at, 0)
	}
	if f.channels[s.Place] == s.Channel && f.at[s.Place] != s.From.Seq && f.at[s.Place] != 0 {
		f.t.Fatalf("%s goes on after %d for one who is at %d", s.Channel, s.From.Seq, f.at[s.Place])
	}
	if i := slices.Index(f.channels, s.Channel); i >= 0 && i != s.Place {
		f.t.Fatalf("%s is at two places, %d and %d", s.Channel, i, s.Place)
	}
	f.channels[s.Place], f.at[s.Place] = s.Channel, s.From.Seq
}

func (f *follower) do(c chat.Command) {
	f.device.session.Do(context.Background(), chat.Request{Command: c})
}

// connect comes with a new ticket, or comes back.
func (f *follower) connect(back *chat.Recovery) {
	m := f.m
	m.tickets++
	ticket := fmt.Sprintf("TICKETOFTHEMODEL-%d", m.tickets)
	f.device, f.taken = connectSpeaking(m.t, m.h, m.as("ben"), "socketio+#"), 0
	r := f.device.ask(chat.Keep{Ticket: ticket, Recovery: back})
	switch {
	case r.Err != nil:
		f.t.Fatal(r.Err)
	case back == nil:
		m.ticket = ticket
	case !r.Recovered:
		f.t.Fatalf("not recovered at %v of %v", f.at, f.channels)
	default: // which may know of what it was not told any more
		f.channels = slices.Clone(r.Ticket.Channels)
		f.at = append(f.at, make([]uint64, len(f.channels)-len(f.at))...)
	}
}

type ticketModel struct {
	t       *testing.T
	h       *chat.Hub
	project string
	tickets int
	ticket  string
}

func (m *ticketModel) as(user string) chat.Identity {
	id := as(user)
	id.Project = m.project
	return id
}

func (m *ticketModel) post(channel string, n int) {
	ada := m.as("ada")
	for range n {
		if _, err := m.h.Post(context.Background(), &ada, post(channel, "something that is not short at all", "")); err != nil {
			m.t.Error(err)
		}
	}
}

func (f *follower) step(t *rapid.T) {
	channel := rapid.SampledFrom([]string{"one", "two", "three", withBen}).Draw(t, "channel")
	switch rapid.SampledFrom([]string{"post", "post", "burst", "subscribe", "subscribe", "unsubscribe", "wait", "cut", "lose"}).Draw(t, "what") {
	case "post":
		go f.m.post(channel, 1)
	case "burst":
		go f.m.post(channel, 40)
	case "subscribe":
		f.do(chat.Subscribe{Channel: channel})
	case "unsubscribe":
		synctest.Wait()
		f.take()
		if slices.Contains(f.channels, channel) {
			f.do(chat.Unsubscribe{Channel: channel})
		}
	case "wait":
		pass(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
	case "cut", "lose":
		f.cut(rapid.Bool().Draw(t, "in the midst"))
	}
}

// cut ends the connection, perhaps with much on its way, and comes back.
func (f *follower) cut(midst bool) {
	if !midst {
		pass(1100 * time.Millisecond) // what the hub did by itself is noted within a second
	}
	f.device.close()
	f.take()
	f.connect(&chat.Recovery{Ticket: f.m.ticket, Epoch: f.m.h.Epoch(), Seqs: slices.Clone(f.at)})
}

func TestTicketModel_WhoIsCutOffMissesNothingAndSeesNothingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := openStore(t)
		h := newHub(t, chat.Options{Store: store, QueueBytes: 4 << 10})
		n := 0
		rapid.Check(untimed{t}, func(rt *rapid.T) {
			n++
			f := &follower{t: rt, m: &ticketModel{t: t, h: h, project: fmt.Sprint("p", n)}}
			f.connect(nil)
			defer func() { f.device.close() }()
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				f.step(rt)
			}
			pass(time.Second)
			f.take()
			for i, channel := range f.channels {
				if channel == "" {
					continue
				}
				head, err := store.Head(context.Background(), chat.ChannelID{Project: f.m.project, Name: channel})
				if err != nil || head.Seq != f.at[i] {
					rt.Fatalf("at %d of %s, whose head is %d (%v)", f.at[i], channel, head.Seq, err)
				}
			}
		})
	})
}
