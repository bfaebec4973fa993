package poll_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/poll"
)

func TestPoll_RefusesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.MaxRequest, o.MaxFrames, o.MaxSubscriptions = 1000, 3, 2 })
	ping := object{"type": "ping"}
	for _, row := range []struct {
		body   any
		status int
		code   chat.Code
	}{
		{`{"frames":["` + strings.Repeat("x", 1000) + `"]}`, 413, chat.CodeTooLarge},
		{object{"frames": []object{ping, ping, ping, ping}}, 429, chat.CodeTooMany},
		{object{"subscriptions": []object{{"channelId": "a"}, {"channelId": "b"}, {"channelId": "c"}}}, 429, chat.CodeTooMany},
		{object{"subscriptions": []object{{"channelId": "a"}, {"channelId": "a"}}}, 400, chat.CodeInvalid},
		{object{"subscriptions": []object{{}}}, 400, chat.CodeInvalid},
		{object{"subscriptions": in("a", "nowhere")}, 400, chat.CodeInvalid},
		{object{"hold": -1}, 400, chat.CodeInvalid},
		{object{"hold": "long"}, 400, chat.CodeInvalid},
		{object{"frames": "x"}, 400, chat.CodeInvalid},
		{`[]`, 400, chat.CodeInvalid},
		{``, 400, chat.CodeMalformed},
		{`{`, 400, chat.CodeMalformed},
		{`{"hold":1,"hold":2}`, 400, chat.CodeMalformed},
		{`{} {}`, 400, chat.CodeMalformed},
		{"{\"session\":\"\xff\"}", 400, chat.CodeMalformed},
	} {
		b.refused(t, "ada", row.body, row.status, row.code)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %s, %v", response.Status, response.Header)
	}
	if n := b.hub.Stats().Sessions; n != 0 {
		t.Errorf("refused requests made %d sessions", n)
	}
}

func TestPoll_AnAnswerIsBoundedAndTheRestFollows(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *poll.Options) { o.MaxAnswer = 10_000 })
	session, at := b.begin(t, "ada", "general")
	const n = 500
	for i := range n {
		b.post(t, "bob", "general", fmt.Sprint(i, strings.Repeat(" ", 1000)))
	}
	seq := 0
	for answers := 0; seq < n; answers++ {
		a := b.ask(t, "ada", object{"session": session, "subscriptions": in("general", at)})
		if len(a.text) > 200_000 {
			t.Fatalf("an answer of %d bytes", len(a.text))
		}
		if len(a.Frames) == 0 || answers > n {
			t.Fatalf("after %d of %d: %s", seq, n, a.text)
		}
		session = a.Session
		for _, f := range a.Frames {
			if f["type"] != "message" {
				continue
			}
			if seq++; f["seq"].(float64) != float64(seq) {
				t.Fatalf("seq %v came in place of %d", f["seq"], seq)
			}
			at = chat.Position{Epoch: b.hub.Epoch(), Seq: uint64(seq)}.String()
		}
	}
}
