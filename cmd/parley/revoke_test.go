package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/auth"
)

// endsWithin is how soon a revocation must have reached live connections.
const endsWithin = 5 * time.Second

// field is a member of the answer that is a string.
func (a answer) field(t *testing.T, key string) string {
	t.Helper()
	s, ok := a.body[key].(string)
	if !ok || s == "" {
		t.Fatalf("no %s in %s", key, a.text)
	}
	return s
}

// makeKey makes a key of the default project's, and gives its id and text.
func (b *bundle) makeKey(t *testing.T, body string) (id, text string) {
	t.Helper()
	made := b.ask(t, b.secretKey(t), "POST", "/v1/keys", body).want(t, 201, "")
	return made.field(t, "id"), made.field(t, "key")
}

// tokenSecret is the configured one.
func (b *bundle) tokenSecret(t *testing.T) string {
	t.Helper()
	project, _, err := b.config.Keys.project(b.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	return string(project.TokenSecret)
}

// signed is a token that a back end made with its own secret key.
func signed(t *testing.T, text, kid string, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithHeader("kid", kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(text)}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// watched is a connection, and how it ended.
type watched struct {
	*socket
	name   string
	ended  chan struct{}
	code   string // of the last error or notice
	status websocket.StatusCode
	at     time.Time
}

// watch holds a connection open with a token, and reads it.
func (b *bundle) watch(t *testing.T, name, door, token string) *watched {
	t.Helper()
	w := &watched{socket: b.dial(t, door+"?token="+token, nil), name: name + " at " + door, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for {
			_, data, err := w.ws.Read(context.WithoutCancel(t.Context()))
			if err != nil {
				w.status, w.at = websocket.CloseStatus(err), time.Now()
				return
			}
			var frame struct {
				Code string `json:"code"`
			}
			if json.Unmarshal(data, &frame) == nil && frame.Code != "" {
				w.code = frame.Code
			}
		}
	}()
	return w
}

// over waits for the end, which must say why.
func (w *watched) over(t *testing.T, since time.Time, code string) {
	t.Helper()
	select {
	case <-w.ended:
	case <-time.After(time.Until(since.Add(endsWithin))):
		t.Errorf("%s lives on", w.name)
		return
	}
	if w.code != code || w.status != 4001 {
		t.Errorf("%s ended with %q and %d, want %q and 4001", w.name, w.code, w.status, code)
	}
	if took := w.at.Sub(since); took > endsWithin {
		t.Errorf("%s ended after %v", w.name, took)
	}
}

// lives reports that the connection is still open.
func (w *watched) lives(t *testing.T) {
	t.Helper()
	select {
	case <-w.ended:
		t.Errorf("%s has ended, with %q and %d", w.name, w.code, w.status)
	default:
	}
}

// traffic posts until it is ended, and counts what was acknowledged.
func (b *bundle) traffic(t *testing.T, token string) (end func() int) {
	t.Helper()
	s := b.dial(t, "/v1/ws?token="+token, nil)
	s.until("connected")
	stop := make(chan struct{})
	done := make(chan int)
	go func() {
		acked := 0
		defer func() { done <- acked }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.post(t.Context()); err != nil {
				t.Errorf("while others were ended: %v", err)
				return
			}
			acked++
		}
	}()
	return func() int {
		close(stop)
		return <-done
	}
}

// post posts a message and waits for its acknowledgement.
func (s *socket) post(ctx context.Context) error {
	if err := s.ws.Write(ctx, websocket.MessageText, []byte(`{"type":"publish","ref":1,"channelId":"general","text":"x"}`)); err != nil {
		return err
	}
	for {
		_, data, err := s.ws.Read(ctx)
		if err != nil {
			return err
		}
		if strings.Contains(string(data), `"type":"ack"`) {
			return nil
		}
	}
}

// present are connections at every door that takes a WebSocket, by whose they
// are.
type present map[string][]*watched

func (b *bundle) present(t *testing.T, tokens map[string]string) present {
	t.Helper()
	all := present{}
	for _, door := range b.socketDoors(t, "token="+b.token(t, auth.Grant{User: "visitor"})) {
		for name, token := range tokens {
			all[name] = append(all[name], b.watch(t, name, door, token))
		}
	}
	return all
}

// loses waits for the ends of theirs, after what was just revoked.
func (all present) loses(t *testing.T, names ...string) {
	t.Helper()
	since := time.Now()
	for _, name := range names {
		for _, w := range all[name] {
			w.over(t, since, "token_revoked")
		}
		delete(all, name)
	}
	all.live(t)
}

// live fails if one of them has ended.
func (all present) live(t *testing.T) {
	t.Helper()
	for _, list := range all {
		for _, w := range list {
			w.lives(t)
		}
	}
}

// opensNothing fails if a token counts anywhere.
func (b *bundle) opensNothing(t *testing.T, token string) {
	t.Helper()
	b.ask(t, token, "GET", general, "").want(t, 401, "token_revoked")
	headers := upgrade(map[string]string{"Authorization": "Bearer " + token})
	if got := b.visit(t, "GET", "/v1/ws", headers); got.status != 401 {
		t.Errorf("a revoked token opens a connection: %d", got.status)
	}
}

func TestRevocation_EndsLiveConnectionsWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0, 0 })
	keyID, keyText := b.makeKey(t, `{"kind":"secret"}`)
	_, otherText := b.makeKey(t, `{"kind":"secret"}`)
	pubID, pubText := b.makeKey(t, `{"kind":"publishable"}`)
	hour := time.Now().Add(time.Hour).Unix()
	claims := func(user, jti string) map[string]any {
		return map[string]any{"sub": user, "jti": jti, "scope": "chat:read chat:send", "iat": time.Now().Unix(), "exp": hour}
	}
	revoked := map[string]string{
		"token": signed(t, b.tokenSecret(t), "configured", claims("tom", "lost")), "user": b.token(t, auth.Grant{User: "una"}),
		"key": signed(t, keyText, keyID, claims("kim", "k")), "server": keyText,
		"guest": b.ask(t, pubText, "POST", "/auth/guest", `{}`).want(t, 200, "").field(t, "guestToken"), "stranger": pubText,
	}
	tokens := map[string]string{
		"same user": signed(t, b.tokenSecret(t), "configured", claims("tom", "kept")),
		"bystander": b.token(t, auth.Grant{User: "ben"}), "other server": otherText,
	}
	maps.Copy(tokens, revoked)
	all := b.present(t, tokens)
	var ends []func() int
	for i := range 4 {
		ends = append(ends, b.traffic(t, b.token(t, auth.Grant{User: fmt.Sprint("poster-", i)})))
	}
	key := b.secretKey(t)
	b.ask(t, key, "POST", "/v1/tokens/revoke", `{"tokenId":"lost"}`).want(t, 200, "")
	all.loses(t, "token")
	b.ask(t, key, "POST", "/v1/tokens/revoke", `{"userId":"una"}`).want(t, 200, "")
	all.loses(t, "user")
	b.ask(t, key, "DELETE", "/v1/keys/"+keyID, "").want(t, 200, "")
	all.loses(t, "key", "server")
	b.ask(t, key, "DELETE", "/v1/keys/"+pubID, "").want(t, 200, "")
	all.loses(t, "guest", "stranger")
	for _, token := range revoked {
		b.opensNothing(t, token)
	}
	for _, end := range ends {
		if end() == 0 {
			t.Error("nothing was posted meanwhile")
		}
	}
	all.live(t)
	fresh := b.ask(t, key, "POST", "/auth/token", `{"userId":"una"}`).want(t, 200, "").field(t, "tsToken")
	b.ask(t, fresh, "GET", general, "").want(t, 200, "")
}

