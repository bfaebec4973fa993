package poll_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/poll"
	"github.com/parley-chat/parley/wire/native"
)

// bundle is a hub behind the native dialect. Tokens are user names.
type bundle struct {
	hub    *chat.Hub
	server *poll.Server
	http   *httptest.Server
}

func identify(token string) (chat.Identity, error) {
	if token == "expired" {
		return chat.Identity{}, chat.E(chat.CodeTokenExpired, "the token has expired")
	}
	user, scopes, _ := strings.Cut(token, "/")
	id := chat.Identity{Project: chat.DefaultProject, User: user, Name: user, Scopes: []string{chat.ScopeRead, chat.ScopeSend}}
	if scopes != "" {
		id.Scopes = strings.Split(scopes, ",")
	}
	return id, nil
}

func bearer(r *http.Request) (chat.Identity, error) {
	return identify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
}

// refuse answers with the code alone.
func refuse(w http.ResponseWriter, err error) {
	e := chat.AsError(err)
	status := map[chat.Code]int{
		chat.CodeTokenExpired: 401, chat.CodeMethodNotFound: 405, chat.CodeTooLarge: 413,
		chat.CodeTooMany: 429, chat.CodeInternal: 500, chat.CodeGoingAway: 503,
	}[e.Code]
	if status == 0 {
		status = http.StatusBadRequest
	}
	http.Error(w, string(e.Code), status)
}

func setup(t testing.TB, change func(*poll.Options)) *bundle {
	t.Helper()
	store, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{hub: chat.NewHub(chat.Options{
		Store:        store,
		Authenticate: func(_ context.Context, token string) (chat.Identity, error) { return identify(token) },
	})}
	o := poll.Options{
		Connect:      func(id chat.Identity, sink chat.Sink) (poll.Session, error) { return b.hub.Connect(id, sink) },
		Refuse:       refuse,
		Authenticate: bearer,
		Gather:       50 * time.Millisecond, // what was posted before a request is all there
	}
	if change != nil {
		change(&o)
	}
	b.server = poll.New(o)
	b.http = httptest.NewServer(b.server.Handler(native.Dialect()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := b.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		b.http.Close()
		b.hub.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// post commits a message through another door.
func (b *bundle) post(t testing.TB, user, channel, text string) *chat.Event {
	t.Helper()
	id, _ := identify(user)
	body, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.hub.Post(t.Context(), &id, chat.Post{Channel: channel, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	b.delivered(t, c.Event)
	return c.Event
}

// witness is a session of nobody's.
type witness chan struct{}

func (w witness) Close(*chat.Error) {}

func (w witness) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// delivered waits until an event is with all who are there. It is acknowledged
// before that.
func (b *bundle) delivered(t testing.TB, e *chat.Event) {
	t.Helper()
	w := make(witness, 1)
	s, err := b.hub.Connect(chat.Identity{Project: chat.DefaultProject, Server: true}, w)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Do(t.Context(), chat.Request{Command: chat.Subscribe{Channel: e.Channel.Name, From: &chat.Position{Epoch: b.hub.Epoch(), Seq: e.Seq - 1}}})
	for {
		batch, more := s.Next(t.Context(), nil)
		for _, d := range batch {
			if d.Event != nil && d.Event.Seq == e.Seq {
				return
			}
		}
		if !more {
			select {
			case <-w:
			case <-t.Context().Done():
				t.Fatal("it was not delivered")
			}
		}
	}
}

type object map[string]any

// answer is what a request came to.
type answer struct {
	status     int
	text       string
	Session    string           `json:"session"`
	Frames     []map[string]any `json:"frames"`
	RetryAfter int              `json:"retryAfter"`
}

// try makes one request.
func (b *bundle) try(ctx context.Context, token string, body any) (*answer, error) {
	data, raw := body.(string)
	if !raw {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		data = string(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.http.URL, strings.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := b.http.Client().Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var read bytes.Buffer
	if _, err := read.ReadFrom(response.Body); err != nil {
		return nil, err
	}
	a := &answer{status: response.StatusCode, text: strings.TrimSpace(read.String())}
	if a.status == http.StatusOK {
		return a, json.Unmarshal(read.Bytes(), a)
	}
	return a, nil
}

// ask is try that must be answered with frames.
func (b *bundle) ask(t testing.TB, token string, body any) *answer {
	t.Helper()
	a, err := b.try(t.Context(), token, body)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.text)
	}
	return a
}

// refused fails unless the request is answered with the code.
func (b *bundle) refused(t testing.TB, token string, body any, status int, code chat.Code) {
	t.Helper()
	a, err := b.try(t.Context(), token, body)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != status || a.text != string(code) {
		t.Errorf("%d %.200s, want %d %s", a.status, a.text, status, code)
	}
}

// types are what an answer tells, in order.
func (a *answer) types() string {
	var list []string
	for _, f := range a.Frames {
		list = append(list, f["type"].(string))
	}
	return strings.Join(list, " ")
}

// texts are those of an answer's messages.
func (a *answer) texts() string {
	var list []string
	for _, f := range a.Frames {
		if f["type"] == "message" {
			list = append(list, f["text"].(string))
		}
	}
	return strings.Join(list, " ")
}

// of is the first frame of a type.
func (a *answer) of(t testing.TB, typ string) map[string]any {
	t.Helper()
	for _, f := range a.Frames {
		if f["type"] == typ {
			return f
		}
	}
	t.Fatalf("no %q in %s", typ, a.text)
	return nil
}

// in is a subscription where the client stands.
func in(channel, position string) []object {
	if position == "" {
		return []object{{"channelId": channel}}
	}
	return []object{{"channelId": channel, "position": position}}
}

// begin subscribes from the head on, and returns the session and the position.
func (b *bundle) begin(t testing.TB, token, channel string) (session, position string) {
	t.Helper()
	a := b.ask(t, token, object{"subscriptions": in(channel, "")})
	if got := a.types(); got != "connected subscribed level" {
		t.Fatalf("it began with %s", got)
	}
	return a.Session, a.of(t, "subscribed")["position"].(string)
}
