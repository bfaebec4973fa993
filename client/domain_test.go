package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// viewer keeps a View of a channel, and lets tests wait for it.
type viewer struct {
	mu   sync.Mutex
	view client.View
	more chan struct{}
}

func (v *viewer) handle(e client.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.view.Apply(e)
	close(v.more)
	v.more = make(chan struct{})
}

// until waits until the view has come to seq.
func (v *viewer) until(ctx context.Context, t *testing.T, seq uint64) *client.View {
	t.Helper()
	for {
		v.mu.Lock()
		at, more := v.view.Position().Seq, v.more
		v.mu.Unlock()
		if at >= seq {
			return &v.view
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("the view stands at %d, not at %d", at, seq)
		}
	}
}

// watch begins a view with the last few messages and the state.
func watch(ctx context.Context, t *testing.T, c *client.Client, channel string, limit int) *viewer {
	t.Helper()
	v := &viewer{more: make(chan struct{})}
	page, err1 := c.History(ctx, channel, client.Range{Limit: limit})
	state, err2 := c.State(ctx, channel)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	v.view.AddPage(page)
	v.view.AddState(state)
	if _, err := c.Subscribe(ctx, channel, client.SubscribeOptions{From: v.view.Position()}, v.handle); err != nil {
		t.Fatal(err)
	}
	return v
}

