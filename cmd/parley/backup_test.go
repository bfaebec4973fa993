package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/client"
)

// said runs a command and returns what it printed.
func said(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), &process{args: args, getenv: func(string) string { return "" }, stdout: &out, stderr: io.Discard})
	return out.String(), err
}

// must is said of a command that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	text, err := said(t, args...)
	if err != nil {
		t.Fatalf("parley %s: %v", strings.Join(args, " "), err)
	}
	return text
}

// talker publishes until its context ends, and keeps what was acknowledged.
type talker struct {
	mu    sync.Mutex
	acked map[string]uint64 // seq by text
	enter chan struct{}     // closed after the first hundred
}

func (a *talker) talk(ctx context.Context, c *client.Client, name string) {
	for i := 0; ; i++ {
		text := fmt.Sprintf("%s-%d", name, i)
		m, err := c.Publish(ctx, "general", client.Draft{Text: text})
		if err != nil {
			return
		}
		a.mu.Lock()
		a.acked[text] = m.Seq
		if len(a.acked) == 100 {
			close(a.enter)
		}
		a.mu.Unlock()
	}
}

func (a *talker) soFar() map[string]uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make(map[string]uint64, len(a.acked))
	for text, seq := range a.acked {
		all[text] = seq
	}
	return all
}

// A backup is taken from a server under load, restored elsewhere, and served.
// What was acknowledged before the backup began is in it; a client that has
// seen more is told so, and begins again.
func TestBackup_UnderLoadIsRestoredAndClientsBeginAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	a := &talker{acked: make(map[string]uint64), enter: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	var talking sync.WaitGroup
	for n := range 4 {
		c := newClient(t, b, fmt.Sprintf("user-%d", n))
		talking.Go(func() { a.talk(ctx, c, fmt.Sprint(n)) })
	}
	<-a.enter
	before := a.soFar()
	dir := filepath.Join(t.TempDir(), "backup")
	text := must(t, "backup", dir, "--data", b.config.Data)
	if !strings.Contains(text, "verified") {
		t.Errorf("it says %s", text)
	}
	after := a.soFar()
	cancel()
	talking.Wait()
	if len(after) <= len(before) {
		t.Error("nothing was said while the backup was made")
	}
	reader := newClient(t, b, "reader")
	seen := make(chan client.Event, 1<<16)
	if _, err := reader.Subscribe(t.Context(), "general", client.SubscribeOptions{FromStart: true}, func(e client.Event) { seen <- e }); err != nil {
		t.Fatal(err)
	}
	position := client.Position{Epoch: b.store.Epoch(), Seq: upTo(t, seen, a.soFar())}

	data := filepath.Join(t.TempDir(), "restored")
	text = must(t, "restore", dir, "--data", data)
	if !strings.Contains(text, "new epoch") {
		t.Errorf("it says %s", text)
	}
	must(t, "inspect", "verify", "--data", data)
	r := started(t, &Serve{Addr: []string{"127.0.0.1:0"}, Data: data}, slog.New(slog.DiscardHandler))

	// Without a client of ours: the answer that an old position gets.
	s := r.dial(t, "/v1/ws?token="+b.token(t, auth.Grant{User: "reader"}), nil)
	s.until("connected")
	s.send(fmt.Sprintf(`{"type":"subscribe","ref":1,"channelId":"general","position":"%s"}`, position))
	_, frame, err := s.ws.Read(t.Context())
	if err != nil || !strings.Contains(string(frame), `"code":"expired"`) || !strings.Contains(string(frame), `"reason":"epoch"`) {
		t.Errorf("an old position gets %s, %v", frame, err)
	}

	// With it: a Reset, and then all that was kept.
	events := make(chan client.Event, 1<<16)
	back := newClient(t, r, "reader")
	if _, err := back.Subscribe(t.Context(), "general", client.SubscribeOptions{From: position}, func(e client.Event) { events <- e }); err != nil {
		t.Fatal(err)
	}
	if reset, ok := (<-events).(*client.Reset); !ok || reset.Reason != "epoch" || reset.Lost != position {
		t.Fatalf("the first thing told is %+v", reset)
	}
	upTo(t, events, before)
}

