package push_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/push"
)

// model is what ought to be told to ben, who never looks unless it says so: of
// each channel the latest message since the last time that calls for him.
type model struct {
	*world
	salt     string
	messages map[string][]*modelled // by channel, since the last time
	blocked  map[string]bool
	modes    map[string]push.Mode
	usual    push.Mode
	away     map[string]bool // from which ben was removed
}

type modelled struct {
	event     *chat.Event
	mentioned bool
	gone      bool
}

func (m *model) name(channel string) string { return m.salt + channel }

// calls reports whether the message is to be told, by the rules of docs/push.md.
func (m *model) calls(channel string, x *modelled) bool {
	mode, chosen := m.modes[channel]
	if !chosen {
		mode = m.usual
	}
	switch {
	case x.gone, x.event.Sender == m.ben(), m.blocked[x.event.Sender], m.away[channel], mode == push.None:
		return false
	case mode == push.Mentions, x.mentioned:
		return x.mentioned
	}
	return channel == "private" || chosen
}

func (m *model) ben() string { return m.salt + "ben" }

func (m *model) act(t *rapid.T) {
	channel := rapid.SampledFrom([]string{"private", "open"}).Draw(t, "channel")
	switch rapid.SampledFrom([]string{"say", "say", "say", "delete", "read", "block", "choose", "membership"}).Draw(t, "what") {
	case "say":
		m.say(t, channel)
	case "delete":
		m.delete(t, channel)
	case "read":
		m.look(t, channel)
	case "block":
		m.block(t)
	case "choose":
		m.choose(t, channel)
	case "membership":
		m.away["private"] = !m.away["private"]
		role := chat.Ordinary
		if m.away["private"] {
			role = chat.NoRole
		}
		m.member(m.name("private"), chat.Member{User: m.ben(), Role: role})
	}
}

func (m *model) say(t *rapid.T, channel string) {
	who := rapid.SampledFrom([]string{"ada", "cy", m.ben()}).Draw(t, "who")
	x := &modelled{mentioned: rapid.Bool().Draw(t, "mentions")}
	var mentions []string
	if x.mentioned {
		mentions = []string{m.ben()}
	}
	if who == m.ben() && m.away[channel] {
		return
	}
	x.event = m.post(who, m.name(channel), fmt.Sprintf("%s says %d", who, len(m.messages[channel])), mentions...)
	m.messages[channel] = append(m.messages[channel], x)
}

func (m *model) delete(t *rapid.T, channel string) {
	if len(m.messages[channel]) == 0 {
		return
	}
	x := rapid.SampledFrom(m.messages[channel]).Draw(t, "message")
	if _, err := m.hub.Delete(m.ctx, server, chat.Delete{Channel: m.name(channel), ID: x.event.ID}); err != nil {
		t.Fatal(err)
	}
	x.gone = true
}

// look has some of the messages delivered to ben, or read by him.
func (m *model) look(t *rapid.T, channel string) {
	list := m.messages[channel]
	if len(list) == 0 {
		return
	}
	at := rapid.IntRange(0, len(list)-1).Draw(t, "up to")
	e := list[at].event
	c := chat.Cursor{Channel: e.Channel, User: m.ben(), Delivered: e.Seq}
	if rapid.Bool().Draw(t, "read") {
		c.Delivered, c.Read = 0, e.Seq
	}
	if _, err := m.store.MoveCursors(m.ctx, []chat.Cursor{c}); err != nil {
		t.Fatal(err)
	}
	for _, x := range list[:at+1] {
		x.gone = true
	}
}

func (m *model) block(t *rapid.T) {
	who, on := rapid.SampledFrom([]string{"ada", "cy"}).Draw(t, "who"), rapid.Bool().Draw(t, "on")
	if err := m.hub.Block(m.ctx, as(m.ben()), chat.Block{User: who, On: on}); err != nil {
		t.Fatal(err)
	}
	m.blocked[who] = on
}

func (m *model) choose(t *rapid.T, channel string) {
	mode := rapid.SampledFrom([]push.Mode{push.All, push.Mentions, push.None, ""}).Draw(t, "mode")
	if rapid.Bool().Draw(t, "for the channel") {
		m.modes[channel] = mode
	} else if mode != "" && mode != push.None { // the mark is a mention
		m.usual = mode
	}
	if m.modes[channel] == "" {
		delete(m.modes, channel)
	}
	next := push.Settings{Default: m.usual, Channels: map[string]push.Mode{}}
	for name, mode := range m.modes {
		next.Channels[m.name(name)] = mode
	}
	if err := m.service.PutSettings(m.ctx, as(m.ben()), next); err != nil {
		t.Fatal(err)
	}
}

// tell lets the delay pass, and compares.
func (m *model) tell(t *rapid.T) {
	want := []string{}
	for channel, list := range m.messages {
		for _, x := range slices.Backward(list) {
			if m.calls(channel, x) {
				want = append(want, x.event.ID)
				break
			}
		}
	}
	got := []string{}
	for _, n := range m.due(m.ben())[m.ben()] {
		got = append(got, n.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("told (-want +got):\n%s", diff)
	}
	m.messages = make(map[string][]*modelled)
}

func TestModel_WhoIsToldOfWhat(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &model{
			world: w, salt: fmt.Sprintf("%d-", round), messages: make(map[string][]*modelled),
			blocked: make(map[string]bool), modes: make(map[string]push.Mode), usual: push.All, away: make(map[string]bool),
		}
		m.channel(m.name("private"), chat.Private, "ada", "cy", m.ben())
		m.channel(m.name("open"), chat.Open, "ada", "cy", m.ben())
		m.browser(m.ben())
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			for range rapid.IntRange(1, 8).Draw(t, "deeds") {
				m.act(t)
			}
			m.tell(t)
		}
	})
}