func post(ctx context.Context, t *testing.T, c *client.Client, channel string, d client.Draft) client.Ack {
	t.Helper()
	ack, err := c.Publish(ctx, channel, d)
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

func TestThread_IsFlatCountedAndReadAlone(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, bob := dial(t, s.url, "ada", nil), dial(t, s.url, "bob", nil)
	v := watch(ctx, t, bob, "general", 10)
	root := post(ctx, t, ada, "general", client.Draft{Text: "root"})
	one := post(ctx, t, bob, "general", client.Draft{Text: "one", ParentID: root.ID, Mentions: []string{"ada"}})
	two := post(ctx, t, ada, "general", client.Draft{Text: "two", ParentID: one.ID})
	post(ctx, t, ada, "general", client.Draft{Text: "elsewhere"})
	gone, err := ada.Delete(ctx, "general", two.ID)
	if err != nil {
		t.Fatal(err)
	}
	page, err := ada.History(ctx, "general", client.Range{Thread: root.ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Messages) != 2 || page.Messages[0].Text != "one" || page.Messages[1].ParentID != root.ID || page.Messages[1].DeletedAt.IsZero() {
		t.Errorf("the thread: %+v", page.Messages)
	}
	view := v.until(ctx, t, gone.Seq)
	m := view.Message(root.ID)
	want := &client.Thread{Replies: 1, LastAt: two.CreatedAt, UserIDs: []string{"bob", "ada"}}
	if diff := cmp.Diff(want, m.Thread); diff != "" {
		t.Error(diff)
	}
	if got := view.Message(one.ID).Mentions; len(got) != 1 || got[0] != "ada" {
		t.Errorf("mentions: %v", got)
	}
	if n := len(view.Thread(root.ID)); n != 2 {
		t.Errorf("the view has %d replies", n)
	}
}

func TestReact_AndPinHangOnTheMessageForThoseWhoComeLater(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, bob := dial(t, s.url, "ada", nil), dial(t, s.url, "bob", nil)
	m := post(ctx, t, ada, "general", client.Draft{Text: "x"})
	_, err1 := ada.React(ctx, "general", m.ID, "👍", true)
	_, err2 := bob.React(ctx, "general", m.ID, "👍", true)
	again, err3 := bob.React(ctx, "general", m.ID, "👍", true)
	_, err4 := ada.Join(ctx, "general")
	pin, err5 := ada.Pin(ctx, "general", m.ID, true)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	if !again.Repeated || again.Seq != 3 {
		t.Errorf("a reaction that is there: %+v", again)
	}
	if _, err := bob.React(ctx, "general", m.ID, "<3", false); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("a reaction that is not there is taken away: %v", err)
	}
	pins, err := bob.Pins(ctx, "general")
	if err != nil {
		t.Fatal(err)
	}
	if len(pins) != 1 || pins[0].Pinned == nil || pins[0].Pinned.UserID != "ada" || pins[0].NotesSeq != pin.Seq {
		t.Errorf("pins: %+v", pins)
	}
	want := []client.Tally{{Reaction: "👍", Count: 2, UserIDs: []string{"ada", "bob"}}}
	if diff := cmp.Diff(want, pins[0].Reactions); diff != "" {
		t.Error(diff)
	}
}

func TestState_IsSetComparedAddedAndDeleted(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, bob := dial(t, s.url, "ada", nil), dial(t, s.url, "bob", nil)
	v := watch(ctx, t, bob, "board", 1)
	none := uint64(0)
	set, err := ada.SetState(ctx, "board", "title", []byte(`{"text": "Plan"}`), client.StateOptions{If: &none})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bob.SetState(ctx, "board", "title", []byte(`null`), client.StateOptions{If: &none}); chat.CodeOf(err) != chat.CodeVersion {
		t.Errorf("a key that is there: %v", err)
	}
	if _, err := bob.SetState(ctx, "board", "title", []byte(`null`), client.StateOptions{If: &set.Seq}); err != nil {
		t.Error(err)
	}
	sum, err1 := ada.AddState(ctx, "board", "votes", 5, client.StateOptions{})
	sum2, err2 := bob.AddState(ctx, "board", "votes", -7, client.StateOptions{Nonce: "once"})
	sum3, err3 := bob.AddState(ctx, "board", "votes", -7, client.StateOptions{Nonce: "once"})
	_, err4 := ada.SetState(ctx, "board", "gone", []byte(`1`), client.StateOptions{})
	last, err5 := ada.DeleteState(ctx, "board", "gone", client.StateOptions{})
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	if string(sum.Value) != "5" || string(sum2.Value) != "-2" || string(sum3.Value) != "-2" || !sum3.Repeated {
		t.Errorf("sums: %s %s %s", sum.Value, sum2.Value, sum3.Value)
	}
	snapshot, err := ada.State(ctx, "board")
	if err != nil {
		t.Fatal(err)
	}
	view := v.until(ctx, t, last.Seq)
	if diff := cmp.Diff(snapshot.Keys, view.Keys()); diff != "" {
		t.Errorf("keys (-snapshot +view):\n%s", diff)
	}
	if len(snapshot.Keys) != 2 || string(snapshot.Keys[0].Value) != "null" || snapshot.Keys[1].Version != sum2.Seq || snapshot.Head.Seq != last.Seq {
		t.Errorf("snapshot: %+v", snapshot)
	}
}

func TestState_ComesInPages(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	for i := range chat.MaxStateKeys {
		if _, err := s.hub.SetState(ctx, &chat.Identity{Project: chat.DefaultProject, Server: true, User: "ada"},
			chat.SetState{Channel: "board", Key: fmt.Sprintf("key %04d", i), Value: []byte(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
	}
	snapshot, err := ada.State(ctx, "board")
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshot.Keys) != chat.MaxStateKeys || snapshot.Keys[999].Key != "key 0999" || snapshot.ChannelID != "board" {
		t.Errorf("%d keys of %q", len(snapshot.Keys), snapshot.ChannelID)
	}
}

func TestChannels_AreListedByActivityWithWhatIsUnread(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, bob := dial(t, s.url, "manager", nil), dial(t, s.url, "bob", nil)
	private, err := ada.PutChannel(ctx, "plans", client.Settings{Kind: chat.Private, Title: "Plans", Retention: -1})
	if err != nil {
		t.Fatal(err)
	}
	if private.Kind != chat.Private || private.Title != "Plans" || private.Retention != -1 || private.ChannelID != "plans" {
		t.Errorf("made: %+v", private)
	}
	if _, err := bob.Join(ctx, "plans"); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("bob joins a private channel: %v", err)
	}
	_, err1 := ada.PutMember(ctx, "plans", client.Standing{UserID: "bob", Role: chat.Ordinary})
	_, err2 := bob.Join(ctx, "general")
	_, err3 := bob.Join(ctx, "general")
	_, err4 := ada.Join(ctx, "brief")
	_, err5 := bob.Join(ctx, "brief")
	left, err6 := bob.Leave(ctx, "brief")
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	if left.UserID != "bob" {
		t.Errorf("who left: %+v", left)
	}
	post(ctx, t, ada, "general", client.Draft{Text: "Hello"})
	called := post(ctx, t, ada, "general", client.Draft{Text: "@bob?", Mentions: []string{"bob"}})
	for !time.Now().After(called.CreatedAt.Add(time.Millisecond)) { // what is said in one millisecond is in the order of names
		runtime.Gosched()
	}
	last := post(ctx, t, ada, "plans", client.Draft{Text: "secret"})
	list, err := bob.Channels(ctx, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Channels) != 1 || list.Next == "" {
		t.Fatalf("the first page: %+v", list)
	}
	first := list.Channels[0]
	if first.ChannelID != "plans" || first.Last == nil || first.Last.Text != "secret" || first.Head.Seq != last.Seq || first.Head.Epoch == "" || first.Cursor.Unread != 1 || first.Role != chat.Ordinary {
		t.Errorf("the first channel: %+v", first)
	}
	rest, err := bob.Channels(ctx, list.Next, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest.Channels) != 1 || rest.Next != "" || rest.Channels[0].ChannelID != "general" || rest.Channels[0].Mentions != 1 || rest.Channels[0].Cursor.Unread != 2 {
		t.Errorf("the rest: %+v", rest)
	}
	if cursor, err := bob.MarkRead(ctx, "general", rest.Channels[0].Head.Seq); err != nil || cursor.Unread != 0 {
		t.Errorf("after reading: %+v, %v", cursor, err)
	}
}

func TestProfile_IsChangedInParts(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada := dial(t, s.url, "ada", nil)
	name, avatar, none := "Ada L.", "https://example.org/a.png", ""
	if _, err := ada.PutProfile(ctx, client.ProfileChange{UserName: &name, Avatar: &avatar, Meta: []byte(`{"k": 1}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.PutProfile(ctx, client.ProfileChange{Avatar: &none, Meta: []byte(`null`)}); err != nil {
		t.Fatal(err)
	}
	p, err := ada.PutProfile(ctx, client.ProfileChange{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&client.Profile{UserID: "ada", UserName: "Ada L."}, p); diff != "" {
		t.Error(diff)
	}
}

func TestBlock_RefusesDirectMessages(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	ada, bob := dial(t, s.url, "ada", nil), dial(t, s.url, "bob", nil)
	if err := ada.Block(ctx, "bob", true); err != nil {
		t.Fatal(err)
	}
	direct := chat.DirectName("ada", "bob")
	if _, err := bob.Publish(ctx, direct, client.Draft{Text: "Hello"}); chat.CodeOf(err) != chat.CodeBlocked {
		t.Errorf("a message to who wants none: %v", err)
	}
	if err := ada.Block(ctx, "bob", false); err != nil {
		t.Fatal(err)
	}
	post(ctx, t, bob, direct, client.Draft{Text: "Hello"})
}

// Connections break all the time, and every operation still takes effect once:
// the view of one who never left, of one who was always cut off, and of one
// who comes later are the same.
func TestView_IsTheSameHoweverOftenTheConnectionIsCut(t *testing.T) {
	t.Parallel()
	s, ctx := serve(t, chat.Options{}), within(t)
	proxy, address := through(t, s)
	steady, cut := dial(t, s.url, "steady", nil), dial(t, address, "cut", nil)
	watching := watch(ctx, t, cut, "general", 10)
	stayed := watch(ctx, t, steady, "general", 10)
	stop := make(chan struct{})
	var breaking sync.WaitGroup
	breaking.Go(func() {
		for n := int64(2000); ; n = 500 + rand.Int64N(6000) {
			select {
			case <-stop:
				proxy.CutAfter(0)
				return
			case <-time.After(30 * time.Millisecond):
				proxy.CutAfter(n)
			}
		}
	})
	added := act(ctx, t, cut, 120)
	close(stop)
	breaking.Wait()

	snapshot, err := steady.State(ctx, "general")
	if err != nil {
		t.Fatal(err)
	}
	late := new(client.View)
	page, err := steady.History(ctx, "general", client.Range{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	late.AddPage(page)
	late.AddState(snapshot)
	if k := late.Key("sum"); k == nil || string(k.Value) != strconv.Itoa(added) {
		t.Errorf("%d was added, the sum is %+v", added, k)
	}
	for name, v := range map[string]*viewer{"stayed": stayed, "cut": watching} {
		view := v.until(ctx, t, page.Head.Seq)
		if diff := cmp.Diff(late.Messages(), view.Messages(), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(client.Message{}, "Redelivered")); diff != "" {
			t.Errorf("messages (-late +%s):\n%s", name, diff)
		}
		if diff := cmp.Diff(late.Keys(), view.Keys()); diff != "" {
			t.Errorf("keys (-late +%s):\n%s", name, diff)
		}
	}
}

// act does n things of all sorts, and returns what it added to the key "sum".
func act(ctx context.Context, t *testing.T, c *client.Client, n int) (added int) {
	t.Helper()
	var ids []string
	on := map[string]bool{}
	for i := range n {
		var err error
		id := ""
		if len(ids) > 0 {
			id = ids[rand.IntN(len(ids))]
		}
		switch what := rand.IntN(9); {
		case id == "" || what < 3:
			var ack client.Ack
			d := client.Draft{Text: fmt.Sprint("message ", i)}
			if what == 1 {
				d.ParentID = id
			}
			if ack, err = c.Publish(ctx, "general", d); err == nil {
				ids = append(ids, ack.ID)
			}
		case what == 3:
			_, err = c.Edit(ctx, "general", id, client.Draft{Text: fmt.Sprint("edit ", i)})
		case what == 4 && rand.IntN(3) == 0:
			_, err = c.Delete(ctx, "general", id)
		case what <= 6:
			_, err = c.React(ctx, "general", id, "+1", !on[id])
			on[id] = !on[id]
		case what == 7:
			_, err = c.SetState(ctx, "general", fmt.Sprint("key ", rand.IntN(3)), []byte(strconv.Itoa(i)), client.StateOptions{})
		default:
			added += i
			_, err = c.AddState(ctx, "general", "sum", int64(i), client.StateOptions{})
		}
		if code := chat.CodeOf(err); err != nil && code != chat.CodeDeleted && code != chat.CodeNotFound {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	return added
}
