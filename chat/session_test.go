package chat_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestPost_IsAcknowledgedThenDeliveredToAllTheSenderToo(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for _, d := range []*device{ada, ben} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	acked := ada.must(post("general", "hello", "n1")).Committed
	if acked.Event.Seq != 1 || acked.Event.Sequence != 0 || acked.Repeated {
		t.Fatalf("ack %+v", acked)
	}
	for _, d := range []*device{ada, ben} {
		e := d.events(1)[0]
		if e.ID != acked.Event.ID || string(e.Body) != `"hello"` || e.Sender != "ada" || e.SenderName != "name of ada" {
			t.Errorf("delivered %+v", e)
		}
	}
	until(ada, "ack before event", func(got []*chat.Delivery) (bool, bool) {
		for _, g := range got {
			if g.Event != nil {
				t.Error("the event came before its acknowledgement")
			}
			if g.Reply != nil && g.Reply.Committed != nil {
				return true, true
			}
		}
		return false, false
	})
	again := ada.must(post("general", "hello", "n1")).Committed
	if !again.Repeated || again.Event.ID != acked.Event.ID {
		t.Errorf("a repeated nonce got %+v", again)
	}
	ada.refused(post("general", "other", "n1"), chat.CodeConflict)
}

func TestPost_RefusesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	body := func(n int) []byte { return append(append([]byte{'"'}, bytes.Repeat([]byte("x"), n-2)...), '"') }
	ada.must(chat.Post{Channel: "general", Body: body(chat.MaxBody)})
	ada.refused(chat.Post{Channel: "general", Body: body(chat.MaxBody + 1)}, chat.CodeTooLarge)
	ada.refused(chat.Post{Channel: "general", Body: []byte(`""`)}, chat.CodeInvalid)
	ada.refused(chat.Post{Channel: "gen\neral", Body: []byte(`"x"`)}, chat.CodeInvalid)
	ada.refused(chat.Post{Channel: "dm:ada", Body: []byte(`"x"`)}, chat.CodeInvalid)
	ada.refused(chat.Post{Channel: "broadcast", Body: []byte(`"x"`)}, chat.CodeForbidden)
	ada.refused(chat.Edit{Channel: "general", ID: "no such id", Body: []byte(`"x"`)}, chat.CodeNotFound)
}

func TestSession_RefusesAForeignSender(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.session.Do(t.Context(), chat.Request{Ref: "claim", User: "ben", Command: post("general", "x", "")})
	r := ada.some("answer", func(g *chat.Delivery) bool { return g.Reply != nil && g.Reply.Ref == "claim" }).Reply
	if r.Err == nil || r.Err.Code != chat.CodeForeignSender {
		t.Errorf("answered %+v", r)
	}
}

func TestSession_UnderDevTheFirstNameSticks(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	guest := chat.Identity{Project: "default", User: "guest-1", Guest: true, Renames: true, Scopes: everything}
	d := connect(t, h, guest)
	d.must(chat.Subscribe{Channel: "general", Presence: true})
	d.session.Do(t.Context(), chat.Request{User: "ada", Name: "Ada", Command: post("general", "x", "")})
	if e := d.events(1)[0]; e.Sender != "ada" || e.SenderName != "Ada" {
		t.Errorf("sender %q %q", e.Sender, e.SenderName)
	}
	d.session.Do(t.Context(), chat.Request{User: "ben", Ref: 0, Command: post("general", "y", "")})
	d.some("refusal", func(g *chat.Delivery) bool {
		return g.Reply != nil && g.Reply.Err != nil && g.Reply.Err.Code == chat.CodeForeignSender
	})
	l := connect(t, h, as("cy"))
	l.must(chat.Subscribe{Channel: "general", Presence: true})
	if p := l.level(1).Present; len(p) != 2 || p[0].User != "ada" || p[1].User != "cy" {
		t.Errorf("present: %+v", p)
	}
}

func TestSubscribe_ResumesFromAPosition(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5, 300, 600} { // within the ring, beyond it, several pages
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			store := openStore(t)
			h := newHub(t, chat.Options{Store: store})
			ada := connect(t, h, as("ada"))
			for i := range n {
				ada.do(post("general", fmt.Sprint(i), ""))
			}
			ada.must(post("general", "last", ""))
			ben := connect(t, h, as("ben"))
			ben.must(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: h.Epoch(), Seq: 2}})
			got := ben.events(n - 1)
			for i, e := range got {
				if e.Seq != uint64(3+i) {
					t.Fatalf("event %d has seq %d", i, e.Seq)
				}
			}
			if l := ben.level(1); l.Position.Seq != uint64(n+1) {
				t.Errorf("level at %v", l.Position)
			}
		})
	}
}

