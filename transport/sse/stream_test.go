package sse_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/sse"
)

func TestC6_TheBodyBeginsWithWhoTheClientIs(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	b.post(t, "bob", "one", "before")
	for query, id := range map[string]string{
		"token=ada":                         "",
		"token=ada&channel=one":             b.hub.Epoch() + ":1",
		"token=ada&channel=two&channel=one": b.hub.Epoch() + ":0,1",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		response := b.get(ctx, t, query, "")
		in := bufio.NewReader(response.Body)
		line := func() string {
			text, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		begin := []string{
			`^data: \{"type":"connected","clientId":"[A-Z2-7]{26}","timestamp":[0-9]{13}\}\n$`,
			`^retry: [12][0-9]{3}\n$`, `^id: ` + regexp.QuoteMeta(id) + `\n$`, `^\n$`,
		}
		if id == "" {
			begin = append(begin[:2], begin[3])
		}
		for _, want := range begin {
			if got := line(); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s: the line %q, want %s", query, got, want)
			}
		}
		if h := response.Header; h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-cache" {
			t.Errorf("header %v", h)
		}
		cancel()
		_ = response.Body.Close()
	}
}

func TestC6_MessagesHaveNoNameAndAllElseHas(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	s := b.open(t, in("ada", "general"), "")
	s.until("level")
	bob, _ := identify("bob")
	m := b.post(t, "bob", "general", "hello")
	got := s.until("message")
	var native struct {
		Type, ID, ChannelID, SenderID, Text, CreatedAt string
		Seq, Sequence                                  uint64
	}
	if err := json.Unmarshal([]byte(got.Data), &native); err != nil {
		t.Fatal(err)
	}
	if native.Type != "message" || native.ID != m.ID || native.ChannelID != "general" || native.SenderID != "bob" || native.Text != "hello" ||
		native.CreatedAt == "" || native.Seq != 1 || native.Sequence != 0 {
		t.Errorf("data %s", got.Data)
	}
	if want := b.hub.Epoch() + ":1"; got.ID != want {
		t.Errorf("id %q, want %q", got.ID, want)
	}
	if _, err := b.hub.Edit(t.Context(), &bob, chat.Edit{Channel: "general", ID: m.ID, Body: []byte(`"bye"`)}); err != nil {
		t.Fatal(err)
	}
	if e := s.until("message.update"); e.ID != b.hub.Epoch()+":2" || !strings.Contains(e.Data, `"newText":"bye"`) {
		t.Errorf("%+v", e)
	}
	b.signal(t, "bob", chat.Send{Channel: "general", Name: "custom-event", Data: []byte(`{"value":7}`)})
	e := s.until("custom-event")
	var signal struct {
		UserID string
		Value  int
		Data   struct{ Value int }
	}
	if err := json.Unmarshal([]byte(e.Data), &signal); err != nil || signal.Value != 7 || signal.Data.Value != 7 || signal.UserID != "bob" {
		t.Errorf("%+v: %v", e, err)
	}
	if e.ID != b.hub.Epoch()+":2" {
		t.Errorf("a signal changes the id to %q", e.ID)
	}
	if _, err := b.hub.Delete(t.Context(), &bob, chat.Delete{Channel: "general", ID: m.ID}); err != nil {
		t.Fatal(err)
	}
	s.until("message.delete")
}

func TestC6_ResumesInAllItsChannels(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	s := b.open(t, in("ada", "red", "blue", "green"), "")
	b.post(t, "bob", "blue", "b1")
	b.post(t, "bob", "red", "r1")
	b.post(t, "bob", "blue", "b2")
	if got := len(strings.Fields(s.texts(3))); got != 3 {
		t.Fatalf("%d messages", got)
	}
	last := s.events.LastID()
	if want := b.hub.Epoch() + ":1,2,0"; last != want {
		t.Fatalf("last id %q, want %q", last, want)
	}
	s.close()
	for _, m := range []string{"green g1", "red r2", "blue b3"} {
		channel, text, _ := strings.Cut(m, " ")
		b.post(t, "bob", channel, text)
	}
	for name, s := range map[string]*stream{
		"header": b.open(t, in("ada", "red", "blue", "green"), last),
		"query":  b.open(t, in("ada", "red", "blue", "green")+"&lastEventId="+last, ""),
		"both":   b.open(t, in("ada", "red", "blue", "green")+"&lastEventId="+b.hub.Epoch()+":0,0,0", last),
	} {
		got := s.texts(3)
		for _, want := range []string{"g1", "r2", "b3"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: told %q", name, got)
			}
		}
		if id, want := s.events.LastID(), b.hub.Epoch()+":2,3,1"; id != want {
			t.Errorf("%s: id %q, want %q", name, id, want)
		}
	}
}

