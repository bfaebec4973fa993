package wiretest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// odd holds what quoting must get right; the last is not UTF-8.
func odd() []string {
	return []string{"", "Ada", `"\/` + "\b\f\n\r\t", "\x00\x1f\x7f", "\u2028\u2029<&>", "\U0001F600 e\u0301", "\xff\xc3"}
}

// testEncode gives codecs, fresh ones and such that have spoken, everything
// that a session may send.
func testEncode(t *testing.T, d wire.Dialect, frames [][]byte) {
	for _, c := range []wire.Codec{d.New("fresh"), spoken(d, frames)} {
		for _, delivery := range deliveries() {
			_ = c.Shared(delivery)
			for _, frame := range encode(c, delivery) {
				checkFrame(t, []byte(frame))
			}
		}
	}
}

// testShared compares what two connections get that differ in all they can.
func testShared(t *testing.T, d wire.Dialect, frames [][]byte) {
	a, b := d.New("one"), spoken(d, frames)
	greet(a, &chat.Connected{Session: "one", User: "alice"})
	greet(b, &chat.Connected{Session: "two", User: "bob"})
	for _, delivery := range deliveries() {
		if !a.Shared(delivery) || !b.Shared(delivery) {
			continue
		}
		if delivery.Reply != nil || delivery.Notice != nil {
			t.Errorf("%+v is to one session, and shared", delivery)
		}
		if diff := cmp.Diff(encode(a, delivery), encode(b, delivery)); diff != "" {
			t.Errorf("%+v is shared, and differs:\n%s", delivery, diff)
		}
	}
}

// greet tells a codec who its session is, and gives it a place in a channel.
func greet(c wire.Codec, who *chat.Connected) {
	begun := &chat.Subscribed{Channel: "general", From: chat.Position{Epoch: "e", Seq: 6}}
	for _, r := range []*chat.Reply{{Connected: who}, {Command: chat.Subscribe{Channel: "general"}, Subscribed: begun}} {
		c.Encode(&chat.Delivery{Reply: r}, func([]byte) {})
	}
}

func encode(c wire.Codec, d *chat.Delivery) []string {
	var frames []string
	c.Encode(d, func(frame []byte) { frames = append(frames, string(frame)) })
	return frames
}

// deliveries are one of everything, some of them odd.
func deliveries() []*chat.Delivery {
	var all []*chat.Delivery
	for _, e := range events() {
		all = append(all, &chat.Delivery{Event: e}, &chat.Delivery{Event: e, Redelivered: true})
	}
	for _, s := range signals() {
		all = append(all, &chat.Delivery{Signal: s})
	}
	for _, r := range replies() {
		all = append(all, &chat.Delivery{Reply: r})
	}
	for _, n := range notified() {
		all = append(all, &chat.Delivery{Notice: n})
	}
	return append(all, &chat.Delivery{})
}

func instant() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 123e6, time.UTC) }

func general() chat.ChannelID {
	return chat.ChannelID{Project: chat.DefaultProject, Name: "general"}
}

