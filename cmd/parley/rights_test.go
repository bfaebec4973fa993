package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/auth"
)

// walker is somebody who tries everything, with a letter of deed.may.
type walker struct {
	letter string
	user   string
	token  string
	code   string // what a refusal says in the channel of one's own
}

// walk is a server with two private channels: all walkers have their standing
// in the first one and none in the second.
type walk struct {
	*bundle
	t         *testing.T
	server    string
	standings map[string]string // in vault, by user
	n         int
}

func (w *walk) do(method, path, body string) answer {
	w.t.Helper()
	a := w.ask(w.t, w.server, method, path, body)
	if a.status >= 300 {
		w.t.Fatalf("%s %s: %s", method, path, a.text)
	}
	return a
}

func (w *walk) walkers() []walker {
	both := []string{"chat:read", "chat:send"}
	list := []struct {
		walker
		standing string
		grant    auth.Grant
	}{
		{walker{letter: "S", user: "stan", code: "forbidden"}, "", auth.Grant{}},
		{walker{letter: "R", user: "rita", code: "forbidden"}, `{"role":"reader"}`, auth.Grant{}},
		{walker{letter: "M", user: "mia", code: "forbidden"}, `{"role":"member"}`, auth.Grant{}},
		{walker{letter: "O", user: "mo", code: "forbidden"}, `{"role":"moderator"}`, auth.Grant{}},
		{walker{letter: "W", user: "olga", code: "forbidden"}, `{"role":"owner"}`, auth.Grant{}},
		{walker{letter: "A", user: "max", code: "forbidden"}, "", auth.Grant{Scopes: append(both, "chat:manage")}},
		{walker{letter: "L", user: "lea", code: "forbidden"}, `{"role":"member"}`, auth.Grant{Scopes: []string{"chat:read"}}},
		{walker{letter: "U", user: "ute", code: "muted"}, `{"role":"member","muted":true}`, auth.Grant{}},
		{walker{letter: "B", user: "bea", code: "banned"}, `{"role":"","banned":true}`, auth.Grant{}},
		{walker{letter: "N", user: "ned", code: "forbidden"}, `{"role":"owner"}`, auth.Grant{Channels: []string{"vaul", "vault-*"}}},
	}
	var all []walker
	w.standings = map[string]string{}
	for _, l := range list {
		if l.standing != "" {
			w.standings[l.user] = l.standing
		}
		l.grant.User = l.user
		l.token = w.token(w.t, l.grant)
		all = append(all, l.walker)
	}
	return all
}

// make makes a private channel, as soon as nothing is left of one of that name.
func (w *walk) make(channel string) {
	w.t.Helper()
	path := "/v1/channels/" + channel
	for begun := time.Now(); w.ask(w.t, w.server, "PUT", path, `{"kind":"private"}`).status == http.StatusServiceUnavailable; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			w.t.Fatalf("%s is still being deleted", channel)
		}
	}
	for user, standing := range w.standings {
		if channel == "vault" {
			w.do("PUT", path+"/members/"+user, standing)
		}
	}
}

// ready makes what a deed needs in the channel, for this walker.
func (w *walk) ready(d deed, channel, user string) *strings.Replacer {
	w.t.Helper()
	if w.ask(w.t, w.server, "GET", "/v1/channels/"+channel, "").status != http.StatusOK {
		w.make(channel)
	}
	w.n++
	at := fmt.Sprintf("%.0f", w.head(channel))
	messages := "/v1/channels/" + channel + "/messages?userId="
	own := w.do("POST", messages+user, `{"text":"my secret"}`).field(w.t, "id")
	other := w.do("POST", messages+"somebody", `{"text":"a secret"}`).field(w.t, "id")
	key := fmt.Sprint("key-", w.n)
	w.do("PUT", "/v1/channels/"+channel+"/state/"+key+"?userId=somebody", `{"value":1}`)
	fill := strings.NewReplacer("{c}", channel, "{own}", own, "{other}", other, "{key}", key, "{at}", at, "{me}", user, "{n}", fmt.Sprint(w.n))
	if d.before != "" {
		method, path, _ := strings.Cut(d.before, " ")
		w.do(method, fill.Replace("/v1/channels/{c}"+path+"?userId="+user), "")
	}
	return fill
}

