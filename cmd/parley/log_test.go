package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
)

// journal keeps what a server logs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// lines are the records, as JSON has them.
func (j *journal) lines(t *testing.T) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range strings.Lines(j.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, record)
	}
	return list
}

// logged starts a server that logs everything it ever does.
func logged(t *testing.T) (*bundle, *journal) {
	t.Helper()
	j := &journal{}
	c := &Serve{
		Addr: []string{"127.0.0.1:0"}, Data: t.TempDir(), PostRate: 50, PostBurst: 100, Compression: true,
		Log: "json", LogLevel: slog.LevelDebug,
	}
	return started(t, c, c.logger(j)), j
}

// talkative is an error that says more where it is asked for all.
type talkative struct{ error }

func (e talkative) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, e.Error())
	if f.Flag('+') {
		fmt.Fprint(f, "\nwith its stack")
	}
}

func TestLog_ErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"text", "json"} {
		var kept journal
		(&Serve{Log: form}).logger(&kept).Error("failed", "err", talkative{errors.New("a cause")}, "n", 1)
		if said := kept.String(); !strings.Contains(said, "a cause") || strings.Contains(said, "stack") {
			t.Errorf("%s: %s", form, said)
		}
	}
}

func TestRequests_HaveAnID(t *testing.T) {
	t.Parallel()
	b, j := logged(t)
	for given, want := range map[string]string{
		"client-1.A_z": "client-1.A_z", "": "", "two words": "", `"quoted"`: "", strings.Repeat("x", 129): "",
		strings.Repeat("x", 128): strings.Repeat("x", 128),
	} {
		got := b.visit(t, "GET", "/v1/nothing", map[string]string{requestHeader: given}).want(t, 404, "not_found")
		id := got.header.Get(requestHeader)
		if id == "" || want != "" && id != want || want == "" && id == given {
			t.Errorf("given %q it has %q", given, id)
		}
		if !strings.Contains(j.String(), `"request":"`+id+`"`) {
			t.Errorf("request %q is not in the log", id)
		}
	}
	upgrade := b.visit(t, "GET", "/chat", map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", requestHeader: "up-1",
	}).want(t, 401, "unauthorized")
	if upgrade.header.Get(requestHeader) != "up-1" {
		t.Error("a refused upgrade has no id")
	}
	_, opened, err := websocket.Dial(t.Context(), b.url+"/v1/ws", &websocket.DialOptions{HTTPHeader: http.Header{requestHeader: {"up-2"}}})
	if err != nil || opened.Header.Get(requestHeader) != "up-2" {
		t.Errorf("an upgrade has %v, %v", opened, err)
	}
}

func TestRequests_ThatFailAreLoggedWithTheirID(t *testing.T) {
	t.Parallel()
	b, j := logged(t)
	b.draining.Store(true)
	b.visit(t, "GET", "/readyz", map[string]string{requestHeader: "r-1"}).want(t, 503, "going_away")
	for _, record := range j.lines(t) {
		if record["request"] == "r-1" && record["level"] == "WARN" && record["status"] == 503.0 && record["route"] == "GET /readyz" {
			return
		}
	}
	t.Errorf("it is not in\n%s", j)
}

func TestRequests_APanicIsAnAnswerAndALine(t *testing.T) {
	t.Parallel()
	j := &journal{}
	log := (&Serve{Log: "json"}).logger(j)
	q := &requests{log: log, now: time.Now, next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })}
	w := httptest.NewRecorder()
	q.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	got := w.Result()
	if got.StatusCode != http.StatusInternalServerError || got.Header.Get(requestHeader) == "" {
		t.Errorf("it answers %v", got)
	}
	if text := j.String(); !strings.Contains(text, `"panic":"oh"`) || !strings.Contains(text, got.Header.Get(requestHeader)) {
		t.Errorf("the log has %s", text)
	}
}

// What users say and what lets them in is nowhere in the log, whatever goes
// wrong: the level is debug, and every secret word is looked for.
func TestLog_HasNoTokensAndNoBodies(t *testing.T) {
	t.Parallel()
	const word = "zaubernuss"
	b, j := logged(t)
	ada := b.token(t, auth.Grant{User: "ada"})
	expired := b.expiredToken(t)
	key := b.secretKey(t)

	b.ask(t, ada, "POST", general, `{"text":"`+word+`"}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"text":"`+word).want(t, 400, "malformed")
	b.ask(t, key, "POST", general+"?userId=ada", `{"text":"`+word+`"}`).want(t, 201, "")
	b.ask(t, expired, "POST", general, `{"text":"`+word+`"}`).want(t, 401, "token_expired")
	b.ask(t, key+"x", "GET", general, "").want(t, 401, "unauthorized")
	b.visit(t, "GET", general+"?token="+ada+"&q="+word, nil).want(t, 200, "")
	b.visit(t, "GET", "/v1/nothing/"+word+"?token="+ada, nil).want(t, 404, "not_found")
	s := b.dial(t, "/v1/ws?token="+ada, nil)
	s.until("connected")
	s.send(`{"type":"publish","ref":1,"channelId":"general","text":"` + word + `"}`)
	s.until("ack")
	s.send(`{"type":"` + word + `","ref":2}`)
	s.send(`{"type":"publish","text":"` + word)
	s.send(`{"type":"authenticate","ref":3,"token":"` + expired + `"}`)
	s.send(`{"type":"ping","ref":4}`)
	for range 3 {
		if _, _, err := s.ws.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	text := j.String()
	if !strings.Contains(text, `"status":401`) {
		t.Fatalf("nothing is logged: %s", text)
	}
	signature := ada[strings.LastIndex(ada, ".")+1:]
	for what, secret := range map[string]string{
		"a body": word, "a token": signature, "an expired token": expired[strings.LastIndex(expired, ".")+1:],
		"a key": strings.TrimPrefix(key, auth.SecretKeyPrefix),
	} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the log:\n%s", what, text)
		}
	}
}

func TestRequests_TellTheAnswerOfAHandlerThatWritesNothing(t *testing.T) {
	t.Parallel()
	j := &journal{}
	log := (&Serve{Log: "json", LogLevel: slog.LevelDebug}).logger(j)
	q := &requests{log: log, now: time.Now, next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "")
	})}
	q.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("BREW", "/", nil))
	if record := j.lines(t)[0]; record["status"] != 200.0 || record["method"] != "other" {
		t.Errorf("the log has %v", record)
	}
}
