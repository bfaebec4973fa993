package socketio_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

func TestC7_RefusesWhoHasNoCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, auth := range []string{``, `{}`, `{"token":""}`, `{"token":null}`, `{"token":"ada","userId":"bob"}`} {
		l := b.line(t)
		l.say(`0` + auth)
		l.until(`4{"message":"Authentication error","data":{"code":"`)
		l.say(`0{"token":"ada"}`)
		l.until(`0{"sid":`)
	}
	for _, auth := range []string{`{"token":5}`, `{"token":"a","token":"b"}`, `{"recovery":"yes"}`, `{"token":`} {
		l := b.line(t)
		l.say(`0` + auth)
		l.until(`4{"message":"`)
	}
	if n := b.hub.Stats().Sessions; n != 5 {
		t.Errorf("%d sessions", n)
	}
}

func TestC8_RecipientsShareTheBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []string{`"plain"`, `{"text":"binary","a":{"_binary":"AQID"}}`} {
		var first []wire.Message
		room := fmt.Sprintf("room-%d", len(body))
		var lines []*line
		for i := range 5 {
			l := b.come(t, fmt.Sprint("user-", i))
			l.ask(`["join-room","`+room+`"]`, `{"ok":true}`)
			lines = append(lines, l)
		}
		if _, err := b.hub.Post(t.Context(), user("poster"), chat.Post{Channel: room, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			var got []wire.Message
			for m := l.message(); ; m = l.message() {
				if m.Binary || strings.Contains(string(m.Data), `["message",`) {
					got = append(got, m)
				}
				if m.Binary || len(got) == 1 && m.Data[0] == '2' && strings.Contains(string(m.Data), "plain") {
					break
				}
			}
			if first == nil {
				first = got
				continue
			}
			for i := range first {
				if &first[i].Data[0] != &got[i].Data[0] {
					t.Errorf("%s: message %d was encoded again", body, i)
				}
			}
		}
	}
}

func TestC8_WhoMayNotJoinIsNotAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := &chat.Identity{Project: chat.DefaultProject, Server: true}
	private := chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: "secret"}, Kind: chat.Private}
	if _, err := b.hub.PutChannel(t.Context(), server, private); err != nil {
		t.Fatal(err)
	}
	if _, err := b.hub.PutMember(t.Context(), server, "secret", chat.Member{User: "ada", Role: chat.Ordinary}); err != nil {
		t.Fatal(err)
	}
	ada, eve := b.come(t, "ada"), b.come(t, "eve")
	ada.ask(`["join-room","secret"]`, `{"ok":true}`)
	eve.ask(`["join-room","secret"]`, `{"error":`)
	eve.ask(`["message","x"]`, `{"error":"join a room first","code":"not_subscribed"}`)
	ada.ask(`["message","alone"]`, `{"id":`)
	for _, told := range ada.told {
		if strings.Contains(told, "user-joined") {
			t.Errorf("ada was told %s", told)
		}
	}
}

func TestC8_EachSocketOfAUserIsToldToTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bob := b.come(t, "bob")
	bob.ask(`["join-room","general"]`, `{"ok":true}`)
	seen := map[string]bool{}
	for range 2 {
		ada := b.come(t, "ada")
		ada.ask(`["join-room","general"]`, `{"ok":true}`)
		var who struct{ UserID, User string }
		told := bob.until(`2["user-joined",`)
		if err := json.Unmarshal([]byte(told[len(`2["user-joined",`):len(told)-1]), &who); err != nil || who.User != "ada" {
			t.Fatalf("told %s", told)
		}
		seen[who.UserID] = true
	}
	if len(seen) != 2 {
		t.Errorf("told of %v", seen)
	}
}

// Whoever was seen to come is seen to go, however soon, and however soon
// another socket of the same user comes.
func TestC8_ASocketThatSoonGoesIsSeenToGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bob := b.come(t, "bob")
	bob.ask(`["join-room","general"]`, `{"ok":true}`)
	who := func(told string) string {
		var args []struct{ UserID, User string }
		if err := json.Unmarshal([]byte(told[1:]), &args); err == nil || len(args) != 2 || args[1].User != "ada" {
			t.Fatalf("told %s", told) // the name does not fit
		}
		return args[1].UserID
	}
	for range 10 {
		ada := b.come(t, "ada")
		ada.ask(`["join-room","general"]`, `{"ok":true}`)
		came := who(bob.until(`2["user-joined",`))
		ada.conn.Close()
		if went := who(bob.until(`2["user-left",`)); went != came {
			t.Fatalf("%s came, and %s went", came, went)
		}
	}
}