func TestRotation_EndsTheOldKeysConnectionsAfterTheGrace(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id, text := b.makeKey(t, `{"kind":"secret"}`)
	token := b.ask(t, text, "POST", "/auth/token", `{"userId":"ada"}`).want(t, 200, "").field(t, "tsToken")
	old := b.watch(t, "the old key", "/v1/ws", text)
	ada := b.watch(t, "its user", "/v1/ws", token)
	rotated := time.Now()
	next := b.ask(t, text, "POST", "/v1/keys/"+id+"/rotate", `{"graceSeconds":6}`).want(t, 200, "").field(t, "key")
	again := b.ask(t, text, "POST", "/auth/token", `{"userId":"bob"}`).want(t, 200, "").field(t, "tsToken")
	bob := b.watch(t, "a user since", "/v1/ws", again)
	if time.Since(rotated) < time.Second {
		old.lives(t)
		ada.lives(t)
	}
	old.over(t, rotated.Add(6*time.Second), "token_revoked")
	ada.over(t, rotated.Add(6*time.Second), "token_revoked")
	if took := old.at.Sub(rotated); took < 6*time.Second {
		t.Errorf("the old key counted for %v", took)
	}
	bob.lives(t)
	b.ask(t, text, "GET", "/v1/keys", "").want(t, 401, "token_revoked")
	b.ask(t, next, "GET", "/v1/keys", "").want(t, 200, "")
}

func TestRevocation_IsKeptWhenTheServerStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := &Serve{Addr: []string{"127.0.0.1:0"}, Data: dir}
	s, err := first.start(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{server: s, config: first, url: "http://" + s.addrs()[0], document: newDocument()}
	keyID, keyText := b.makeKey(t, `{"kind":"secret"}`)
	_, otherText := b.makeKey(t, `{"kind":"secret"}`)
	una := b.token(t, auth.Grant{User: "una"})
	b.ask(t, b.secretKey(t), "DELETE", "/v1/keys/"+keyID, "").want(t, 200, "")
	b.ask(t, b.secretKey(t), "POST", "/v1/tokens/revoke", `{"userId":"una"}`).want(t, 200, "")
	b.ask(t, b.secretKey(t), "POST", "/v1/projects", `{"name":"shop"}`).want(t, 201, "")
	if err := s.stop(nil); err != nil {
		t.Fatal(err)
	}
	again := setup(t, func(c *Serve) { c.Data = dir })
	again.ask(t, keyText, "GET", "/v1/keys", "").want(t, 401, "token_revoked")
	again.ask(t, una, "GET", general, "").want(t, 401, "token_revoked")
	again.ask(t, otherText, "GET", "/v1/keys", "").want(t, 200, "")
	if got := again.ask(t, again.secretKey(t), "GET", "/v1/projects", "").want(t, 200, ""); !strings.Contains(got.text, `"shop"`) {
		t.Errorf("the projects are %s", got.text)
	}
}

func TestExpiry_ClosesWithACodeOfItsOwnAtEachDoor(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	end := time.Now().Truncate(time.Second).Add(10 * time.Second) // in which every door is found, and opened
	token := signed(t, b.tokenSecret(t), "configured", map[string]any{
		"sub": "ada", "scope": "chat:read chat:send", "exp": end.Unix(),
	})
	all := b.present(t, map[string]string{"ada": token})["ada"]
	bob := b.watch(t, "bob", "/v1/ws", b.token(t, auth.Grant{User: "bob"}))
	for _, w := range all {
		w.over(t, end, "token_expired")
		if w.at.Before(end) {
			t.Errorf("%s ended %v too soon", w.name, end.Sub(w.at))
		}
	}
	bob.lives(t)
	b.ask(t, token, "GET", general, "").want(t, 401, "token_expired")
}
