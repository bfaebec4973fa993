package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// heard are the custom signals that the device got, in order.
func (d *device) heard() (names []string) {
	for _, g := range d.all() {
		if g.Signal != nil && g.Signal.Kind == chat.SignalCustom {
			names = append(names, g.Signal.Name)
		}
	}
	return names
}

func TestSend_ReachesWhomItNamesAndNobodyElse(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		devices := map[string]*device{
			"ada": connectSpeaking(t, h, as("ada"), "threads+"), "ada two": connectSpeaking(t, h, as("ada"), "rooms"),
			"ben": connectSpeaking(t, h, as("ben"), "threads+"), "ben two": connectSpeaking(t, h, as("ben"), "rooms"),
			"cy": connectSpeaking(t, h, as("cy"), "threads+"),
		}
		foreign := as("dan")
		foreign.Project = "other"
		devices["foreigner"] = connectSpeaking(t, h, foreign, "threads+")
		for _, name := range []string{"ada", "ada two", "ben", "ben two"} {
			devices[name].must(chat.Subscribe{Channel: "general"})
		}
		synctest.Wait()
		id := func(name string) string { return devices[name].session.ID() }
		ada := devices["ada"]
		for name, c := range map[string]struct {
			send chat.Send
			want []string
		}{
			"channel":             {chat.Send{Channel: "general"}, []string{"ada two", "ben", "ben two"}},
			"channel, echo":       {chat.Send{Channel: "general", Echo: true}, []string{"ada", "ada two", "ben", "ben two"}},
			"channel, except":     {chat.Send{Channel: "general", Except: id("ben")}, []string{"ada two", "ben two"}},
			"channel, only":       {chat.Send{Channel: "general", Only: id("ben")}, []string{"ben"}},
			"channel, only other": {chat.Send{Channel: "general", Only: id("cy")}, nil},
			"channel, kin":        {chat.Send{Channel: "general", Kin: true}, []string{"ben"}},
			"user":                {chat.Send{To: "ben"}, []string{"ben", "ben two"}},
			"user, except":        {chat.Send{To: "ben", Except: id("ben")}, []string{"ben two"}},
			"user, kin":           {chat.Send{To: "ben", Kin: true}, []string{"ben"}},
			"oneself":             {chat.Send{To: "ada"}, []string{"ada two"}},
			"oneself, echo":       {chat.Send{To: "ada", Echo: true}, []string{"ada", "ada two"}},
			"session":             {chat.Send{Only: id("cy")}, []string{"cy"}},
			"kin":                 {chat.Send{Kin: true}, []string{"ben", "cy"}},
			"kin, echo":           {chat.Send{Kin: true, Echo: true}, []string{"ada", "ben", "cy"}},
			"kin, except":         {chat.Send{Kin: true, Except: id("ben")}, []string{"cy"}},
		} {
			c.send.Name = name
			ada.must(c.send)
			synctest.Wait()
			var got []string
			for who, d := range devices {
				if slices.Contains(d.heard(), name) {
					got = append(got, who)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s reached others (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestSend_RefusesWhatNamesNobodyOrMayNot(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben, cy := connectSpeaking(t, h, as("ada"), "threads+"), connectSpeaking(t, h, as("ben"), "threads+"), connectSpeaking(t, h, as("cy"), "threads+")
		stranger := as("dan")
		stranger.Project = "other"
		foreigner := connectSpeaking(t, h, stranger, "threads+")
		ada.must(chat.Subscribe{Channel: "general"})
		synctest.Wait()
		ada.refused(chat.Send{Name: "x"}, chat.CodeInvalid)
		ada.refused(chat.Send{Name: "x", Channel: "general", To: "ben"}, chat.CodeInvalid)
		ada.refused(chat.Send{Name: "x", Only: "nobody"}, chat.CodeNotFound)
		ada.refused(chat.Send{Name: "x", Only: foreigner.session.ID()}, chat.CodeNotFound)
		cy.must(chat.Block{User: "ada", On: true})
		ada.refused(chat.Send{Name: "x", Only: cy.session.ID()}, chat.CodeBlocked)
		reader := connectSpeaking(t, h, as("reader", chat.ScopeRead), "threads+")
		for _, c := range []chat.Send{{To: "ben"}, {Only: ben.session.ID()}, {Kin: true}, {Channel: "general"}} {
			c.Name = "x"
			reader.refused(c, chat.CodeForbidden)
		}
		server := chat.Identity{Project: chat.DefaultProject, Server: true}
		if err := h.Signal(t.Context(), &server, chat.Send{Name: "by request", Only: ben.session.ID()}); err != nil {
			t.Error(err)
		}
		if err := h.Signal(t.Context(), &server, chat.Send{Name: "x", Kin: true}); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("a request without a dialect to kin: %v", err)
		}
		ben.signal("the server's", func(s *chat.Signal) bool { return s.Name == "by request" && s.Session == "" })
	})
}

func TestSend_OfAGuestReachesNoUser(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	guest := as("guest-1")
	guest.Guest = true
	connect(t, h, guest).refused(chat.Send{To: "ben", Name: "x"}, chat.CodeForbidden)
}

func TestSignal_SaysFromWhichSessionDeviceAndDialectItComes(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, ben := connectSpeaking(t, h, as("ada"), "socketio"), connect(t, h, as("ben"))
		ben.must(chat.Subscribe{Channel: "general", Presence: true})
		ada.refused(chat.SetDevice{}, chat.CodeInvalid)
		ada.must(chat.SetDevice{ID: "socket-1"})
		ada.must(chat.Subscribe{Channel: "general", Presence: true})
		id := ada.must(post("general", "x", "")).Committed.Event.ID
		ada.must(chat.Send{Channel: "general", Name: "wave"})
		ada.must(chat.Typing{Channel: "general", On: true})
		ada.must(chat.Read{Channel: "general", ID: id})
		pass(4 * time.Second) // typing ends by itself
		ada.close()
		pass(time.Second)
		kinds := make(map[chat.SignalKind]int)
		for _, g := range ben.all() {
			s := g.Signal
			if s == nil {
				continue
			}
			for _, p := range slices.Concat(s.Joined, s.Left) {
				if p.User == "ada" {
					kinds[s.Kind]++
					if p.Device != "socket-1" {
						t.Errorf("presence of the device %q", p.Device)
					}
				}
			}
			if s.Kind == chat.SignalPresence || s.Kind == chat.SignalDelivered {
				continue
			}
			kinds[s.Kind]++
			if s.Session != ada.session.ID() || s.Device != "socket-1" || s.Dialect != "socketio" {
				t.Errorf("signal %d is from %q, %q, %q", s.Kind, s.Session, s.Device, s.Dialect)
			}
		}
		want := map[chat.SignalKind]int{chat.SignalPresence: 2, chat.SignalTyping: 2, chat.SignalRead: 1, chat.SignalCustom: 1}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("other signals:\n%s", diff)
		}
		again := connectSpeaking(t, h, as("ada"), "socketio")
		again.must(chat.SetDevice{ID: "socket-2"})
		own := as("ada")
		list, err := h.Sessions(t.Context(), &own, "ada", "", 100)
		if err != nil || len(list) != 1 || list[0].Dialect != "socketio" || list[0].Device != "socket-2" {
			t.Errorf("sessions %+v, %v", list, err)
		}
	})
}

