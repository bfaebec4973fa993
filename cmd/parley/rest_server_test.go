package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/ws"
)

func TestREST_TheServerIsShownToWhomItConcerns(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	operator := b.secretKey(t)
	admin := b.token(t, auth.Grant{User: "ada", Scopes: []string{auth.ScopeAdmin}})
	info := b.ask(t, operator, "GET", "/v1/server", "").want(t, 200, "")
	if info.body["epoch"] != b.hub.Epoch() || info.body["version"] != version || info.body["operator"] != true || at(info.body, "addresses", 0) != b.addrs()[0] {
		t.Errorf("the server: %s", info.text)
	}
	if doors := info.body["doors"]; !strings.Contains(info.text, `"/v1/ws"`) || strings.Contains(info.text, "metrics") {
		t.Errorf("doors: %v", doors)
	}
	alone := b.ask(t, admin, "GET", "/v1/server", "").want(t, 200, "")
	if alone.body["whole"] != true || alone.body["operator"] != false {
		t.Errorf("to an admin: %s", alone.text)
	}
	b.ask(t, admin, "GET", "/v1/server/figures", "").want(t, 200, "")
	b.ask(t, admin, "GET", "/v1/server/config", "").want(t, 403, "forbidden")

	b.ask(t, operator, "POST", "/v1/projects", `{"name":"shop"}`).want(t, 201, "")
	shop := b.ask(t, operator, "POST", "/v1/keys?project=shop", `{"kind":"secret"}`).want(t, 201, "").member(t, "key")
	for _, who := range []string{admin, shop} {
		b.ask(t, who, "GET", "/v1/server/figures", "").want(t, 403, "forbidden")
		b.ask(t, who, "GET", "/v1/server/config", "").want(t, 403, "forbidden")
		part := b.ask(t, who, "GET", "/v1/server", "").want(t, 200, "")
		if part.body["addresses"] != nil || part.body["whole"] != false {
			t.Errorf("to one project of two: %s", part.text)
		}
	}
	b.ask(t, operator, "GET", "/v1/server/figures", "").want(t, 200, "")
}

func TestREST_TheServersFiguresCount(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	before := figuresOf(t, b, key)
	ada := b.token(t, auth.Grant{User: "ada"})
	live := b.dial(t, "/v1/ws?token="+ada, nil)
	live.send(`{"type":"subscribe","channelId":"general"}`)
	live.until("level")
	live.send(`{"type":"publish","ref":1,"channelId":"general","text":"Hello"}`)
	live.until("ack")
	live.until("message")
	live.send(`{"type":"unsubscribe","channelId":"nowhere"}`)
	b.ask(t, ada, "GET", "/v1/users", "").want(t, 403, "forbidden")
	after := figuresOf(t, b, key)
	if before.Committed != 0 || after.Committed != 1 || after.Sessions != 1 || after.UsersOnline != 1 || after.ChannelsLoaded != 1 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if s := after.Acknowledgement; s.Count != 1 || s.P99 <= 0 || s.P99 < s.P50 || s.Buckets[len(s.Buckets)-1].Count != 1 {
		t.Errorf("acknowledged: %+v", s)
	}
	if c := after.Connections; len(c) == 0 || c[0].Transport != "websocket" || c[0].Door != "native" || c[0].Open != 1 || c[0].FramesOut < 3 || after.Delivered < 1 {
		t.Errorf("connections: %+v", c)
	}
	if len(after.Refusals) != 1 || after.Refusals[0].Code != "forbidden" || after.Refusals[0].Count != 1 {
		t.Errorf("refusals: %+v", after.Refusals)
	}
	if after.Store.Syncs == 0 || after.Store.Bytes == 0 || after.Store.DiskTotal == 0 || after.Process.MemoryBytes == 0 || after.Process.CPUSeconds == 0 {
		t.Errorf("store %+v, process %+v", after.Store, after.Process)
	}
}

// figures are what the test reads of them.
type readFigures struct {
	Sessions, UsersOnline, ChannelsLoaded int
	Committed, Delivered                  uint64
	Acknowledgement                       struct {
		Count    uint64
		P50, P99 float64
		Buckets  []struct{ Count uint64 }
	}
	Connections []struct {
		Transport, Door string
		Open            int
		FramesOut       uint64
	}
	Refusals []struct {
		Code  string
		Count uint64
	}
	Store   struct{ Syncs, Bytes, DiskTotal uint64 }
	Process struct {
		MemoryBytes uint64
		CPUSeconds  float64
	}
}