func TestC6_APlaceThatIsGoneIsToldAndTheRestFollows(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	for i := range 3 {
		b.post(t, "bob", "general", fmt.Sprint("m", i+1))
	}
	b.post(t, "bob", "other", "o1")
	for name, row := range map[string]struct{ last, reason string }{
		"another epoch":  {"elsewhere:2,1", "epoch"},
		"above the head": {b.hub.Epoch() + ":9,1", "ahead"},
	} {
		s := b.open(t, in("ada", "general", "other"), row.last)
		e := s.until("expired")
		var told struct{ Code, ChannelID, Reason, Oldest, Head string }
		if err := json.Unmarshal([]byte(e.Data), &told); err != nil {
			t.Fatal(err)
		}
		oldest, head := b.hub.Epoch()+":0", b.hub.Epoch()+":3"
		if told.ChannelID == "general" && (told.Code != "expired" || told.Reason != row.reason || told.Oldest != oldest || told.Head != head) {
			t.Errorf("%s: told %s", name, e.Data)
		}
		n := 3
		if row.reason == "epoch" {
			n = 4 // of both channels
		}
		if got := s.texts(n); !strings.Contains(got, "m1 m2 m3") {
			t.Errorf("%s: then came %q", name, got)
		}
	}
}

func TestC6_RefusesWhatItCannotServe(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	many := make([]string, 33)
	for i := range many {
		many[i] = fmt.Sprint("c", i)
	}
	epoch := b.hub.Epoch()
	b.refused(t, in("ada", many...), "", 429, chat.CodeTooMany)
	b.open(t, in("ada", many[:32]...), "").close()
	b.refused(t, in("ada", "a", "a"), "", 400, chat.CodeInvalid)
	b.refused(t, in("ada", "a\nb"), "", 400, chat.CodeInvalid)
	b.refused(t, in("ada", "a")+"&presence=perhaps", "", 400, chat.CodeInvalid)
	b.refused(t, "token=ada&channel=%zz", "", 400, chat.CodeMalformed)
	b.refused(t, in("expired", "a"), "", 401, chat.CodeTokenExpired)
	b.refused(t, in("", "a"), "", 401, chat.CodeUnauthorized)
	for _, last := range []string{"x", ":1", epoch, epoch + ":", epoch + ":-1", epoch + ":1,2", epoch + ":18446744073709551616", strings.Repeat("9", 5000)} {
		b.refused(t, in("ada", "a"), last, 400, chat.CodeInvalid)
	}
	b.refused(t, "token=ada", epoch+":1", 400, chat.CodeInvalid)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != http.MethodGet {
		t.Errorf("POST: %s, %v", response.Status, response.Header)
	}
}

func TestC6_OneRefusedChannelDoesNotCostTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	ada, _ := identify("ada")
	server := chat.Identity{Project: chat.DefaultProject, Server: true}
	if _, err := b.hub.PutChannel(t.Context(), &server, chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: "public"}, Kind: chat.Open, Public: true}); err != nil {
		t.Fatal(err)
	}
	b.post(t, "ada", "secret", "hidden")
	s := b.open(t, in("", "secret", "public"), "")
	e := s.until("error")
	if !strings.Contains(e.Data, `"channelId":"secret"`) || !strings.Contains(e.Data, `"code":"unauthorized"`) || !strings.HasSuffix(e.ID, ":18446744073709551615,0") {
		t.Errorf("%+v", e)
	}
	if _, err := b.hub.Post(t.Context(), &ada, chat.Post{Channel: "public", Body: []byte(`"hello"`)}); err != nil {
		t.Fatal(err)
	}
	if got := s.texts(1); got != "hello" {
		t.Errorf("told %q", got)
	}
	// Who comes back with rights begins there at the head, and elsewhere where
	// the stream was.
	b.post(t, "ada", "public", "again")
	back := b.open(t, in("ada", "secret", "public"), s.events.LastID())
	if got := back.texts(1); got != "again" {
		t.Errorf("told %q", got)
	}
	b.post(t, "ada", "secret", "from now on")
	if got := back.texts(1); got != "from now on" {
		t.Errorf("told %q", got)
	}
}

