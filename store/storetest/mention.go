package storetest

import (
	"fmt"
	"time"

	"github.com/parley-chat/parley/chat"
)

var mentionChecks = []check{
	{"Mentions_AreCountedAfterASeq", mentionsCount},
	{"Mentions_GoWithTheirMessages", mentionsGo},
	{"Mentions_AreBounded", mentionsBounds},
}

func mentioning(text string, users ...string) *chat.Draft {
	d := message(general, "ann", text)
	d.Mentions = users
	return d
}

func (b *bundle) mentions(user string, after uint64) int {
	b.t.Helper()
	n, err := b.Mentions(b.ctx, general, user, after, 1000)
	b.noError(err)
	return n
}

func mentionsCount(b *bundle) {
	b.must(mentioning("0", "bob"))
	b.must(mentioning("1", "bob", "cyd"))
	b.post("2")
	b.must(mentioning("3", "bo", "bob"))
	for range 2 {
		for after, want := range map[uint64]int{0: 3, 1: 2, 2: 1, 3: 1, 4: 0, 100: 0} {
			b.same(fmt.Sprint("after ", after), b.mentions("bob", after), want)
		}
		b.same("cyd", b.mentions("cyd", 0), 1)
		b.same("bo", b.mentions("bo", 0), 1)
		b.same("ann", b.mentions("ann", 0), 0)
		n, err := b.Mentions(b.ctx, general, "bob", 0, 2)
		b.noError(err)
		b.same("at most", n, 2)
		n, err = b.Mentions(b.ctx, chat.ChannelID{Project: "acme", Name: "general2"}, "bob", 0, 2)
		b.noError(err)
		b.same("elsewhere", n, 0)
		b.reopen()
	}
}

func mentionsGo(b *bundle) {
	first := b.must(mentioning("0", "bob", "bob"))
	second := b.must(mentioning("1", "bob"))
	b.opened.Advance(day)
	third := b.must(mentioning("2", "bob"))
	b.must(edit(second, "x"))
	b.same("all", b.mentions("bob", 0), 3)
	b.must(deletion(second))
	b.same("one deleted", b.mentions("bob", 0), 2)
	b.expire(third.At.Add(chat.DefaultRetention), 2)
	for range 2 {
		b.same("one expired", b.mentions("bob", 0), 1)
		b.reopen()
	}
	_, err := b.Message(b.ctx, general, first.ID)
	b.wantCode(err, chat.CodeNotFound)
}

func mentionsBounds(b *bundle) {
	var users []string
	for i := range chat.MaxMentions + 1 {
		users = append(users, fmt.Sprint("u", i))
	}
	_, err := b.try(mentioning("x", users...))
	b.wantCode(err, chat.CodeTooMany)
	_, err = b.try(mentioning("x", ""))
	b.wantCode(err, chat.CodeInvalid)
	d := mentioning("x")
	d.TTL = -time.Second
	_, err = b.try(d)
	b.wantCode(err, chat.CodeInvalid)
	m := b.must(mentioning("x", users[1:]...))
	b.same("stored", b.message(m), m)
}