// newClient is the Go client of a user of b's, who has b's keys wherever it connects.
func newClient(t *testing.T, b *bundle, user string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{URL: b.url, Token: b.token(t, auth.Grant{User: user}), Base: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// upTo reads messages until all that are wanted have come, at their seqs and
// in order, and returns the last one.
func upTo(t *testing.T, events <-chan client.Event, want map[string]uint64) uint64 {
	t.Helper()
	left, last := len(want), uint64(0)
	late := time.After(20 * time.Second)
	for left > 0 {
		select {
		case e := <-events:
			m, ok := e.(*client.Message)
			if !ok {
				continue
			}
			if m.Seq != last+1 {
				t.Fatalf("seq %d after %d", m.Seq, last)
			}
			last = m.Seq
			if seq, ok := want[m.Text]; ok {
				if seq != m.Seq {
					t.Fatalf("%s is at %d, and was acknowledged at %d", m.Text, m.Seq, seq)
				}
				left--
			}
		case <-late:
			t.Fatalf("%d messages did not come", left)
		}
	}
	return last
}

func TestBackup_OfAStoppedServer(t *testing.T) {
	t.Parallel()
	data, dir, again := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "again")
	key := fill(t, data)
	if _, err := os.Stat(filepath.Join(data, socketName)); !os.IsNotExist(err) {
		t.Errorf("a stopped server left its socket: %v", err)
	}
	must(t, "backup", dir, "--data", data)
	must(t, "inspect", "verify", "--data", dir)
	must(t, "restore", dir, "--data", again)
	r := started(t, &Serve{Addr: []string{"127.0.0.1:0"}, Data: again}, slog.New(slog.DiscardHandler))
	if got := r.ask(t, key, "GET", general, "").want(t, 200, "").list(t, "messages"); len(got) != 3 {
		t.Errorf("it has %v", got)
	}
}

// fill makes a data folder with a few messages; it returns the secret key.
func fill(t *testing.T, data string) (key string) {
	t.Helper()
	t.Run("fill", func(t *testing.T) { // the server stops with it
		b := started(t, &Serve{Addr: []string{"127.0.0.1:0"}, Data: data}, slog.New(slog.DiscardHandler))
		key = b.secretKey(t)
		for range 3 {
			b.ask(t, key, "POST", general+"?userId=ada", `{"text":"x"}`).want(t, 201, "")
		}
	})
	return key
}

func TestBackup_RefusesFoldersThatAreNotItsOwn(t *testing.T) {
	t.Parallel()
	data, used := filepath.Join(t.TempDir(), "data"), t.TempDir()
	fill(t, data)
	if err := os.WriteFile(filepath.Join(used, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(data, link); err != nil {
		t.Fatal(err)
	}
	for dir, why := range map[string]string{
		used: "not empty", filepath.Join(data, "backup"): "in the data folder", data: "in the data folder",
		filepath.Join(link, "deep", "er"): "in the data folder",
	} {
		if text, err := said(t, "backup", dir, "--data", data); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("to %s: %s%v, want %q", dir, text, err, why)
		}
	}
	if entries, err := os.ReadDir(used); err != nil || len(entries) != 1 {
		t.Errorf("it left %v in a folder that it refused", entries)
	}
	if _, err := said(t, "backup", filepath.Join(t.TempDir(), "b"), "--data", filepath.Join(data, "nothing")); err == nil {
		t.Error("it backs up what is not there")
	}
	if _, err := said(t, "restore", used, "--data", filepath.Join(t.TempDir(), "d")); err == nil || !strings.Contains(err.Error(), "no backup") {
		t.Errorf("restore of any folder: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "b")
	must(t, "backup", dir, "--data", data)
	if _, err := said(t, "restore", dir, "--data", data); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restore over data: %v", err)
	}
}

func TestRestore_RefusesADamagedBackup(t *testing.T) {
	t.Parallel()
	for what, damage := range map[string]func(dir string) error{
		"the keys": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, keysFile), []byte("{}"), 0o600)
		},
		"the log": func(dir string) error { return truncateAll(filepath.Join(dir, logsName), ".sst", ".journal") },
		"a note":  func(dir string) error { return os.Remove(filepath.Join(dir, noteName)) },
	} {
		data, dir, to := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "d")
		fill(t, data)
		must(t, "backup", dir, "--data", data)
		if err := damage(dir); err != nil {
			t.Fatal(err)
		}
		if text, err := said(t, "restore", dir, "--data", to); err == nil {
			t.Errorf("%s: %s", what, text)
		}
		if _, err := os.Stat(to); !os.IsNotExist(err) {
			t.Errorf("%s: something was restored: %v", what, err)
		}
	}
}

// truncateAll cuts the files with these endings in half.
func truncateAll(dir string, endings ...string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		for _, ending := range endings {
			if path := filepath.Join(dir, e.Name()); err == nil && strings.HasSuffix(path, ending) {
				var info os.FileInfo
				if info, err = os.Stat(path); err == nil {
					err = os.Truncate(path, info.Size()/2)
				}
			}
		}
	}
	return err
}

// The socket is found by a path that is longer than a socket's address may be,
// and left behind by a server that was killed it is in nobody's way.
func TestBackup_FindsTheServerByALongPathAndAfterACrash(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "data")
	fill(t, data)
	left, err := listenLocal(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	_ = left.Close()
	must(t, "backup", filepath.Join(t.TempDir(), "b"), "--data", data)
	b := started(t, &Serve{Addr: []string{"127.0.0.1:0"}, Data: data}, slog.New(slog.DiscardHandler))
	must(t, "backup", filepath.Join(t.TempDir(), "b"), "--data", data)
	got := b.visit(t, "GET", "/metrics", nil)
	if !strings.Contains(got.text, `parley_backups_total{result="done"} 1`+"\n") {
		t.Error("the backup is not counted")
	}
	if _, err := said(t, "backup", t.TempDir()+"/b/"+socketName, "--data", data); err != nil {
		t.Error(err)
	}
	if _, err := said(t, "backup", data+"/in", "--data", data); err == nil || !strings.Contains(err.Error(), "the server answers: ") {
		t.Errorf("a running server refuses with %v", err)
	}
	info, err := os.Stat(filepath.Join(data, socketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	if _, err := said(t, "inspect", "channels", "--data", data); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("inspect of a running server: %v", err)
	}
}

// A backup that the server's end overtakes is whole or leaves nothing, and does
// not hold the server up.
func TestBackup_IsWholeOrNothingWhenTheServerStops(t *testing.T) {
	t.Parallel()
	for range 5 {
		data, dir := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "b")
		fill(t, data)
		c := &Serve{Addr: []string{"127.0.0.1:0"}, Data: data}
		s, err := c.start(t.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := said(t, "backup", dir, "--data", data)
			ended <- err
		}()
		if err := s.stop(nil); err != nil {
			t.Error(err)
		}
		err = <-ended
		_, there := os.Stat(dir)
		if err == nil {
			must(t, "inspect", "verify", "--data", dir)
		} else if !os.IsNotExist(there) {
			t.Errorf("it failed with %v, and left a folder: %v", err, there)
		}
	}
}
