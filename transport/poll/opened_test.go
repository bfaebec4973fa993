package poll_test

import (
	"testing"

	"github.com/parley-chat/parley/chat"
)

// What is said to a user directly comes without a subscription, and the client
// lists the channel from then on.
func TestOpened_BringsWhatIsSaidDirectly(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	direct := chat.DirectName("ada", "bob")
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", direct, "one")
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	opened := a.of(t, "subscribed")
	if a.texts() != "one" || opened["channelId"] != direct || opened["direct"] != true {
		t.Fatalf("told %s", a.text)
	}
	followed := append(in("general", at), in(direct, b.at(opened, 1))...)
	b.post(t, "bob", direct, "two")
	if next := b.ask(t, "ada", object{"session": a.Session, "subscriptions": followed}); next.texts() != "two" {
		t.Errorf("told %s", next.text)
	}
}

// A client that lacks the answer that told it does not know of the channel, and
// gets all of it again, with the news that the channel is followed.
func TestOpened_IsToldAgainIfTheAnswerWasLost(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	direct := chat.DirectName("ada", "bob")
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", direct, "one")
	request := object{"session": session, "subscriptions": in("general", at)}
	if lost := b.ask(t, "ada", request); lost.texts() != "one" {
		t.Fatalf("told %s", lost.text)
	}
	b.post(t, "bob", direct, "two")
	a := b.ask(t, "ada", request)
	if a.texts() != "one two" {
		t.Fatalf("told %s", a.text)
	}
	found := false
	for _, f := range a.Frames {
		found = found || f["type"] == "subscribed" && f["channelId"] == direct && f["direct"] == true
	}
	if !found {
		t.Errorf("nothing says that %s is followed: %s", direct, a.text)
	}
}

// Who has been told, and does not list the channel, has given it up: until
// something is said there again.
func TestOpened_EndsIfItIsNotListed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	direct := chat.DirectName("ada", "bob")
	session, at := b.begin(t, "ada", "general")
	b.post(t, "bob", direct, "one")
	a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
	if a.texts() != "one" {
		t.Fatalf("told %s", a.text)
	}
	given := b.ask(t, "ada", object{"session": a.Session, "subscriptions": in("general", at), "hold": 0})
	b.post(t, "bob", direct, "two")
	again := b.ask(t, "ada", object{"session": given.Session, "subscriptions": in("general", at)})
	if again.texts() != "two" || again.of(t, "subscribed")["channelId"] != direct {
		t.Errorf("given up, and told %s, then %s", given.text, again.text)
	}
}

// at is the position some events after where a subscription began.
func (b *bundle) at(subscribed map[string]any, events uint64) string {
	p, err := chat.ParsePosition(subscribed["position"].(string))
	if err != nil {
		return ""
	}
	p.Seq += events
	return p.String()
}