func figuresOf(t *testing.T, b *bundle, key string) (f readFigures) {
	t.Helper()
	got := b.ask(t, key, "GET", "/v1/server/figures", "").want(t, 200, "")
	if err := json.Unmarshal([]byte(got.text), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Socket.IO over WebSockets is a door of theirs too: it is told once.
func TestConnections_OfSocketIOAreToldOnce(t *testing.T) {
	t.Parallel()
	now := &snapshot{}
	now.ws = ws.Stats{
		Connections: map[string]int{"native": 2, socketioSockets: 3}, Opened: map[string]uint64{"native": 4, socketioSockets: 5},
		Traffic: map[string]ws.Traffic{"native": {FramesOut: 10}, socketioSockets: {FramesOut: 20}},
	}
	now.eio = engineio.Stats{Polling: 1, WebSockets: 3, Opened: 6, PacketsOut: 30}
	open, frames := 0, uint64(0)
	for _, c := range connectionsOf(now) {
		open, frames = open+c.Open, frames+c.FramesOut
	}
	if open != 6 || frames != 60 {
		t.Errorf("%d connections and %d frames in %+v", open, frames, connectionsOf(now))
	}
	if none := connectionsOf(&snapshot{}); len(none) != 0 {
		t.Errorf("of nobody: %+v", none)
	}
}

func TestQuantile_LiesWithinItsBucket(t *testing.T) {
	t.Parallel()
	d := chat.Distribution{Bounds: []float64{1, 2, 4}, Counts: []uint64{50, 90, 100}, Count: 110}
	for share, want := range map[float64]float64{0.25: 0.55, 0.5: 1.125, 0.8: 1.95, 0.9: 3.8, 0.99: 4} {
		if got := quantile(d, share); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", share, got, want)
		}
	}
	if got := quantile(chat.Distribution{Bounds: []float64{1}, Counts: []uint64{0}}, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// The settings go the way that the command line does: what is masked there is
// masked here.
func TestREST_TheConfigurationIsShownWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef-tell-nobody"
	b := setup(t, func(c *Serve) {
		p := &process{
			args:   []string{"config", "check", "--post-rate", "7", "--origin", "https://example.org"},
			getenv: func(name string) string { return map[string]string{"PARLEY_TOKEN_SECRET": secret}[name] },
			stdout: io.Discard, stderr: io.Discard,
		}
		if err := run(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		c.settings = p.settings
	})
	got := b.ask(t, b.secretKey(t), "GET", "/v1/server/config", "").want(t, 200, "")
	if strings.Contains(got.text, "tell-nobody") {
		t.Fatal("a secret is shown")
	}
	seen := map[string]map[string]any{}
	for _, s := range got.list(t, "settings") {
		name, _ := s["name"].(string)
		seen[name] = s
	}
	if s := seen["post-rate"]; s["value"] != 7.0 || s["from"] != "the command line" {
		t.Errorf("post-rate: %v", s)
	}
	if s := seen["channel-rate"]; s["value"] != 1000.0 || s["from"] != nil {
		t.Errorf("channel-rate: %v", s)
	}
	if s := seen["upload-unused"]; s["value"] != "24h0m0s" {
		t.Errorf("upload-unused: %v", s)
	}
	if at(seen["origin"], "value", 0) != "https://example.org" {
		t.Errorf("origin: %v", seen["origin"])
	}
}

func TestREST_AMessagesWayIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	ada, ben := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "ben"})
	live := b.dial(t, "/v1/ws?token="+ben, nil)
	live.send(`{"type":"subscribe","channelId":"general"}`)
	live.until("level")
	posted := b.ask(t, ada, "POST", general, `{"text":"Hello"}`).want(t, 201, "")
	live.until("message")
	b.ask(t, ben, "PUT", "/v1/channels/general/cursors/ben", `{"read":1}`).want(t, 200, "")
	path := general + "/" + posted.member(t, "id") + "/way"
	w := b.ask(t, key, "GET", path, "").want(t, 200, "")
	for begun := time.Now(); at(w.body, "passage", "firstDeliveredAt") == nil && time.Since(begun) < soon; {
		w = b.ask(t, key, "GET", path, "").want(t, 200, "") // it is noted once the socket has taken it
	}
	for _, name := range []string{"receivedAt", "queuedAt", "syncedAt", "offeredAt", "firstDeliveredAt"} {
		if text, _ := at(w.body, "passage", name).(string); text < "2020" {
			t.Errorf("%s is missing: %s", name, w.text)
		}
	}
	if at(w.body, "message", "text") != "Hello" || at(w.body, "passage", "recipients") != 1.0 || w.body["live"] != 1.0 {
		t.Errorf("the way: %s", w.text)
	}
	if users := w.list(t, "users"); len(users) != 1 || users[0]["userId"] != "ben" || users[0]["read"] != true {
		t.Errorf("users: %v", users)
	}
	if at(w.body, "followers", 0) == nil || at(w.list(t, "followers")[0], "live") != true {
		t.Errorf("followers: %s", w.text)
	}
	b.ask(t, ada, "GET", path, "").want(t, 403, "forbidden")
	b.ask(t, key, "GET", general+"/none/way", "").want(t, 404, "not_found")
	b.ask(t, key, "GET", path+"?limit=0", "").want(t, 400, "invalid")
}

