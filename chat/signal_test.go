package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

func TestTyping_EndsAfterThreeSecondsAndGoesToAllButTheTypist(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for _, d := range []*device{ada, ben} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	typing := func(on bool) func(*chat.Signal) bool {
		return func(s *chat.Signal) bool { return s.Kind == chat.SignalTyping && s.Typing == on && s.User == "ada" }
	}
	ada.must(chat.Typing{Channel: "general", On: true})
	ben.signal("typing", typing(true))
	c.advance(2900 * time.Millisecond)
	ada.must(chat.Typing{Channel: "general", On: true})
	c.advance(2900 * time.Millisecond)
	ada.must(chat.Ping{})
	ben.must(chat.Ping{})
	for _, g := range ben.all() {
		if g.Signal != nil && typing(false)(g.Signal) {
			t.Error("typing ended though there was a sign of it")
		}
	}
	c.advance(200 * time.Millisecond)
	ben.signal("end of typing", typing(false))
	ada.must(chat.Ping{})
	for _, g := range ada.all() {
		if g.Signal != nil {
			t.Errorf("the typist was told %+v", g.Signal)
		}
	}
}

func TestTyping_EndsOnSendAndWhenTheConnectionDies(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ben := connect(t, h, as("ben"))
	ben.must(chat.Subscribe{Channel: "general"})
	ben.level(1)
	ends := func(n int) func(*chat.Signal) bool {
		return func(s *chat.Signal) bool {
			if s.Kind == chat.SignalTyping && !s.Typing {
				n--
			}
			return n == 0
		}
	}
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.must(chat.Typing{Channel: "general", On: true})
	ada.must(post("general", "sent", ""))
	ben.signal("end on send", ends(1))
	ada.must(chat.Typing{Channel: "general", On: true})
	ada.close()
	ben.signal("end with the connection", ends(2))
}

func TestPresence_CountsDevicesAndTellsThoseWhoAsked(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	watcher, bystander := connect(t, h, as("watcher")), connect(t, h, as("bystander"))
	watcher.must(chat.Subscribe{Channel: "general", Presence: true})
	watcher.level(1)
	bystander.must(chat.Subscribe{Channel: "general"})
	phone, laptop := connect(t, h, as("ada")), connect(t, h, as("ada"))
	phone.must(chat.Subscribe{Channel: "general", Presence: true})
	laptop.must(chat.Subscribe{Channel: "general", Presence: true})
	c.advance(time.Second)
	joined := func(s *chat.Signal) bool {
		return s.Kind == chat.SignalPresence && len(s.Joined) == 1 && s.Joined[0].User == "ada" && s.Joined[0].Name == "name of ada"
	}
	watcher.signal("join", joined)
	if p := laptop.level(1).Present; len(p) != 2 {
		t.Errorf("present: %+v", p)
	}
	phone.close()
	c.advance(time.Second)
	away := chat.SetPresence{Status: chat.Away}
	laptop.must(away)
	c.advance(time.Second)
	watcher.signal("away", func(s *chat.Signal) bool { return len(s.Changed) == 1 && s.Changed[0].Status == chat.Away })
	laptop.close()
	c.advance(time.Second)
	left := watcher.signal("leave", func(s *chat.Signal) bool { return len(s.Left) == 1 && s.Left[0].User == "ada" }).Left[0]
	if left.Status != chat.Offline || left.LastSeen.IsZero() {
		t.Errorf("left as %+v", left)
	}
	bystander.must(chat.Ping{})
	for _, g := range bystander.all() {
		if g.Signal != nil {
			t.Errorf("who did not ask was told %+v", g.Signal)
		}
	}
	id := as("watcher")
	if p, err := h.User(t.Context(), &id, "ada"); err != nil || p.Status != chat.Offline || p.LastSeen.IsZero() {
		t.Errorf("user %+v, %v", p, err)
	}
}

func TestPresence_MergesWhatHappensWithinAQuarterOfASecond(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	watcher := connect(t, h, as("watcher"))
	watcher.must(chat.Subscribe{Channel: "general", Presence: true})
	watcher.level(1)
	for i := range 100 {
		connect(t, h, as(fmt.Sprintf("user-%03d", i))).must(chat.Subscribe{Channel: "general", Presence: true})
	}
	c.advance(presenceMergedWithin)
	signals := until(watcher, "all joins", func(got []*chat.Delivery) (int, bool) {
		signals, users := 0, 0
		for _, g := range got {
			if g.Signal != nil {
				signals++
				users += len(g.Signal.Joined)
			}
		}
		return signals, users >= 100
	})
	if signals > 70 {
		t.Errorf("%d signals for 100 joins", signals)
	}
}

