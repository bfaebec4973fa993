package upload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/upload/disk"
)

// memory is a store's records and references: what a test sets, and what it
// takes away. The whole server's tests have a real one.
type memory struct {
	mu         sync.Mutex
	records    map[string][]byte
	referenced map[string]bool
	asked      func(file string) // is told of each question for references, before its answer

	stepping sync.Mutex
	step     func() error // before each change, one call at a time: its error is the power's going
}

// stepBy has step called before each change; nil: nothing is.
func (m *memory) stepBy(step func() error) {
	m.stepping.Lock()
	defer m.stepping.Unlock()
	m.step = step
}

func (m *memory) begin() error {
	m.stepping.Lock()
	defer m.stepping.Unlock()
	if m.step == nil {
		return nil
	}
	return m.step()
}

// edit changes the records behind everybody's back.
func (m *memory) edit(change func(records map[string][]byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m.records)
}

// all are the records as they are now.
func (m *memory) all() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.records)
}

func newMemory() *memory {
	return &memory{records: map[string][]byte{}, referenced: map[string]bool{}}
}

func (m *memory) Records(_ context.Context, prefix string, visit func(string, []byte) error) error {
	all := m.all()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := visit(key, all[key]); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) PutRecords(_ context.Context, records map[string][]byte) error {
	if err := m.begin(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, value := range records {
		if value == nil {
			delete(m.records, key)
			continue
		}
		m.records[key] = value
	}
	return nil
}

func (m *memory) Referenced(_ context.Context, _, file string) (bool, error) {
	if m.asked != nil {
		m.asked(file)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.referenced[file], nil
}

func (m *memory) refer(url string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.referenced[strings.TrimPrefix(url, "/files/")] = on
}

// bundle is a service over a folder, behind a server of its own.
type bundle struct {
	t       testing.TB
	dir     string
	store   *memory
	service *upload.Service
	url     string
	clock   *clock
}

// clock begins at the machine's time, which connections' deadlines are in.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func setup(t testing.TB, change func(*upload.Options)) *bundle {
	t.Helper()
	return resume(t, t.TempDir(), newMemory(), change)
}

// resume starts a service on what another has left.
func resume(t testing.TB, dir string, store *memory, change func(*upload.Options)) *bundle {
	t.Helper()
	blobs, err := disk.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{t: t, dir: dir, store: store, clock: &clock{}}
	o := b.options(dir, store, blobs)
	if change != nil {
		change(&o)
	}
	if b.service, err = upload.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	b.collect() // the one that a start begins with: the place is marked
	mux := http.NewServeMux()
	mux.HandleFunc("/api/upload", b.service.Receive)
	mux.Handle("/files/", b.service)
	mux.HandleFunc(upload.TusPath, b.service.ServeTus)
	mux.HandleFunc(upload.TusPath+"/", b.service.ServeTus)
	server := httptest.NewServer(mux)
	b.url = server.URL
	t.Cleanup(func() {
		server.Close()
		if err := errors.Join(b.service.Close(), blobs.Close()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// options are a service's over a folder, whose requests name their user.
func (b *bundle) options(dir string, store *memory, blobs upload.Blobs) upload.Options {
	return upload.Options{
		Store: store, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Now: b.clock.now, Every: 1000 * time.Hour,
		Identify: func(r *http.Request) (chat.Identity, error) {
			return chat.Identity{Project: "p", User: r.URL.Query().Get("user")}, nil
		},
		Permit: func(_ context.Context, id *chat.Identity, channel string, _ chat.Operation) error {
			if channel == "closed" {
				return chat.E(chat.CodeForbidden, "%s may not", id.User)
			}
			return nil
		},
		Refuse: func(w http.ResponseWriter, err error) {
			w.WriteHeader(http.StatusTeapot)
			_ = json.NewEncoder(w).Encode(map[string]string{"code": string(chat.CodeOf(err)), "detail": err.Error()})
		},
	}
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (b *bundle) do(r *http.Request) (answer, error) {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(data)}
	if err == nil && bytes.HasPrefix(data, []byte("{")) {
		_ = json.Unmarshal(data, &a.body) // of a file that begins so: no object
	}
	return a, err
}

func (b *bundle) post(user, name string, content []byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	at, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = at.Write(content)
	}
	if err == nil {
		err = errors.Join(w.WriteField("conversationId", "c"), w.Close())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/api/upload?user="+user, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	a, err := b.do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// keep uploads what must be taken, and is its url.
func (b *bundle) keep(user string, content []byte) string {
	b.t.Helper()
	a := b.post(user, "a", content)
	url, ok := a.body["url"].(string)
	if a.status != http.StatusOK || !ok {
		b.t.Fatalf("%d %s", a.status, a.text)
	}
	return url
}

func (b *bundle) get(user, path string) answer {
	b.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path+separator+"user="+user, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	a, err := b.do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// has checks whether the user gets the file.
func (b *bundle) has(user, url string, want bool) {
	b.t.Helper()
	if a := b.get(user, url); (a.status == http.StatusOK) != want {
		b.t.Errorf("%s for %s: %d %s", url, user, a.status, a.text)
	}
}

func (b *bundle) collect() {
	b.t.Helper()
	if err := b.service.Collect(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// left are the files on the disk below the folder.
func (b *bundle) left(folder string) []string {
	b.t.Helper()
	var names []string
	mark := string(b.store.all()["file-mark"])
	err := filepath.WalkDir(filepath.Join(b.dir, folder), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Base(path) != mark {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return names
}

// records are the keys of the store that begin so.
func (b *bundle) records(prefix string) (keys []string) {
	for key := range b.store.all() {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (b *bundle) code(a answer, want chat.Code) {
	b.t.Helper()
	if a.status != http.StatusTeapot || a.body["code"] != string(want) {
		b.t.Errorf("%d %s, want %s", a.status, a.text, want)
	}
}

var errPower = errors.New("the power is off")

func unique(n int) []byte { return fmt.Appendf(nil, "content %d", n) }
