package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var directoryChecks = []check{
	{"Channel_IsMadeOnFirstUse", channelOnFirstUse},
	{"Channel_DirectIsMadeWithItsMembers", directChannel},
	{"Open_IsOneStateOfWhatOthersTell", opening},
	{"PutChannel_ReplacesSettingsAndNotTheLog", putChannel},
	{"PutChannel_RefusesBadSettings", putChannelRefuses},
	{"Channels_ComeInNameOrder", channelsInOrder},
	{"Member_FollowsItsEvents", memberFollows},
	{"Member_ChangesOnlyTheStandingThatWasMeant", memberMeant},
	{"Members_ComeInIDOrder", membersInOrder},
	{"Users_ArePutAndRead", users},
}

func channelOnFirstUse(b *bundle) {
	_, err := b.Channel(b.ctx, general)
	b.wantCode(err, chat.CodeNotFound)
	m := b.post("x")
	got, err := b.Channel(b.ctx, general)
	b.noError(err)
	b.same("channel", got, &chat.Channel{ID: general, Kind: chat.Open, CreatedAt: m.At})
	ms, err := b.Members(b.ctx, general, "", 10)
	b.noError(err)
	b.same("members", ms, []*chat.Member{})
}

func directChannel(b *bundle) {
	ch := chat.ChannelID{Project: "acme", Name: chat.DirectName("bob", "ann:~")}
	m := b.must(message(ch, "bob", "x"))
	got, err := b.Channel(b.ctx, ch)
	b.noError(err)
	b.same("channel", got, &chat.Channel{ID: ch, Kind: chat.Direct, CreatedAt: m.At})
	ms, err := b.Members(b.ctx, ch, "", 10)
	b.noError(err)
	b.same("members", ms, []*chat.Member{
		{User: "ann:~", Role: chat.Ordinary, Since: m.At}, {User: "bob", Role: chat.Ordinary, Since: m.At},
	})
	_, err = b.try(message(chat.ChannelID{Project: "acme", Name: chat.DirectPrefix + "x"}, "bob", "x"))
	b.wantCode(err, chat.CodeInvalid)
}

// opening compares Open with Channel, Head and Members after each step that
// changes one of them.
func opening(b *bundle) {
	other := chat.ChannelID{Project: "acme", Name: "other"}
	direct := chat.ChannelID{Project: "acme", Name: chat.DirectName("ann", "bob")}
	compare := func(after string) {
		b.t.Helper()
		for _, ch := range []chat.ChannelID{general, other, direct} {
			got, err := b.Open(b.ctx, ch)
			b.noError(err)
			settings, err := b.Channel(b.ctx, ch)
			if chat.CodeOf(err) != chat.CodeNotFound {
				b.noError(err)
			}
			b.same(after+": settings of "+ch.Name, got.Settings, settings)
			b.same(after+": head of "+ch.Name, got.Head, b.head(ch))
			ms, err := b.Members(b.ctx, ch, "", 10)
			b.noError(err)
			if len(ms) > 0 && !got.Members {
				b.t.Errorf("%s: nobody has a standing in %s but %s", after, ch.Name, ms[0].User)
			}
		}
	}
	join := func(ch chat.ChannelID, role chat.Role) {
		b.must(&chat.Draft{Channel: ch, Kind: chat.KindMember, Sender: "ann", Member: &chat.Member{User: "ann", Role: role}})
	}
	compare("nothing")
	b.post("x")
	compare("a message")
	o, err := b.Open(b.ctx, general)
	b.noError(err)
	if o.Members {
		b.t.Error("a channel of one message has members")
	}
	b.reopen()
	compare("a reopening")
	b.post("x")
	b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: general, Kind: chat.Private, Title: "General"}))
	compare("settings")
	b.reopen()
	b.post("x")
	compare("settings, a reopening and a message")
	join(general, chat.Ordinary)
	compare("a member")
	join(general, chat.NoRole)
	compare("a member less")
	join(other, chat.Ordinary)
	compare("a channel's first event is a member's")
	b.must(message(direct, "bob", "x"))
	compare("a direct channel")
}