// Who joins and leaves, or leaves and joins, before that was told is not told
// of, but to whom the list has told half of it.
func TestPresence_TellsOfWhomTheListHasShown(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	present := chat.Subscribe{Channel: "general", Presence: true}
	tells := func(d *device, what string, of func(*chat.Signal) []chat.Presence) {
		d.signal(what, func(s *chat.Signal) bool {
			return slices.ContainsFunc(of(s), func(p chat.Presence) bool { return p.User == "ada" })
		})
	}
	connect(t, h, as("watcher")).must(present)
	ada := connect(t, h, as("ada"))
	// late asks for the channel, and is level after f only.
	late := func(name string, f func()) *device {
		d := connect(t, h, as(name))
		d.gate.Lock()
		d.do(present)
		f()
		d.gate.Unlock()
		d.level(1)
		return d
	}
	ben := late("ben", func() { ada.must(present) })
	ada.must(chat.Unsubscribe{Channel: "general"})
	c.advance(presenceMergedWithin)
	tells(ben, "ada has left", func(s *chat.Signal) []chat.Presence { return s.Left })

	for i := range 65 { // the changes of a small crowd are told before anybody joins
		connect(t, h, as(fmt.Sprintf("user-%03d", i))).must(present)
	}
	ada.must(present)
	c.advance(presenceMergedWithin)
	tells(ben, "ada is back", func(s *chat.Signal) []chat.Presence { return s.Joined })
	cy := late("cy", func() { ada.must(chat.Unsubscribe{Channel: "general"}) })
	ada.must(present)
	c.advance(presenceMergedWithin)
	tells(cy, "ada was left out, and is here", func(s *chat.Signal) []chat.Presence { return s.Joined })
}

const presenceMergedWithin = 250 * time.Millisecond

func TestRead_MovesForwardIsCommittedAndTold(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	h := newHub(t, chat.Options{Store: store})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for _, d := range []*device{ada, ben} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	var ids []string
	for i := range 3 {
		ids = append(ids, ada.must(post("general", fmt.Sprint(i), "")).Committed.Event.ID)
	}
	if c := ben.must(chat.Read{ID: ids[1]}).Cursor; c.Read != 2 || c.ReadNext != 2 || c.Unread != 1 {
		t.Errorf("cursor %+v", c)
	}
	ada.signal("read", func(s *chat.Signal) bool {
		return s.Kind == chat.SignalRead && s.User == "ben" && s.ID == ids[1] && s.Seq == 2
	})
	if c := ben.must(chat.Read{ID: ids[0]}).Cursor; c.Read != 2 {
		t.Errorf("the cursor moved back to %+v", c)
	}
	ben.refused(chat.Read{ID: "nowhere"}, chat.CodeNotFound)
	if c, err := store.Cursor(t.Context(), chat.ChannelID{Project: "default", Name: "general"}, "ben"); err != nil || c.Read != 2 {
		t.Errorf("stored %+v, %v", c, err)
	}
}

func TestRedelivery_SendsAgainWhatWasNotAcknowledged(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	d := connect(t, h, as("ada"))
	d.must(chat.Subscribe{Channel: "general", Acks: true})
	d.level(1)
	d.must(post("general", "one", ""))
	d.must(post("general", "two", ""))
	d.events(2)
	d.must(chat.Delivered{Channel: "general", Seq: 1})
	c.advance(11 * time.Second)
	again := d.events(3)[2]
	if again.Seq != 2 {
		t.Errorf("sent again: seq %d", again.Seq)
	}
	marked := d.some("mark", func(g *chat.Delivery) bool { return g.Event != nil && g.Redelivered })
	if marked.Event.Seq != 2 {
		t.Error("the wrong event is marked as sent again")
	}
	d.must(chat.Delivered{Channel: "general", Seq: 2})
	c.advance(time.Minute)
	d.must(post("general", "three", ""))
	if got := d.events(4); len(got) != 4 || got[3].Seq != 3 {
		t.Errorf("after the acknowledgement came %d events", len(got))
	}
}

func TestSend_ReachesAChannelOrAUsersDevices(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, phone, laptop := connect(t, h, as("ada")), connect(t, h, as("ben")), connect(t, h, as("ben"))
	phone.must(chat.Subscribe{Channel: "general"})
	phone.level(1)
	ada.must(chat.Send{Channel: "general", Name: "wave", Data: []byte(`{"n":1}`)})
	wave := phone.signal("wave", func(s *chat.Signal) bool { return s.Name == "wave" })
	if wave.User != "ada" || wave.Channel.Name != "general" || string(wave.Data) != `{"n":1}` {
		t.Errorf("signal %+v", wave)
	}
	ada.must(chat.Send{To: "ben", Name: "poke"})
	for _, d := range []*device{phone, laptop} {
		d.signal("poke", func(s *chat.Signal) bool { return s.Name == "poke" && s.User == "ada" })
	}
	ada.refused(chat.Send{Name: "x"}, chat.CodeInvalid)
	ada.refused(chat.Send{To: "ben", Channel: "general", Name: "x"}, chat.CodeInvalid)
}