func events() []*chat.Event {
	base := chat.Event{
		Channel: general(), Seq: 7, At: instant(), Sender: "alice", Session: "elsewhere",
		ID: "01945a3e-8f2a-7c3d-9a51-3f0c5a1b2c3d", Kind: chat.KindMessage,
	}
	bodies := []string{
		`"Hello"`, `""`, `"\u2028\ud83d\ude00"`, `null`, `true`, `-1.5e3`, `[1, 2]`, `{}`, `{ "text" : "x" }`,
		`{"text":1,"message":"x"}`, `{"type":"file","url":"/files/1","fileName":"a \"b\".txt","fileSize":3}`, `{"type":"file"}`,
	}
	var all []*chat.Event
	add := func(change func(*chat.Event)) {
		e := base
		change(&e)
		all = append(all, &e)
	}
	for _, body := range bodies {
		add(func(e *chat.Event) { e.Body = []byte(body) })
		add(func(e *chat.Event) { e.Kind, e.TargetSeq, e.Body = chat.KindEdit, 3, []byte(body) })
	}
	for _, name := range odd() {
		add(func(e *chat.Event) {
			e.Body, e.SenderName, e.Nonce, e.Sender = []byte(`"x"`), name, name, name
			e.Meta = []byte(`{"rooms":{"timestamp":"x","id":5,"userId":"mallory","extra":[1]},"rest":{}}`)
		})
	}
	add(func(e *chat.Event) { e.DeletedAt = instant() })
	add(func(e *chat.Event) { e.Body, e.EditSeq, e.EditedAt = []byte(`"x"`), 9, instant() })
	add(func(e *chat.Event) { e.Kind, e.TargetSeq, e.DeletedAt = chat.KindEdit, 3, instant() })
	add(func(e *chat.Event) { e.Kind, e.TargetSeq = chat.KindDelete, 3 })
	add(func(e *chat.Event) {
		e.Kind, e.ID, e.Member = chat.KindMember, "", &chat.Member{User: "bob", Role: chat.Moderator, Banned: true}
	})
	add(func(e *chat.Event) { e.Kind, e.Member = chat.KindMember, nil })
	for _, name := range odd() {
		add(func(e *chat.Event) {
			e.Body, e.ParentID, e.Mentions, e.ExpiresAt = []byte(`"x"`), name, []string{name, "bob"}, instant()
			e.Notes = notes(name)
		})
		add(func(e *chat.Event) {
			e.Kind, e.TargetSeq, e.Name, e.SenderName, e.On = chat.KindReaction, 3, name, name, true
		})
		add(func(e *chat.Event) { e.Kind, e.ID, e.Name, e.Body = chat.KindState, "", name, []byte(`{"a": [null]}`) })
	}
	add(func(e *chat.Event) {
		e.DeletedAt, e.Notes, e.Mentions = instant(), &chat.Notes{Through: 9}, []string{"bob"}
	})
	add(func(e *chat.Event) { e.Kind, e.TargetSeq, e.Sender, e.ParentID = chat.KindDelete, 3, "", "parent" })
	add(func(e *chat.Event) { e.Kind, e.TargetSeq = chat.KindReaction, 3 })
	add(func(e *chat.Event) { e.Kind, e.TargetSeq, e.On = chat.KindPin, 3, true })
	add(func(e *chat.Event) { e.Kind, e.ID, e.Name, e.Sender = chat.KindState, "", "key", "" })
	add(func(e *chat.Event) {
		e.Kind, e.ID, e.Name, e.Body, e.ExpiresAt = chat.KindState, "", "key", []byte(`null`), instant()
	})
	for _, call := range calls() {
		add(func(e *chat.Event) { e.Kind, e.ID, e.Call = chat.KindCall, "", call })
	}
	add(func(e *chat.Event) { e.Kind = chat.KindCall })
	add(func(e *chat.Event) { e.Kind = 200 })
	return all
}

// calls are one in each state, as its caller began it.
func calls() []*chat.Call {
	begun := chat.Call{
		ID: "01945a3e-0000-7000-8000-00000000ca11", Channel: general(), Caller: "alice", CallerName: "Al\"", Callee: "bob",
		Data: []byte(`{"video": true, "callId": "x", "type": "x"}`), State: chat.Ringing, By: "alice", StartedAt: instant(),
	}
	list := []*chat.Call{&begun}
	for state, by := range map[chat.CallState]string{
		chat.Accepted: "bob", chat.Declined: "bob", chat.Busy: "bob", chat.Ended: "alice", chat.Missed: "",
	} {
		next := begun
		next.State, next.By, next.Data = state, by, nil
		if next.Over() {
			next.EndedAt = instant()
		}
		if state == chat.Accepted || state == chat.Ended {
			next.AnsweredAt = instant()
		}
		list = append(list, &next)
	}
	bare := begun
	bare.Data = []byte(`[1]`)
	return append(list, &bare)
}

func notes(name string) *chat.Notes {
	return &chat.Notes{
		Through:   9,
		Reactions: []chat.Reaction{{Name: name, Count: 2, Users: []string{name, "bob"}}, {Name: "+1", Count: 40}},
		Thread:    chat.Thread{Replies: 3, LastAt: instant(), Users: []string{name}},
		PinnedBy:  name,
		PinnedAt:  instant(),
	}
}

// listing has a channel of every sort, and one of which little is known.
func listing(name string) *chat.Listing {
	return &chat.Listing{Next: name, Channels: []chat.Listed{
		{
			Channel: &chat.Channel{ID: general(), Kind: chat.Open, Title: name, Public: true, CreatedAt: instant()},
			Role:    chat.Owner, Head: chat.Head{Seq: 9}, Unread: 3, Mentions: 1, Last: events()[0],
		},
		{Channel: &chat.Channel{ID: general(), Kind: chat.Private, Retention: -1}},
	}}
}