func putChannel(b *bundle) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := &chat.Channel{ID: general, Kind: chat.Private, Public: true, Title: "General", Retention: -1, CreatedAt: at}
	b.noError(b.PutChannel(b.ctx, c))
	got, err := b.Channel(b.ctx, general)
	b.noError(err)
	b.same("channel", got, c)
	b.same("head", b.head(general), chat.Head{})
	b.post("x")
	got, err = b.Channel(b.ctx, general)
	b.noError(err)
	b.same("channel after a message", got, c)
	h := b.head(general)
	c2 := &chat.Channel{ID: general, Kind: chat.Open, Title: "Again", Retention: time.Hour}
	b.noError(b.PutChannel(b.ctx, c2))
	b.reopen()
	got, err = b.Channel(b.ctx, general)
	b.noError(err)
	want := *c2
	want.CreatedAt = at // kept, as none was given
	b.same("channel replaced", got, &want)
	b.same("head", b.head(general), h)
}

func putChannelRefuses(b *bundle) {
	direct := chat.ChannelID{Project: "acme", Name: chat.DirectName("a", "b")}
	for name, c := range map[string]*chat.Channel{
		"no kind":     {ID: general},
		"no project":  {ID: chat.ChannelID{Name: "x"}, Kind: chat.Open},
		"no name":     {ID: chat.ChannelID{Project: "acme"}, Kind: chat.Open},
		"false name":  {ID: direct, Kind: chat.Private},
		"false kind":  {ID: general, Kind: chat.Direct},
		"bad name":    {ID: chat.ChannelID{Project: "acme", Name: " x"}, Kind: chat.Open},
		"half direct": {ID: chat.ChannelID{Project: "acme", Name: "dm:a"}, Kind: chat.Direct},
	} {
		if err := b.PutChannel(b.ctx, c); chat.CodeOf(err) != chat.CodeInvalid {
			b.t.Errorf("%s: %v", name, err)
		}
	}
}

func channelsInOrder(b *bundle) {
	want := []string{"A", "Z", "a", "a b", "a.b", "aa", "b", "é"}
	for i := range want {
		name := want[(i*3)%len(want)]
		b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: chat.ChannelID{Project: "acme", Name: name}, Kind: chat.Open}))
	}
	b.same("names", b.channelNames("acme"), want)
	var paged []string
	for after := ""; ; {
		cs, err := b.Channels(b.ctx, "acme", after, 3)
		b.noError(err)
		if len(cs) == 0 {
			break
		}
		for _, c := range cs {
			paged = append(paged, c.ID.Name)
			after = c.ID.Name
		}
	}
	b.same("paged", paged, want)
	cs, err := b.Channels(b.ctx, "acme", "aZ", 1) // a name that is not there
	b.noError(err)
	b.same("after nothing", cs[0].ID.Name, "aa")
	_, err = b.Channels(b.ctx, "acme", "", 0)
	b.wantCode(err, chat.CodeInvalid)
}

func memberFollows(b *bundle) {
	_, err := b.Member(b.ctx, general, "bob")
	b.wantCode(err, chat.CodeNotFound)
	joined := b.must(member(general, chat.Member{User: "bob", Role: chat.Ordinary}))
	want := chat.Member{User: "bob", Role: chat.Ordinary, Since: joined.At}
	b.same("event", joined.Member, &want)
	b.isMember(want)
	b.opened.Advance(time.Minute)
	b.must(member(general, chat.Member{User: "bob", Role: chat.Moderator, Muted: true}))
	want.Role, want.Muted = chat.Moderator, true
	b.isMember(want)
	banned := b.must(member(general, chat.Member{User: "bob", Banned: true, Since: joined.At}))
	want = chat.Member{User: "bob", Banned: true, Since: joined.At}
	b.isMember(want)
	b.same("event", banned.Member, &want)
	b.must(member(general, chat.Member{User: "bob"}))
	_, err = b.Member(b.ctx, general, "bob")
	b.wantCode(err, chat.CodeNotFound)
	again := b.must(member(general, chat.Member{User: "bob", Role: chat.Reader}))
	b.isMember(chat.Member{User: "bob", Role: chat.Reader, Since: again.At})
	b.reopen()
	b.isMember(chat.Member{User: "bob", Role: chat.Reader, Since: again.At})
	b.same("sequence", b.head(general).Next, uint64(0))
}

