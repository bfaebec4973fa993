package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
)

// callModel is three users with some devices each, who call each other, answer,
// hang up, come and go.
type callModel struct {
	t       *testing.T
	h       *chat.Hub
	store   chat.Store
	project string
	users   []string
	devices map[string][]*device
	all     []*device
	calls   map[string]bool // ids
}

func (m *callModel) as(user string) chat.Identity {
	id := as(user)
	id.Project = m.project
	return id
}

func (m *callModel) connect(user string) {
	d := connect(m.t, m.h, m.as(user))
	m.devices[user] = append(m.devices[user], d)
	m.all = append(m.all, d)
}

// step does one thing, of one user's.
func (m *callModel) step(t *rapid.T) {
	user := rapid.SampledFrom(m.users).Draw(t, "user")
	other := rapid.SampledFrom(m.users).Draw(t, "other")
	devices := m.devices[user]
	what := rapid.SampledFrom([]string{"connect", "disconnect", "start", "start", "accept", "accept", "decline", "busy", "end", "pass"}).Draw(t, "what")
	switch what {
	case "pass":
		pass(time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second)
		return
	case "connect":
		if len(devices) < 3 {
			m.connect(user)
		}
		return
	}
	if len(devices) == 0 {
		return
	}
	i := rapid.IntRange(0, len(devices)-1).Draw(t, "device")
	switch d := devices[i]; what {
	case "disconnect":
		d.close()
		m.devices[user] = append(append([]*device(nil), devices[:i]...), devices[i+1:]...)
	case "start":
		if r := d.ask(chat.StartCall{To: other}); r.Call != nil {
			m.calls[r.Call.ID] = true
		}
	default:
		state := map[string]chat.CallState{"accept": chat.Accepted, "decline": chat.Declined, "busy": chat.Busy, "end": chat.Ended}[what]
		d.ask(chat.AnswerCall{Peer: other, State: state})
	}
}

// views are the last states that the device was told of, by call; each call's
// states must follow from each other.
func (m *callModel) views(t *rapid.T, d *device) map[string]chat.CallState {
	views := make(map[string]chat.CallState)
	for _, g := range d.all() {
		if g.Signal == nil || g.Signal.Kind != chat.SignalCall {
			continue
		}
		c := g.Signal.Call
		switch before := views[c.ID]; {
		case before == chat.Accepted && c.State != chat.Ended, before != "" && before != chat.Ringing && before != chat.Accepted, before == c.State:
			t.Errorf("%s was told %s after %s", d.session.Identity().User, c.State, before)
		}
		views[c.ID] = c.State
	}
	return views
}

// talking checks that nobody is in two accepted calls.
func (m *callModel) talking(t *rapid.T) {
	server := chat.Identity{Project: m.project, Server: true}
	talks := make(map[string]string)
	for id := range m.calls {
		c, err := m.h.Call(context.Background(), &server, id)
		if err != nil || c.State != chat.Accepted {
			continue
		}
		for _, user := range []string{c.Caller, c.Callee} {
			if talks[user] != "" {
				t.Errorf("%s is in the calls %s and %s", user, talks[user], id)
			}
			talks[user] = id
		}
	}
}

// final checks that every call has one event, and that every device saw it end
// as the event says.
func (m *callModel) final(t *rapid.T) {
	events := make(map[string]chat.CallState)
	for i, a := range m.users {
		for _, b := range m.users[i+1:] {
			log, err := m.store.Events(context.Background(), chat.ChannelID{Project: m.project, Name: chat.DirectName(a, b)}, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range log {
				if events[e.Call.ID] != "" {
					t.Errorf("call %s has two events", e.Call.ID)
				}
				events[e.Call.ID] = e.Call.State
			}
		}
	}
	if len(events) != len(m.calls) {
		t.Errorf("%d calls have %d events", len(m.calls), len(events))
	}
	for user, devices := range m.devices {
		for _, d := range devices {
			for id, state := range m.views(t, d) {
				if events[id] != state {
					t.Errorf("%s saw call %s end as %s, its event says %s", user, id, state, events[id])
				}
			}
		}
	}
}

func TestCallModel_AllDevicesSeeOneEndAndOneEventSaysSo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, store chat.Store) {
		n := 0
		rapid.Check(untimed{t}, func(rt *rapid.T) {
			n++
			m := &callModel{
				t: t, h: h, store: store, project: fmt.Sprintf("p%d", n), users: []string{"ada", "ben", "cy"},
				devices: make(map[string][]*device), calls: make(map[string]bool),
			}
			defer func() {
				for _, d := range m.all {
					d.close()
				}
			}()
			for _, user := range m.users {
				m.connect(user)
			}
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				m.step(rt)
				synctest.Wait()
				m.talking(rt)
			}
			for _, user := range m.users { // somebody still talks
				for _, d := range m.devices[user] {
					for _, other := range m.users {
						if rapid.Bool().Draw(rt, "hangs up") {
							d.ask(chat.AnswerCall{Peer: other, State: chat.Ended})
						}
					}
				}
			}
			pass(46 * time.Second)
			for _, user := range m.users {
				for _, d := range m.devices[user] {
					for _, other := range m.users {
						d.ask(chat.AnswerCall{Peer: other, State: chat.Ended})
					}
				}
			}
			pass(16 * time.Second)
			m.final(rt)
		})
	})
}

// untimed keeps rapid from asking for the test's deadline, of which there is
// none in a bubble.
type untimed struct{ rapid.TB }
