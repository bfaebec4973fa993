package chat_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-chat/parley/bus/local"
	"github.com/parley-chat/parley/chat"
)

// memberships are what the device was told that its user is, in order: "is
// ROLE in CHANNEL", or "is out of CHANNEL".
func (d *device) memberships() (list []string) {
	for _, g := range d.all() {
		s := g.Signal
		switch {
		case s == nil || s.Kind != chat.SignalMembership:
		case s.User != d.session.Identity().User:
			list = append(list, "told of "+s.User)
		case s.Role == chat.NoRole:
			list = append(list, "is out of "+s.Channel.Name)
		default:
			list = append(list, "is "+string(s.Role)+" in "+s.Channel.Name)
		}
	}
	return list
}

// company are devices of several users, told apart by name; of those whose
// name says so nobody may be told anything.
type company struct {
	t       *testing.T
	h       *chat.Hub
	devices map[string]*device
}

// gather has everybody there whom a membership could be told, in plans, which
// ada owns and ben and cy are in; cy follows it.
func gather(t *testing.T, h *chat.Hub) *company {
	t.Helper()
	c := &company{t: t, h: h, devices: map[string]*device{}}
	c.put("plans", chat.Member{User: "ada", Role: chat.Owner})
	c.put("plans", chat.Member{User: "ben", Role: chat.Reader})
	c.put("plans", chat.Member{User: "cy", Role: chat.Ordinary})
	abroad, narrow, sender := as("ben"), as("ben"), as("ben", chat.ScopeSend)
	abroad.Project, narrow.Channels = "other", []string{"general"}
	for name, id := range map[string]chat.Identity{
		"ada": as("ada", everything...), "ben": as("ben"), "ben too": as("ben"), "cy": as("cy"),
		"nobody": {Project: chat.DefaultProject}, "abroad": abroad, "narrow": narrow, "sender": sender,
	} {
		c.devices[name] = connectSpeaking(t, h, id, "native+")
	}
	c.devices["cy"].must(chat.Subscribe{Channel: "plans"})
	return c
}

// put has the server set a standing.
func (c *company) put(channel string, m chat.Member) {
	c.t.Helper()
	server := chat.Identity{Project: chat.DefaultProject, Server: true}
	if _, err := c.h.PutMember(c.t.Context(), &server, channel, m); err != nil {
		c.t.Fatal(err)
	}
}

// membershipChange is something that happens once everybody is there, and who
// is told what of it.
type membershipChange struct {
	before, act func(*company)
	want        map[string][]string
}

func membershipChanges() map[string]membershipChange {
	ben := func(what string) map[string][]string { return map[string][]string{"ben": {what}, "ben too": {what}} }
	set := func(m chat.Member) func(*company) {
		return func(c *company) {
			m.User = "ben"
			c.devices["ada"].must(chat.PutMember{Channel: "plans", Member: m})
		}
	}
	put := func(channel string, m chat.Member) func(*company) { return func(c *company) { c.put(channel, m) } }
	does := func(who string, command chat.Command) func(*company) {
		return func(c *company) { c.devices[who].must(command) }
	}
	fails := func(who string, command chat.Command) func(*company) {
		return func(c *company) { c.devices[who].refused(command, chat.CodeForbidden) }
	}
	begun, in := does("ada", post(withBen, "one", "")), "is member in "+withBen
	with := func(ada, ben string) map[string][]string {
		return map[string][]string{"ada": {ada}, "ben": {ben}, "ben too": {ben}}
	}
	made := chat.PutChannel{Settings: chat.Channel{ID: chat.ChannelID{Name: "new"}, Kind: chat.Private}}
	return map[string]membershipChange{
		"another role":       {nil, set(chat.Member{Role: chat.Moderator}), ben("is moderator in plans")},
		"muted":              {nil, set(chat.Member{Role: chat.Reader, Muted: true}), ben("is reader in plans")},
		"removed":            {nil, set(chat.Member{}), ben("is out of plans")},
		"banned":             {nil, set(chat.Member{Banned: true}), ben("is out of plans")},
		"banned with a role": {nil, set(chat.Member{Role: chat.Ordinary, Banned: true}), ben("is out of plans")},
		"added":              {set(chat.Member{}), set(chat.Member{Role: chat.Ordinary}), ben("is member in plans")},
		"leaves":             {nil, does("ben", chat.PutMember{Channel: "plans"}), ben("is out of plans")},
		"joins":              {nil, does("ben", chat.PutMember{Channel: "open", Member: chat.Member{Role: chat.Ordinary}}), ben("is member in open")},
		"makes one":          {nil, does("ada", made), map[string][]string{"ada": {"is owner in new"}}},
		"is refused":         {nil, fails("cy", chat.PutMember{Channel: "plans", Member: chat.Member{User: "ben"}}), nil},
		"something is said":  {nil, does("ben too", post("open", "one", "")), nil},

		"a direct one begins":       {nil, begun, with(in, in)},
		"and goes on":               {begun, does("ben", post(withBen, "two", "")), nil},
		"it begins with a ban":      {nil, put(withBen, chat.Member{User: "ben", Banned: true}), with(in, "is out of "+withBen)},
		"its user leaves":           {begun, does("ben", chat.PutMember{Channel: withBen}), ben(in)},
		"a third is noted in it":    {begun, put(withBen, chat.Member{User: "cy", Role: chat.Ordinary}), nil},
		"one talks to oneself here": {nil, does("cy", post(chat.DirectName("cy", "cy"), "one", "")), map[string][]string{"cy": {"is member in dm:cy:cy"}}},
	}
}