// since are the channel's events after seq, without what differs from one deed
// to the next.
func (w *walk) since(channel string, seq float64) []map[string]any {
	w.t.Helper()
	a := w.ask(w.t, w.server, "GET", fmt.Sprintf("/v1/channels/%s/events?after=%.0f", channel, seq), "")
	if a.status == http.StatusGone {
		return []map[string]any{{"code": a.field(w.t, "code")}}
	}
	events := a.want(w.t, http.StatusOK, "").list(w.t, "events")
	for _, e := range events {
		for _, name := range []string{"id", "seq", "sequence", "targetSeq", "createdAt", "editedAt", "deletedAt", "at", "nonce", "parentId", "key", "userId"} {
			if _, ok := e[name]; ok {
				e[name] = "some"
			}
		}
	}
	return events
}

func (w *walk) head(channel string) float64 {
	w.t.Helper()
	_, seq, _ := strings.Cut(w.do("GET", "/v1/channels/"+channel, "").field(w.t, "head"), ":")
	var n float64
	if err := json.Unmarshal([]byte(seq), &n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Each operation, by everybody, through each door, in a channel where they
// have their standing and in one where they have none: the same is allowed
// everywhere, it is what the table says, and it leaves the same in the log.
func TestRights_AreTheSameThroughEachDoorAndLeaveTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0, 0 })
	w := &walk{bundle: b, t: t, server: b.secretKey(t)}
	doors := []struct {
		name string
		ask  asks
	}{{"REST", b.overREST}, {"WebSocket", b.overWebSocket}, {"poll", b.overPoll}}
	cells := 0
	for _, who := range w.walkers() {
		for _, channel := range []string{"vault", "elsewhere"} {
			for _, d := range deeds() {
				var first []map[string]any
				for i, door := range doors {
					fill := w.ready(d, channel, who.user)
					before := w.head(channel)
					code := door.ask(t, who.token, d, fill)
					if want := who.expected(d, channel); code != want {
						t.Errorf("%s of %s in %s over %s: %q, want %q", d.name, who.user, channel, door.name, code, want)
					}
					left := w.since(channel, before)
					if code != "" && len(left) > 0 {
						t.Errorf("%s of %s in %s over %s was refused and left %v", d.name, who.user, channel, door.name, left)
					}
					if i == 0 {
						first = left
					} else if diff := cmp.Diff(first, left); diff != "" {
						t.Errorf("%s of %s over %s leaves something else than over %s: %s", d.name, who.user, door.name, doors[0].name, diff)
					}
					cells++
				}
			}
		}
	}
	t.Logf("%d cells", cells)
}

// expected is the code of the refusal, or "".
func (who walker) expected(d deed, channel string) string {
	switch {
	case channel != "vault" && who.letter != "A", who.letter == "N":
		return "forbidden"
	case strings.Contains(d.may, who.letter):
		return ""
	case who.letter == "U" && !strings.ContainsAny(d.may, "M"):
		return "forbidden" // what no member may, muted or not
	}
	return who.code
}

// Whoever is of another project sees and changes nothing of this one, even
// where the names are the same.
func TestRights_AnotherProjectsTokensReachNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0, 0 })
	w := &walk{bundle: b, t: t, server: b.secretKey(t)}
	w.do("PUT", "/v1/channels/vault", `{"kind":"private"}`)
	w.do("PUT", "/v1/channels/vault/members/mia", `{"role":"owner"}`)
	w.do("POST", "/v1/projects", `{"name":"acme"}`)
	key := w.do("POST", "/v1/keys?project=acme", `{"kind":"secret"}`)
	token := signed(t, key.field(t, "key"), key.field(t, "id"), map[string]any{
		"sub": "mia", "project": "acme", "scope": "chat:read chat:send chat:manage", "exp": time.Now().Add(time.Hour).Unix(),
	})
	for _, d := range deeds() {
		for name, ask := range map[string]asks{"REST": b.overREST, "WebSocket": b.overWebSocket, "poll": b.overPoll} {
			fill := w.ready(d, "vault", "mia")
			before := w.head("vault")
			code := ask(t, token, d, fill)
			if names := strings.Contains(d.path, "{o"); names && code != "not_found" {
				t.Errorf("%s over %s, of a message of another project: %q", d.name, name, code)
			}
			if left := w.since("vault", before); len(left) > 0 {
				t.Errorf("%s over %s left %v in another project", d.name, name, left)
			}
			if a := b.ask(t, token, "GET", "/v1/channels/vault/events?after=0", ""); strings.Contains(a.text, "secret") {
				t.Fatalf("a message of another project: %s", a.text)
			}
		}
	}
}