func people() []chat.Presence {
	return []chat.Presence{
		{User: "alice", Name: "Alice", Status: chat.Online},
		{User: "bob", Status: chat.Away, Custom: "at\nlunch", LastSeen: instant()},
	}
}

// strangers are none of those who are on the connections that are compared.
func strangers() []chat.Presence {
	return []chat.Presence{{User: "carol", Name: "C\"", Status: chat.Online}}
}

func signals() []*chat.Signal {
	base := chat.Signal{Channel: general(), User: "alice", At: instant()}
	var all []*chat.Signal
	add := func(change func(*chat.Signal)) {
		s := base
		change(&s)
		all = append(all, &s)
	}
	add(func(s *chat.Signal) { s.Kind, s.Typing, s.UserName = chat.SignalTyping, true, "Alice" })
	add(func(s *chat.Signal) { s.Kind = chat.SignalTyping })
	add(func(s *chat.Signal) { s.Kind, s.Joined = chat.SignalPresence, people() })
	add(func(s *chat.Signal) { s.Kind, s.Left, s.Changed = chat.SignalPresence, people()[1:], people() })
	add(func(s *chat.Signal) { s.Kind = chat.SignalPresence })
	add(func(s *chat.Signal) { s.Kind, s.Joined, s.Left = chat.SignalPresence, strangers(), strangers() })
	add(func(s *chat.Signal) { s.Kind, s.Seq = chat.SignalDelivered, 5 })
	add(func(s *chat.Signal) { s.Kind, s.Seq = chat.SignalRead, 5 })
	add(func(s *chat.Signal) { s.Kind, s.Seq, s.ID = chat.SignalRead, 5, "01945a3e" })
	add(func(s *chat.Signal) { s.Kind, s.Name, s.Data = chat.SignalCustom, "x\"y", []byte(`{"a":[1,2]}`) })
	add(func(s *chat.Signal) { s.Kind, s.Name, s.Channel.Name = chat.SignalCustom, "call", "" })
	for _, name := range []string{"user_connected", "offer", "answer", "ice-candidate"} {
		for _, data := range []string{``, `"x"`, `{"userId":"mallory","senderId":"mallory","type":"x","offer":{"a":[1]}}`} {
			add(func(s *chat.Signal) {
				s.Kind, s.Name, s.Channel.Name, s.Data = chat.SignalCustom, name, "", nil
				if data != "" {
					s.Data = []byte(data)
				}
			})
		}
	}
	for _, call := range calls() {
		add(func(s *chat.Signal) { s.Kind, s.Channel.Name, s.Call = chat.SignalCall, "", call })
	}
	add(func(s *chat.Signal) { s.Kind = chat.SignalCall })
	add(func(s *chat.Signal) { s.Kind, s.Role = chat.SignalMembership, chat.Ordinary })
	add(func(s *chat.Signal) { s.Kind = chat.SignalMembership })
	add(func(s *chat.Signal) { s.Kind = 200 })
	return all
}

// replies pair every command with every result, sensible or not.
func replies() []*chat.Reply {
	var all []*chat.Reply
	for _, cmd := range commands() {
		for _, r := range results() {
			for _, ref := range []any{nil, 5, "ref"} {
				r.Ref, r.Command = ref, cmd
				one := r
				all = append(all, &one)
			}
		}
	}
	return all
}

func commands() []chat.Command {
	text := []byte(`"x"`)
	return []chat.Command{
		nil,
		chat.Authenticate{Token: "t"},
		chat.Subscribe{Channel: "general"},
		chat.Unsubscribe{Channel: "general"},
		chat.Post{Channel: "general", Body: text, Nonce: "n"},
		chat.Edit{Channel: "general", ID: "i", Body: text, Nonce: "n"},
		chat.Delete{Channel: "general", ID: "i", Nonce: "n"},
		chat.History{},
		chat.Changes{Channel: "general"},
		chat.Typing{},
		chat.SetPresence{},
		chat.Delivered{},
		chat.Read{},
		chat.Send{},
		chat.Ping{},
		chat.React{Channel: "general", ID: "i", Name: "+1", On: true, Nonce: "n"},
		chat.Pin{Channel: "general", ID: "i", Nonce: "n"},
		chat.SetState{Channel: "general", Key: "k", Value: text, Nonce: "n"},
		chat.SetState{Channel: "general", Key: "k", Add: new(int64), Nonce: "n"},
		chat.GetState{Channel: "general", Limit: 2},
		chat.Pins{Channel: "general"},
		chat.Channels{},
		chat.PutChannel{Settings: chat.Channel{ID: general()}},
		chat.PutMember{Channel: "general", Member: chat.Member{User: "bob", Role: chat.Reader}},
		chat.PutProfile{},
		chat.Block{User: "bob", On: true},
		chat.StartCall{To: "bob", Data: text},
		chat.AnswerCall{Peer: "bob", State: chat.Accepted},
		chat.AnswerCall{ID: "i", State: chat.Ended},
		chat.SetDevice{ID: "d"},
		chat.Keep{Ticket: "t"},
	}
}

