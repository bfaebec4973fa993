package chat_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
)

func names(l *chat.Listing) []string {
	var list []string
	for _, c := range l.Channels {
		list = append(list, c.Channel.ID.Name)
	}
	return list
}

func TestListing_IsByActivityAndCountsWhatIsUnread(t *testing.T) {
	t.Parallel()
	c := newClock()
	store, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h := newHub(t, chat.Options{Store: store, Now: c.Now})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	dm := chat.DirectName("ada", "ben")
	for _, channel := range []string{"one", "two"} {
		ada.must(chat.PutMember{Channel: channel, Member: chat.Member{User: "ada", Role: chat.Ordinary}})
	}
	c.advance(1e9)
	first := ben.must(post("one", "old", "")).Committed.Event
	c.advance(1e9)
	ben.must(post(dm, "hi", ""))
	ben.must(post("elsewhere", "not a member", ""))
	c.advance(1e9)
	ada.must(chat.Read{Channel: "one", ID: first.ID})
	last := ben.must(chat.Post{Channel: "one", Body: []byte(`"@ada"`), Mentions: []string{"ada", "ada"}}).Committed.Event

	list := ada.must(chat.Channels{}).Channels
	if diff := cmp.Diff([]string{"one", dm, "two"}, names(list)); diff != "" {
		t.Fatal(diff)
	}
	if l := list.Channels[0]; l.Unread != 1 || l.Mentions != 1 || l.Last.ID != last.ID || l.Role != chat.Ordinary {
		t.Errorf("one: %+v", l)
	}
	if l := list.Channels[1]; l.Unread != 1 || l.Mentions != 0 || string(l.Last.Body) != `"hi"` {
		t.Errorf("direct: %+v", l)
	}
	ben.must(chat.Delete{Channel: "one", ID: last.ID})
	if l := ada.must(chat.Channels{Limit: 1}).Channels; l.Channels[0].Mentions != 0 || l.Next == "" {
		t.Errorf("after the delete: %+v", l)
	}
	var paged []string
	for after := ""; ; {
		l := ada.must(chat.Channels{After: after, Limit: 1}).Channels
		paged = append(paged, names(l)...)
		if after = l.Next; after == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"one", dm, "two"}, paged); diff != "" {
		t.Error(diff)
	}
	ada.must(chat.PutMember{Channel: "two", Member: chat.Member{User: "ada"}})
	if diff := cmp.Diff([]string{"one", dm}, names(ada.must(chat.Channels{}).Channels)); diff != "" {
		t.Errorf("after leaving: %s", diff)
	}
	ada.refused(chat.Channels{After: "nonsense"}, chat.CodeInvalid)
}

func TestPutMember_JoiningByOneselfIsForOpenChannels(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	server := chat.Identity{Project: "default", Server: true}
	ada := connect(t, h, as("ada"))
	if _, err := h.PutChannel(t.Context(), &server, chat.Channel{ID: chat.ChannelID{Project: "default", Name: "closed"}, Kind: chat.Private}); err != nil {
		t.Fatal(err)
	}
	join := func(channel string) chat.PutMember {
		return chat.PutMember{Channel: channel, Member: chat.Member{User: "ada", Role: chat.Ordinary}}
	}
	ada.must(join("general"))
	ada.refused(join("closed"), chat.CodeForbidden)
	ada.refused(chat.PutMember{Channel: "general", Member: chat.Member{User: "ada", Role: chat.Owner}}, chat.CodeForbidden)
	ada.refused(chat.PutMember{Channel: "general", Member: chat.Member{User: "ben", Role: chat.Ordinary}}, chat.CodeForbidden)
	if _, err := h.PutMember(t.Context(), &server, "general", chat.Member{User: "ada", Role: chat.Reader}); err != nil {
		t.Fatal(err)
	}
	ada.refused(join("general"), chat.CodeForbidden)
	if _, err := h.PutMember(t.Context(), &server, "general", chat.Member{User: "ada", Banned: true}); err != nil {
		t.Fatal(err)
	}
	ada.refused(join("general"), chat.CodeBanned)
}

// Who may read few of very many channels gets them in pages that end in time.
func TestChannels_LooksAtSoManyForOnePage(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	h := newHub(t, chat.Options{Store: store})
	private := func(name string) {
		t.Helper()
		c := &chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: name}, Kind: chat.Private}
		if err := store.PutChannel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	const others = 10_500
	var all sync.WaitGroup
	for part := range 100 {
		all.Go(func() {
			for i := range others / 100 {
				private(fmt.Sprintf("p%05d", part*others/100+i))
			}
		})
	}
	all.Wait()
	private("q")
	stand(t, h, "q", chat.Member{User: "ada", Role: chat.Ordinary})
	ada := as("ada")
	list, next, err := h.Channels(t.Context(), &ada, "", 10)
	if err != nil || len(list) != 0 || next != "p09999" {
		t.Fatalf("first %d channels, next %q, %v", len(list), next, err)
	}
	list, next, err = h.Channels(t.Context(), &ada, next, 10)
	if err != nil || len(list) != 1 || list[0].ID.Name != "q" || next != "" {
		t.Errorf("then %d channels, next %q, %v", len(list), next, err)
	}
	if list, next, err = h.Channels(t.Context(), &ada, "p", 1); err != nil || next == "" {
		t.Errorf("%d channels, next %q, %v", len(list), next, err)
	}
	if list, next, err = h.Channels(t.Context(), server(), "", 3); err != nil || len(list) != 3 || next != "p00002" {
		t.Errorf("a server gets %d channels, next %q, %v", len(list), next, err)
	}
}
