package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var peopleChecks = []check{
	{"Joined_FollowsRoles", joinedFollows},
	{"Joined_HasDirectChannelsOnceSomethingWasSaid", joinedDirect},
	{"Joined_ComesInNameOrder", joinedInOrder},
	{"Users_ComeInIDOrder", usersInOrder},
	{"Users_KeepAvatarAndMeta", usersKeep},
	{"Blocks_ArePutAndTakenBack", blocks},
}

func (b *bundle) joined(user string) []string {
	b.t.Helper()
	names, err := b.Joined(b.ctx, "acme", user, "", 1000)
	b.noError(err)
	return names
}

func joinedFollows(b *bundle) {
	b.post("x") // who only talks in an open channel has not joined it
	b.same("nobody", b.joined("ann"), []string{})
	b.must(member(general, chat.Member{User: "ann", Role: chat.Reader}))
	b.same("joined", b.joined("ann"), []string{"general"})
	b.must(member(general, chat.Member{User: "ann", Role: chat.Owner, Muted: true}))
	b.reopen()
	b.same("promoted", b.joined("ann"), []string{"general"})
	b.must(member(general, chat.Member{User: "ann", Banned: true}))
	b.same("banned", b.joined("ann"), []string{})
	b.must(member(general, chat.Member{User: "ann", Role: chat.Ordinary}))
	e := b.must(member(general, chat.Member{User: "ann"}))
	b.same("left", b.joined("ann"), []string{})
	b.must(member(general, chat.Member{User: "ann", Role: chat.Ordinary}))
	b.expire(e.At.Add(chat.DefaultRetention+day), int(b.head(general).Seq))
	b.same("outlives its events", b.joined("ann"), []string{"general"})
	names, err := b.Joined(b.ctx, "other", "ann", "", 10)
	b.noError(err)
	b.same("in another project", names, []string{})
}

func joinedDirect(b *bundle) {
	ch := chat.ChannelID{Project: "acme", Name: chat.DirectName("bob", "ann")}
	b.noError(b.PutChannel(b.ctx, &chat.Channel{ID: ch, Kind: chat.Direct}))
	b.same("made", b.joined("ann"), []string{})
	b.must(message(ch, "bob", "x"))
	b.same("ann", b.joined("ann"), []string{ch.Name})
	b.same("bob", b.joined("bob"), []string{ch.Name})
	b.must(member(ch, chat.Member{User: "ann", Banned: true}))
	b.reopen()
	b.same("banned", b.joined("ann"), []string{ch.Name})
	second := chat.ChannelID{Project: "acme", Name: chat.DirectName("cyd", "dan")}
	b.must(member(second, chat.Member{User: "cyd", Banned: true}))
	got, err := b.Member(b.ctx, second, "cyd")
	b.noError(err)
	if !got.Banned || got.Role != chat.NoRole {
		b.t.Errorf("the event that made the channel banned cyd, who is %+v", got)
	}
	b.same("nothing was said to the banned", b.joined("cyd"), []string{})
	b.must(message(second, "dan", "x"))
	b.same("cyd", b.joined("cyd"), []string{second.Name})
	b.same("dan", b.joined("dan"), []string{second.Name})
}

func joinedInOrder(b *bundle) {
	for i := range 10 {
		b.must(member(chat.ChannelID{Project: "acme", Name: fmt.Sprint("c", (i*7)%10)}, chat.Member{User: "ann", Role: chat.Ordinary}))
	}
	b.must(member(chat.ChannelID{Project: "acme", Name: "c99"}, chat.Member{User: "anna", Role: chat.Ordinary}))
	var got []string
	for after := ""; ; {
		names, err := b.Joined(b.ctx, "acme", "ann", after, 4)
		b.noError(err)
		if len(names) == 0 {
			break
		}
		got = append(got, names...)
		after = names[len(names)-1]
	}
	b.same("names", got, []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"})
	_, err := b.Joined(b.ctx, "acme", "ann", "", 0)
	b.wantCode(err, chat.CodeInvalid)
}

func usersInOrder(b *bundle) {
	var all []*chat.User
	for i := range 10 {
		all = append(all, &chat.User{Project: "acme", ID: fmt.Sprint("u", (i*7)%10)})
	}
	b.noError(b.PutUsers(b.ctx, append(all, &chat.User{Project: "acme2", ID: "u99"})))
	var got []string
	for after := ""; ; {
		us, err := b.Users(b.ctx, "acme", after, 4)
		b.noError(err)
		if len(us) == 0 {
			break
		}
		for _, u := range us {
			got = append(got, u.ID)
			after = u.ID
		}
	}
	b.same("users", got, []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"})
}

func usersKeep(b *bundle) {
	u := &chat.User{
		Project: "acme", ID: "ann", Name: "Ann", Status: "away", Avatar: "https://example.org/ann.png",
		Meta: []byte(`{"k":1}`), LastSeen: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	b.noError(b.PutUsers(b.ctx, []*chat.User{u}))
	b.reopen()
	got, err := b.User(b.ctx, "acme", "ann")
	b.noError(err)
	b.same("user", got, u)
	all, err := b.Users(b.ctx, "acme", "", 10)
	b.noError(err)
	b.same("users", all, []*chat.User{u})
	long, large := *u, *u
	long.Avatar = string(make([]byte, chat.MaxAvatar+1))
	large.Meta = make([]byte, chat.MaxMeta+1)
	b.wantCode(b.PutUsers(b.ctx, []*chat.User{&long}), chat.CodeInvalid)
	b.wantCode(b.PutUsers(b.ctx, []*chat.User{&large}), chat.CodeTooLarge)
}

func blocks(b *bundle) {
	blocked := func(user, other string) bool {
		b.t.Helper()
		on, err := b.Blocked(b.ctx, "acme", user, other)
		b.noError(err)
		return on
	}
	for _, other := range []string{"eve", "dan", "bob"} {
		b.noError(b.PutBlock(b.ctx, "acme", "ann", other, true))
	}
	b.noError(b.PutBlock(b.ctx, "acme", "ann", "dan", true))
	b.noError(b.PutBlock(b.ctx, "acme", "an", "zoe", true))
	b.reopen()
	if !blocked("ann", "eve") || blocked("eve", "ann") || blocked("an", "eve") {
		b.t.Error("ann, and nobody else, has blocked eve")
	}
	list := func(after string, limit int) []string {
		b.t.Helper()
		names, err := b.Blocks(b.ctx, "acme", "ann", after, limit)
		b.noError(err)
		return names
	}
	b.same("blocks", list("", 10), []string{"bob", "dan", "eve"})
	b.same("a page", list("bob", 1), []string{"dan"})
	b.noError(b.PutBlock(b.ctx, "acme", "ann", "dan", false))
	b.noError(b.PutBlock(b.ctx, "acme", "ann", "nobody", false))
	b.same("taken back", list("", 10), []string{"bob", "eve"})
	on, err := b.Blocked(b.ctx, "other", "ann", "eve")
	b.noError(err)
	b.same("in another project", on, false)
	b.wantCode(b.PutBlock(b.ctx, "acme", "", "x", true), chat.CodeInvalid)
	b.wantCode(b.PutBlock(b.ctx, "acme", "x", "", true), chat.CodeInvalid)
	b.wantCode(b.PutBlock(b.ctx, "", "x", "y", true), chat.CodeInvalid)
}