func TestC6_ADroppedChannelIsToldAndTheLastOneEndsTheStream(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	s := b.open(t, in("ada", "red", "blue"), "")
	server := chat.Identity{Project: chat.DefaultProject, Server: true}
	ban := func(channel string) {
		if _, err := b.hub.PutMember(t.Context(), &server, channel, chat.Member{User: "ada", Banned: true}); err != nil {
			t.Fatal(err)
		}
	}
	ban("red")
	if e := s.until("dropped"); !strings.Contains(e.Data, `"channelId":"red"`) || !strings.Contains(e.Data, `"code":"banned"`) {
		t.Errorf("%+v", e)
	}
	b.post(t, "bob", "blue", "still here")
	if got := s.texts(1); got != "still here" {
		t.Errorf("told %q", got)
	}
	ban("blue")
	if got := s.rest(); !strings.HasSuffix(got, "dropped") {
		t.Errorf("at the end: %s", got)
	}
	b.refused(t, in("ada", "red", "blue"), s.events.LastID(), 403, chat.CodeBanned)
}

func TestC6_IsForgottenWhenItGoes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	watcher := b.open(t, in("bob", "general"), "")
	s := b.open(t, in("ada", "general"), "")
	for e := watcher.until("presence"); !strings.Contains(e.Data, `"joined":[{"userId":"ada"`); {
		e = watcher.until("presence")
	}
	s.close()
	for e := watcher.until("presence"); !strings.Contains(e.Data, `"left":[{"userId":"ada"`); {
		e = watcher.until("presence")
	}
	id, _ := identify("bob")
	if err := b.hub.Signal(t.Context(), &id, chat.Send{Only: s.client, Name: "x"}); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("a signal to a client that is gone: %v", err)
	}
}

func TestC6_AStreamWithoutPresenceIsNotSeen(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	s := b.open(t, in("ada", "general"), "")
	s.until("level")
	hidden := b.open(t, in("eve", "general")+"&presence=false", "")
	if e := hidden.until("level"); strings.Contains(e.Data, "present") {
		t.Errorf("it sees who is there: %s", e.Data)
	}
	b.open(t, in("cy", "general"), "")
	if e := s.until("presence"); !strings.Contains(e.Data, `"joined":[{"userId":"cy"`) {
		t.Errorf("told %s", e.Data)
	}
}

func TestC6_ASignalGoesToOneClientOrLeavesOneOut(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, nil)
	one, two := b.open(t, in("ada", "general"), ""), b.open(t, in("ada", "general"), "")
	one.until("level")
	two.until("level")
	b.signal(t, "bob", chat.Send{Only: one.client, Name: "only", Data: []byte(`1`)})
	b.signal(t, "bob", chat.Send{Channel: "general", Except: one.client, Name: "except", Data: []byte(`2`)})
	b.signal(t, "bob", chat.Send{Channel: "general", Name: "all", Data: []byte(`3`)})
	for s, want := range map[*stream]string{one: "only all", two: "except all"} {
		var got []string
		for len(got) == 0 || got[len(got)-1] != "all" {
			if e := s.next(); e.Name != "presence" {
				got = append(got, e.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("told %v, want %s", got, want)
		}
	}
}

// skip reads lines up to the first that is wanted.
func skip(t *testing.T, in *bufio.Reader, wanted func(line string) bool) {
	t.Helper()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ends: %v", err)
		}
		if wanted(line) {
			return
		}
	}
}

func isComment(line string) bool { return line == ":\n" }

func TestC6_CommentsAreTheHeartbeat(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sse.Options) { o.Heartbeat = 10 * time.Millisecond }, nil)
	response := b.get(t.Context(), t, "token=ada", "")
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for range 3 {
		skip(t, lines, isComment)
	}
}

func TestC6_OutlivesTheServersDeadlinesForRequests(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sse.Options) { o.Heartbeat = 50 * time.Millisecond }, nil)
	response := b.get(t.Context(), t, in("ada", "general"), "")
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	begun := time.Now()
	skip(t, lines, func(line string) bool { return isComment(line) && time.Since(begun) > deadline+deadline/4 })
	b.post(t, "bob", "general", "late")
	skip(t, lines, func(line string) bool { return strings.Contains(line, `"text":"late"`) })
}