func TestSend_ToKinIsBoundedByWhatItDelivers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		var all []*device
		for i := range 100 {
			all = append(all, connectSpeaking(t, h, as(fmt.Sprint("user-", i)), "threads+"))
		}
		others := connectSpeaking(t, h, as("ada"), "rooms")
		count := func(d *device) int { return len(d.heard()) }
		for range 250 { // 25,000 deliveries
			all[0].must(chat.Send{Kin: true, Name: "hello", Echo: true})
		}
		synctest.Wait()
		if n := count(all[1]); n < 150 || n > 201 {
			t.Errorf("of 250 hellos to 100, %d were delivered", n)
		}
		if n := count(all[0]); n != 250 {
			t.Errorf("the sender saw %d of its own 250", n)
		}
		if n := count(others); n != 0 {
			t.Errorf("another dialect was told %d times", n)
		}
		if h.Stats().SignalsDropped == 0 {
			t.Error("none is counted as dropped")
		}
		pass(2 * time.Second)
		before := count(all[1])
		all[2].must(chat.Send{Kin: true, Name: "later"})
		synctest.Wait()
		if count(all[1]) != before+1 {
			t.Error("later there was no room either")
		}
	})
}

func TestSend_ToKinIsDroppedBeforeOtherSignals(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, h *chat.Hub, _ chat.Store) {
		ada, slow := connectSpeaking(t, h, as("ada"), "threads+"), connectSpeaking(t, h, as("slow"), "threads+")
		slow.gate.Lock()
		data := append(append([]byte{'"'}, slices.Repeat([]byte{'x'}, 8<<10)...), '"')
		for range 10 {
			ada.must(chat.Send{To: "slow", Name: "poke", Data: data})
		}
		for range 10 {
			ada.must(chat.Send{Kin: true, Name: "hello", Data: data})
		}
		ada.must(chat.Send{To: "slow", Name: "last"})
		for range 30 {
			ada.must(chat.Send{To: "slow", Name: "poke", Data: data})
		}
		call := ada.must(chat.StartCall{To: "slow"}).Call // the last to be dropped
		slow.gate.Unlock()
		synctest.Wait()
		heard := slow.heard()
		if slices.Contains(heard, "hello") || !slices.Contains(heard, "last") || len(heard) > 20 {
			t.Errorf("a slow reader heard %v", heard)
		}
		if diff := cmp.Diff([]chat.CallState{call.State}, slow.states()); diff != "" {
			t.Errorf("and of the call:\n%s", diff)
		}
	})
}