func TestMembership_EachChangeIsToldOnceToItsUserAlone(t *testing.T) {
	t.Parallel()
	for name, c := range membershipChanges() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
				all := gather(t, h)
				if c.before != nil {
					c.before(all)
				}
				synctest.Wait()
				told := map[string]int{}
				for name, d := range all.devices {
					told[name] = len(d.memberships())
				}
				c.act(all)
				pass(10 * time.Second)
				got := map[string][]string{}
				for name, d := range all.devices {
					if list := d.memberships()[told[name]:]; len(list) > 0 {
						got[name] = list
					}
				}
				if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A node that nobody on it has to do with the channel is told of by a hint.
func TestMembership_IsToldOnOtherNodesInOrderAndOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, bus := openStore(t), local.New()
		here := newHub(t, chat.Options{Store: store, Bus: bus.Join()})
		there := newHub(t, chat.Options{Store: store, Bus: bus.Join()})
		ada := as("ada")
		ben, cy := connectSpeaking(t, there, as("ben"), "native+"), connectSpeaking(t, there, as("cy"), "native+")
		server := chat.Identity{Project: chat.DefaultProject, Server: true}
		for _, role := range []chat.Role{chat.Reader, chat.Moderator, chat.NoRole} {
			if _, err := here.PutMember(t.Context(), &server, "plans", chat.Member{User: "ben", Role: role}); err != nil {
				t.Fatal(err)
			}
		}
		pass(2 * time.Minute) // the room there is forgotten
		for _, text := range []string{"one", "two"} {
			if _, err := here.Post(t.Context(), &ada, post(withBen, text, "")); err != nil {
				t.Fatal(err)
			}
		}
		pass(10 * time.Second)
		if _, err := here.PutMember(t.Context(), &server, "plans", chat.Member{User: "ben", Role: chat.Owner}); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		want := []string{"is reader in plans", "is moderator in plans", "is out of plans", "is member in " + withBen, "is owner in plans"}
		if diff := cmp.Diff(want, ben.memberships()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got := cy.memberships(); len(got) > 0 {
			t.Errorf("cy was told %v", got)
		}
	})
}

// Nothing repeats a membership: it is dropped after every other signal.
func TestMembership_IsAmongTheLastSignalsToBeDropped(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben := as("ada"), connectSpeaking(t, h, as("ben"), "native+")
		noise := []byte(`"` + strings.Repeat("x", 8000) + `"`)
		ben.gate.Lock()
		for i := range 60 { // until there is not room for the least of signals
			if i >= 40 {
				noise = nil
			}
			if err := h.Signal(t.Context(), &ada, chat.Send{To: "ben", Name: "noise", Data: noise}); err != nil {
				t.Fatal(err)
			}
		}
		server := chat.Identity{Project: chat.DefaultProject, Server: true}
		if _, err := h.PutMember(t.Context(), &server, "plans", chat.Member{User: "ben", Role: chat.Ordinary}); err != nil {
			t.Fatal(err)
		}
		ben.gate.Unlock()
		pass(time.Second)
		if diff := cmp.Diff([]string{"is member in plans"}, ben.memberships()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
