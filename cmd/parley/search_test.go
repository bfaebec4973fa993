package main

import (
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
)

// foundWithin is how long a message may take to be found on a busy machine.
const foundWithin = 30 * time.Second

func withSearch(c *Serve) { c.Search.Search = true }

// found are the texts that a search answers with, once there are so many.
func (b *bundle) found(t *testing.T, token, query string, want int) (texts []string) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		texts = []string{}
		a := b.ask(t, token, "GET", "/v1/search?q="+url.QueryEscape(query), "").want(t, 200, "")
		for _, hit := range a.body["messages"].([]any) {
			texts = append(texts, hit.(map[string]any)["message"].(map[string]any)["text"].(string))
		}
		if len(texts) == want || time.Since(begun) > foundWithin {
			return texts
		}
	}
}

// onFolder is a server on a folder that had one before; the caller stops it.
func onFolder(t *testing.T, c *Serve) *bundle {
	t.Helper()
	s, err := c.start(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &bundle{server: s, config: c, url: "http://" + s.addrs()[0], document: newDocument()}
}

func TestSearch_FindsWhatIsPosted(t *testing.T) {
	t.Parallel()
	b := setup(t, withSearch)
	ada, ben := b.token(t, auth.Grant{User: "ada", Scopes: []string{"chat:read", "chat:send", "chat:manage"}}), b.token(t, auth.Grant{User: "ben"})
	b.ask(t, ada, "POST", general, `{"text":"the quick brown fox"}`).want(t, 201, "")
	b.ask(t, ada, "POST", general, `{"text":"a quick answer"}`).want(t, 201, "")
	b.ask(t, ada, "PUT", "/v1/channels/ours", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, ada, "POST", "/v1/channels/ours/messages", `{"text":"quick secrets"}`).want(t, 201, "")
	if got := b.found(t, ada, "quick", 3); !slices.Equal(got, []string{"quick secrets", "a quick answer", "the quick brown fox"}) {
		t.Errorf("ada found %q", got)
	}
	if got := b.found(t, ben, "quick", 2); !slices.Equal(got, []string{"a quick answer", "the quick brown fox"}) {
		t.Errorf("ben found %q", got)
	}
	first := b.ask(t, ben, "GET", "/v1/search?q=quick&limit=1", "").want(t, 200, "")
	second := b.ask(t, ben, "GET", "/v1/search?q=quick&limit=1&before="+url.QueryEscape(first.field(t, "next")), "").want(t, 200, "")
	if _, more := second.body["next"]; more || len(second.body["messages"].([]any)) != 1 {
		t.Errorf("the second page is %s", second.text)
	}
	if got := b.ask(t, ada, "GET", "/v1/search?q=quick&channel=ours&channel=other", "").want(t, 200, ""); len(got.body["messages"].([]any)) != 1 {
		t.Errorf("in two channels: %s", got.text)
	}
	b.ask(t, ben, "GET", "/v1/search?q=has:video", "").want(t, 400, "invalid")
	b.ask(t, ben, "GET", "/v1/search", "").want(t, 400, "invalid")
	b.ask(t, ben, "GET", "/v1/search?q=x&before=y", "").want(t, 400, "invalid")
	b.ask(t, "", "GET", "/v1/search?q=quick", "").want(t, 401, "unauthorized")
}

func TestSearch_CanBeLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.ask(t, b.token(t, auth.Grant{User: "ada"}), "GET", "/v1/search?q=quick", "").want(t, 404, "not_found")
}

// What follows the log is made of it again: its folder may be lost.
func TestSearch_FolderIsMadeAnew(t *testing.T) {
	t.Parallel()
	c := &Serve{Addr: []string{"127.0.0.1:0"}, Data: t.TempDir(), PostRate: 50, PostBurst: 100}
	withSearch(c)
	b := onFolder(t, c)
	b.ask(t, b.token(t, auth.Grant{User: "ada"}), "POST", general, `{"text":"kept in the log"}`).want(t, 201, "")
	if err := b.server.stop(nil); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(c.Data, searchName)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		t.Fatal("nothing was kept", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	b = onFolder(t, c)
	defer func() {
		if err := b.server.stop(nil); err != nil {
			t.Error(err)
		}
	}()
	if got := b.found(t, b.token(t, auth.Grant{User: "ada"}), "kept", 1); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

// A backup is of the log; what is made of it is not in it.
func TestSearch_IsInNoBackup(t *testing.T) {
	t.Parallel()
	b := setup(t, withSearch)
	b.ask(t, b.token(t, auth.Grant{User: "ada"}), "POST", general, `{"text":"kept in the log"}`).want(t, 201, "")
	to := filepath.Join(t.TempDir(), "backup")
	if err := writeBackup(t.Context(), b.server.store, b.config.Data, to); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(to, searchName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the backup has the index: %v", err)
	}
}