func results() []chat.Reply {
	expired := chat.E(chat.CodeExpired, "gone")
	expired.Expired = &chat.Expired{Reason: "horizon", Oldest: chat.Position{Epoch: "e", Seq: 5}}
	limited := chat.E(chat.CodeRateLimited, "slow \"down\"")
	limited.RetryAfter = 400 * time.Millisecond
	return []chat.Reply{
		{},
		{Err: expired},
		{Err: limited},
		{Err: chat.E(chat.CodeInternal, "")},
		{Connected: &chat.Connected{Session: "s", User: "alice", Name: "A\"", Expires: instant()}},
		{Connected: &chat.Connected{Guest: true}},
		{Subscribed: &chat.Subscribed{Channel: "general", From: chat.Position{Epoch: "e", Seq: 3}, Role: chat.Owner}},
		{Committed: &chat.Committed{Event: events()[0], Repeated: true}},
		{Messages: slices.DeleteFunc(events(), func(e *chat.Event) bool { return e.Kind != chat.KindMessage }), Epoch: "e"},
		{Events: events(), Epoch: "e", Head: chat.Head{Seq: 9, Next: 4}},
		{Cursor: &chat.Cursor{Channel: general(), User: "alice", Read: 4}},
		{Committed: &chat.Committed{Event: &chat.Event{
			Channel: general(), Seq: 8, Kind: chat.KindState, At: instant(), Name: "k\"", Body: []byte(`12`),
		}}},
		{Committed: &chat.Committed{Event: &chat.Event{
			Channel: general(), Seq: 8, Kind: chat.KindMember, At: instant(), Member: &chat.Member{User: "bob"},
		}}},
		{State: &chat.StatePage{Keys: []*chat.StateKey{
			{Key: "k\"", Value: []byte(`{"a": 1}`), Version: 7, By: "alice", At: instant(), ExpiresAt: instant()},
			{Key: "l", Value: []byte(`null`), Version: 8, At: instant()},
		}, Head: chat.Head{Seq: 9}}, Epoch: "e"},
		{Channels: listing("n\""), Epoch: "e"},
		{Channel: &chat.Channel{ID: general(), Kind: chat.Open, Title: "T\"", Retention: time.Hour, CreatedAt: instant()}},
		{Call: calls()[0]},
		{Ticket: &chat.Ticket{ID: "t", User: "alice", Channels: []string{"general", ""}, At: instant()}, Recovered: true},
		{Profile: &chat.User{ID: "alice", Name: "A\"", Avatar: "https://example.org/a.png", Meta: []byte(`{"k": 1}`)}},
	}
}

func notified() []chat.Notice {
	cursors := []chat.Cursor{{Channel: general(), User: "bob", Delivered: 4, Read: 3}}
	return []chat.Notice{
		&chat.Level{Channel: "general", Position: chat.Position{Epoch: "e", Seq: 7}},
		&chat.Level{Channel: "general", Present: people(), Typing: people()[:1], Cursors: cursors},
		&chat.Dropped{Channel: "general", Err: chat.E(chat.CodeBanned, "banned")},
		&chat.Dropped{Channel: "general"},
		&chat.Opened{Subscribed: &chat.Subscribed{
			Channel: "dm:alice:bob", From: chat.Position{Epoch: "e", Seq: 6}, Head: chat.Head{Seq: 7, Next: 7},
		}},
		&chat.Opened{},
		&chat.GoingAway{RetryAfter: 1500 * time.Millisecond},
		&chat.Expiring{Err: chat.E(chat.CodeTokenExpired, "expired")},
		&chat.Expiring{},
	}
}