func TestSubscribe_IsLevelNoSoonerThanAtTheHeadThatItWasTold(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	h, other := newHub(t, chat.Options{Store: store}), newHub(t, chat.Options{Store: store})
	id := as("ada")
	ada := connect(t, h, id)
	ada.must(post("general", "first", ""))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.level(1)
	// Durable, and h has not heard of it.
	if _, err := other.Post(t.Context(), &id, post("general", "second", "")); err != nil {
		t.Fatal(err)
	}
	for _, from := range []uint64{0, 1, 2} {
		ben := connect(t, h, as("ben"))
		said := ben.must(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: h.Epoch(), Seq: from}})
		if got := said.Subscribed.Head.Seq; got != 2 {
			t.Fatalf("the head is %d", got)
		}
		if l := ben.level(1); l.Position.Seq != 2 {
			t.Errorf("from %d: level at %v", from, l.Position)
		}
		if n := len(eventsOf(ben.all())); n != int(2-from) {
			t.Errorf("from %d: %d events came before level", from, n)
		}
	}
}

func TestSubscribe_AfterARestartReadsTheStoreOncePerChannel(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	first := newHub(t, chat.Options{Store: store})
	id := as("ada")
	for i := range 40 {
		if _, err := first.Post(t.Context(), &id, post("general", fmt.Sprint(i), "")); err != nil {
			t.Fatal(err)
		}
	}
	second := newHub(t, chat.Options{Store: store})
	var all []*device
	for i := range 50 {
		d := connect(t, second, as(fmt.Sprintf("user-%d", i)))
		d.do(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: second.Epoch(), Seq: 20}})
		all = append(all, d)
	}
	for _, d := range all {
		d.events(20)
	}
	if n := second.Stats().PageReads; n > 5 {
		t.Errorf("%d reads of the store for 50 readers of one channel", n)
	}
}

func TestSubscribe_SaysWhenAPositionCannotBeResumedFrom(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(post("general", "x", ""))
	for reason, p := range map[string]chat.Position{
		"epoch": {Epoch: "other", Seq: 1},
		"ahead": {Epoch: h.Epoch(), Seq: 7},
	} {
		err := ada.refused(chat.Subscribe{Channel: "general", From: &p}, chat.CodeExpired)
		if err.Expired == nil || err.Expired.Reason != reason || err.Expired.Head.Seq != 1 || err.Expired.Head.Epoch != h.Epoch() {
			t.Errorf("%s: %+v", reason, err.Expired)
		}
	}
}

func TestSlowReader_FallsBackAndMissesNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{QueueBytes: 4 << 10})
	slow, quick := connect(t, h, as("slow")), connect(t, h, as("quick"))
	for _, d := range []*device{slow, quick} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	slow.gate.Lock()
	id := as("ada")
	for i := range 500 {
		if _, err := h.Post(t.Context(), &id, post("general", fmt.Sprint(i), "")); err != nil {
			t.Fatal(err)
		}
	}
	quick.events(500)
	if h.Stats().FallBacks == 0 {
		t.Error("the slow reader never fell back")
	}
	slow.gate.Unlock()
	for i, e := range slow.events(500) {
		if e.Seq != uint64(i+1) {
			t.Fatalf("event %d has seq %d", i, e.Seq)
		}
	}
}

func TestReady_WaitsWhileACommittedAnswerIsUnread(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{QueueBytes: 4 << 10})
	d := connect(t, h, as("ada"))
	d.must(post("general", "x", ""))
	d.gate.Lock()
	for range 40 {
		d.session.Do(t.Context(), chat.Request{Command: chat.History{Channel: "general"}})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := d.session.Ready(ctx); err == nil {
		t.Error("a session whose answers are not read took another request")
	}
	d.gate.Unlock()
	if err := d.session.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDelete_IsInNoReplayBegunAfterItsAcknowledgement(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	m := ada.must(post("general", "secret", "n")).Committed.Event
	ada.must(chat.Edit{Channel: "general", ID: m.ID, Body: []byte(`"secret two"`)})
	ada.events(2)
	ada.must(chat.Delete{Channel: "general", ID: m.ID})
	ben := connect(t, h, as("ben"))
	ben.must(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: h.Epoch()}})
	for _, e := range ben.events(3) {
		if e.Body != nil {
			t.Errorf("seq %d still has the body %s", e.Seq, e.Body)
		}
	}
	if again := ada.must(post("general", "secret", "n")).Committed; !again.Repeated || !again.Event.Deleted() || again.Event.ID != m.ID {
		t.Errorf("a retry of the deleted message got %+v", again.Event)
	}
	ada.refused(chat.Edit{Channel: "general", ID: m.ID, Body: []byte(`"x"`)}, chat.CodeDeleted)
}