// memberMeant has drafts say which standing they change: one that is durable, one
// that is under way, and none.
func memberMeant(b *bundle) {
	change := func(was, m chat.Member) *chat.Draft {
		d := member(general, m)
		d.Was = &was
		return d
	}
	none, joined := chat.Member{User: "bob"}, chat.Member{User: "bob", Role: chat.Ordinary}
	muted := chat.Member{User: "bob", Role: chat.Ordinary, Muted: true}
	_, err := b.try(change(joined, none))
	b.wantCode(err, chat.CodeVersion)
	joined.Since = b.must(change(none, joined)).At
	b.isMember(joined)
	first, second, third := b.queue(change(joined, muted)), b.queue(change(joined, none)), b.queue(change(muted, joined))
	b.noError((<-first).err)
	b.wantCode((<-second).err, chat.CodeVersion)
	b.noError((<-third).err)
	b.reopen()
	_, err = b.try(change(muted, none))
	b.wantCode(err, chat.CodeVersion)
	b.isMember(joined)
	b.same("sequence of events", b.head(general).Seq, uint64(3))
}

func (b *bundle) isMember(want chat.Member) {
	b.t.Helper()
	got, err := b.Member(b.ctx, general, want.User)
	b.noError(err)
	b.same("member", got, &want)
}

func membersInOrder(b *bundle) {
	for i := range 10 {
		b.must(member(general, chat.Member{User: fmt.Sprint("u", (i*7)%10), Role: chat.Ordinary}))
	}
	b.must(member(chat.ChannelID{Project: "acme", Name: "general2"}, chat.Member{User: "u99", Role: chat.Ordinary}))
	var got []string
	for after := ""; ; {
		ms, err := b.Members(b.ctx, general, after, 4)
		b.noError(err)
		if len(ms) == 0 {
			break
		}
		for _, m := range ms {
			got = append(got, m.User)
			after = m.User
		}
	}
	b.same("members", got, []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"})
}

func users(b *bundle) {
	_, err := b.User(b.ctx, "acme", "ann")
	b.wantCode(err, chat.CodeNotFound)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	ann := &chat.User{Project: "acme", ID: "ann", Name: "Ann", Status: "away", LastSeen: at}
	bob := &chat.User{Project: "acme", ID: "bob"}
	b.noError(b.PutUsers(b.ctx, []*chat.User{ann, bob, {Project: "other", ID: "ann", Name: "Other"}}))
	b.noError(b.PutUsers(b.ctx, nil))
	b.reopen()
	for _, want := range []*chat.User{ann, bob} {
		got, err := b.User(b.ctx, "acme", want.ID)
		b.noError(err)
		b.same("user", got, want)
	}
	ann2 := &chat.User{Project: "acme", ID: "ann", Name: "Anne"}
	b.noError(b.PutUsers(b.ctx, []*chat.User{ann, ann2}))
	got, err := b.User(b.ctx, "acme", "ann")
	b.noError(err)
	b.same("the last of two", got, ann2)
	b.wantCode(b.PutUsers(b.ctx, []*chat.User{{Project: "acme"}}), chat.CodeInvalid)
	b.wantCode(b.PutUsers(b.ctx, []*chat.User{{ID: "ann"}}), chat.CodeInvalid)
}