func TestREST_ChannelsAreListedByActivity(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key, ada := b.secretKey(t), b.token(t, auth.Grant{User: "ada"})
	for _, name := range []string{"one", "two", "three"} {
		b.ask(t, ada, "POST", "/v1/channels/"+name+"/messages", `{"text":"x"}`).want(t, 201, "")
	}
	first := b.ask(t, key, "GET", "/v1/channels?order=activity&limit=2", "").want(t, 200, "")
	rest := b.ask(t, key, "GET", "/v1/channels?order=activity&limit=2&after="+first.member(t, "next"), "").want(t, 200, "")
	all := append(first.list(t, "channels"), rest.list(t, "channels")...)
	if len(all) != 3 || rest.body["next"] != nil {
		t.Fatalf("%s, then %s", first.text, rest.text)
	}
	names := map[any]bool{}
	for i, c := range all {
		names[c["id"]] = true
		if c["messages"] != 1.0 || c["followers"] != 0.0 || c["lastAt"] == nil || i > 0 && text(all[i-1]["lastAt"]) < text(c["lastAt"]) {
			t.Errorf("channel %d of %v", i, all)
		}
	}
	if len(names) != 3 {
		t.Errorf("twice: %v", all)
	}
	b.ask(t, ada, "GET", "/v1/channels?order=activity", "").want(t, 403, "forbidden")
	b.ask(t, key, "GET", "/v1/channels?order=size", "").want(t, 400, "invalid")
	b.ask(t, key, "GET", "/v1/channels?order=activity&after=x", "").want(t, 400, "invalid")
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func TestREST_SessionsSayWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.TrustedProxy = []string{"127.0.0.1"} })
	key, ada := b.secretKey(t), b.token(t, auth.Grant{User: "ada"})
	ben := b.token(t, auth.Grant{User: "ben"})
	headers := http.Header{"User-Agent": {"Anything/1.0 " + strings.Repeat("ä", 200)}, "X-Forwarded-For": {"192.0.2.7"}}
	b.dial(t, "/v1/ws?token="+ada, &websocket.DialOptions{HTTPHeader: headers}).until("connected")
	poll := b.ask(t, ben, "POST", "/v1/poll", `{"hold":0,"lease":true}`)
	if poll.status != 200 {
		t.Fatal(poll.text)
	}
	list := b.ask(t, key, "GET", "/v1/sessions?userId=ada", "").want(t, 200, "").list(t, "sessions")
	if len(list) != 1 || list[0]["userId"] != "ada" || list[0]["door"] != "/v1/ws" || list[0]["address"] != "192.0.2.7" || list[0]["dialect"] != "native" {
		t.Fatalf("ada's: %v", list)
	}
	if agent := text(list[0]["userAgent"]); !strings.HasPrefix(agent, "Anything/1.0 ä") || len(agent) > maxAgent || strings.Contains(agent, "\uFFFD") {
		t.Errorf("the agent is %q", agent)
	}
	b.ask(t, ada, "GET", "/v1/sessions?userId=ben", "").want(t, 403, "foreign_sender")
	if mine := b.ask(t, ada, "GET", "/v1/sessions?userId=ada", "").want(t, 200, "").list(t, "sessions"); len(mine) != 1 {
		t.Errorf("one's own: %v", mine)
	}
}

// Under --dev whoever opens the console administers the server.
func TestREST_UnderDevAnybodyIsShownTheServer(t *testing.T) {
	t.Parallel()
	b := started(t, &Serve{Addr: []string{"127.0.0.1:0"}, Data: t.TempDir(), Dev: true}, slog.New(slog.DiscardHandler))
	for _, path := range []string{"/v1/server", "/v1/server/figures", "/v1/server/config", "/v1/channels?order=activity"} {
		b.ask(t, "", "GET", path, "").want(t, 200, "")
	}
}