func TestEdit_ReplaysThePresentBodyAtItsFirstSeq(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	m := ada.must(post("general", "one", "")).Committed.Event
	ada.must(chat.Edit{Channel: "general", ID: m.ID, Body: []byte(`"two"`)})
	ben := connect(t, h, as("ben"))
	ben.refused(chat.Edit{Channel: "general", ID: m.ID, Body: []byte(`"x"`)}, chat.CodeForbidden)
	ben.refused(chat.Delete{Channel: "general", ID: m.ID}, chat.CodeForbidden)
	ben.must(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: h.Epoch()}})
	got := ben.events(2)
	if string(got[0].Body) != `"two"` || got[0].EditSeq != 2 || got[0].Seq != 1 || got[1].Kind != chat.KindEdit || got[1].TargetSeq != 1 {
		t.Errorf("replayed %+v and %+v", got[0], got[1])
	}
}

func TestMember_ABanEndsLiveSubscriptions(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	owner := as("owner", everything...)
	if _, err := h.PutChannel(t.Context(), &owner, chat.Channel{ID: chat.ChannelID{Project: "default", Name: "club"}, Kind: chat.Private}); err != nil {
		t.Fatal(err)
	}
	ben := connect(t, h, as("ben"))
	ben.refused(chat.Subscribe{Channel: "club"}, chat.CodeForbidden)
	set := func(m chat.Member) {
		t.Helper()
		if _, err := h.PutMember(t.Context(), &owner, "club", m); err != nil {
			t.Fatal(err)
		}
	}
	set(chat.Member{User: "ben", Role: chat.Reader})
	ben.must(chat.Subscribe{Channel: "club"})
	ben.level(1)
	ben.refused(post("club", "x", ""), chat.CodeForbidden)
	set(chat.Member{User: "ben", Role: chat.Ordinary})
	ben.must(post("club", "x", ""))
	set(chat.Member{User: "ben", Role: chat.Ordinary, Muted: true})
	ben.refused(post("club", "x", ""), chat.CodeMuted)
	set(chat.Member{User: "ben", Banned: true})
	ben.some("end of the subscription", func(g *chat.Delivery) bool {
		d, ok := g.Notice.(*chat.Dropped)
		return ok && d.Err.Code == chat.CodeBanned && d.Channel == "club"
	})
	ben.refused(chat.Subscribe{Channel: "club"}, chat.CodeBanned)
	ben.refused(chat.History{Channel: "club"}, chat.CodeBanned)
}

func TestDirect_IsForItsTwoUsersAlone(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	name := chat.DirectName("ada", "b:en~")
	if name != chat.DirectName("b:en~", "ada") {
		t.Error("the name depends on who asks")
	}
	connect(t, h, as("ada")).must(post(name, "hi", ""))
	connect(t, h, as("b:en~")).must(chat.Subscribe{Channel: name})
	connect(t, h, as("cy")).refused(chat.Subscribe{Channel: name}, chat.CodeForbidden)
	manager := as("cy", everything...)
	if _, _, err := h.Messages(t.Context(), &manager, name, chat.Page{}); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("who manages channels read a direct one: %v", err)
	}
}

func TestExpiry_ClosesTheSessionWithACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newClock()
	renewed := as("ada")
	renewed.Expires = c.Now().Add(time.Hour)
	h := newHub(t, chat.Options{Now: c.Now, Authenticate: func(context.Context, string) (chat.Identity, error) { return renewed, nil }})
	id := as("ada")
	id.Expires = c.Now().Add(time.Minute)
	d := connect(t, h, id)
	d.must(chat.Authenticate{Token: "renewed"})
	c.advance(2 * time.Minute)
	d.must(post("general", "still here", ""))
	c.advance(time.Hour)
	d.some("expiry", func(g *chat.Delivery) bool {
		_, ok := g.Notice.(*chat.Expiring)
		return ok && d.closed != nil && d.closed.Code == chat.CodeTokenExpired
	})
}

func TestDrain_TellsSessionsAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	d := connect(t, h, as("ada"))
	for i := range 50 {
		d.do(post("general", fmt.Sprint(i), ""))
	}
	h.Drain(t.Context(), time.Second)
	until(d, "going away", func(got []*chat.Delivery) (bool, bool) {
		acks, told := 0, false
		for _, g := range got {
			if g.Reply != nil && g.Reply.Committed != nil {
				acks++
			}
			if n, ok := g.Notice.(*chat.GoingAway); ok && n.RetryAfter <= time.Second {
				told = true
			}
		}
		return told, acks == 50 && told
	})
	if _, err := h.Connect(as("ben"), d); chat.CodeOf(err) != chat.CodeGoingAway {
		t.Errorf("a draining hub took a session: %v", err)
	}
	d.refused(post("general", "late", ""), chat.CodeGoingAway)
}
