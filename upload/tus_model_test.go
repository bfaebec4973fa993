package upload_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/upload/disk"
)

// world is a service that is asked in process, and one upload after the other
// that goes to it.
type world struct {
	t     *rapid.T
	b     *bundle // for what it can read
	dir   string
	store *memory
	serve *upload.Service
	blobs *disk.Blobs

	path     string // of the upload; "": there is none
	content  []byte
	answered int // bytes
}

func (w *world) open() {
	var err error
	if w.blobs, err = disk.Open(filepath.Join(w.dir, "blobs")); err != nil {
		w.t.Fatal(err)
	}
	if w.serve, err = upload.New(w.t.Context(), w.b.options(w.dir, w.store, w.blobs)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.serve.Collect(w.t.Context()); err != nil { // the one that a start begins with
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	if err := errors.Join(w.serve.Close(), w.blobs.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// ask is a request of ada's, whose body may break off.
func (w *world) ask(method, path string, with headers, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path+"?user=ada", body)
	r.Header.Set("Tus-Resumable", "1.0.0")
	for name, value := range with {
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	w.serve.ServeTus(answer, r)
	return answer
}

// offset asks how far the upload is: never less than what was answered, and
// never more than was sent.
func (w *world) offset() int {
	a := w.ask(http.MethodHead, w.path, nil, http.NoBody)
	n, err := strconv.Atoi(a.Header().Get("Upload-Offset"))
	if err != nil || n < w.answered || n > len(w.content) {
		w.t.Fatalf("%d: %q, and %d were answered", a.Code, a.Header().Get("Upload-Offset"), w.answered)
	}
	w.answered = n
	return n
}

func (w *world) create(t *rapid.T) {
	if w.path != "" {
		t.Skip("there is one")
	}
	w.content = rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(t, "content")
	a := w.ask(http.MethodPost, upload.TusPath, about(len(w.content), "c", "a"), http.NoBody)
	if a.Code != http.StatusCreated {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	w.path, w.answered = a.Header().Get("Location"), 0
}

func (w *world) piece(t *rapid.T) (from, to int) {
	if w.path == "" {
		t.Skip("there is none")
	}
	from = w.offset()
	return from, rapid.IntRange(from, len(w.content)).Draw(t, "to")
}

func (w *world) patch(t *rapid.T) {
	from, to := w.piece(t)
	a := w.ask(http.MethodPatch, w.path, pieces(from), bytes.NewReader(w.content[from:to]))
	if a.Code != http.StatusNoContent || a.Header().Get("Upload-Offset") != strconv.Itoa(to) {
		t.Fatalf("%d %s %v", a.Code, a.Body, a.Header())
	}
	if w.answered = to; to == len(w.content) {
		w.whole(t, a)
	}
}

// cut is a request whose connection ends early.
func (w *world) cut(t *rapid.T) {
	from, to := w.piece(t)
	body := io.MultiReader(bytes.NewReader(w.content[from:to]), iotest.ErrReader(io.ErrUnexpectedEOF))
	if a := w.ask(http.MethodPatch, w.path, pieces(from), body); !strings.Contains(a.Body.String(), string(chat.CodeMalformed)) {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	if got := w.offset(); got != to {
		t.Fatalf("%d of %d were kept", got, to)
	}
	if to == len(w.content) { // nothing lacked but the answer
		w.whole(t, w.ask(http.MethodHead, w.path, nil, http.NoBody))
	}
}

// fail is a request during which the power goes; then the server starts again,
// and finds what was not synced to be anything.
func (w *world) fail(t *rapid.T) {
	from, to := w.piece(t)
	left := rapid.IntRange(0, 2).Draw(t, "changes")
	w.store.stepBy(func() error {
		if left--; left < 0 {
			return errPower
		}
		return nil
	})
	a := w.ask(http.MethodPatch, w.path, pieces(from), bytes.NewReader(w.content[from:to]))
	w.store.stepBy(nil)
	if a.Code == http.StatusNoContent {
		w.answered = to
	}
	w.spoil(t)
	w.restart(t)
	if w.offset() == len(w.content) {
		w.whole(t, w.ask(http.MethodHead, w.path, nil, http.NoBody))
	}
}

// spoil puts something behind what was answered.
func (w *world) spoil(t *rapid.T) {
	name := filepath.Join(w.dir, "spool", "unfinished", strings.TrimPrefix(w.path, upload.TusPath+"/"))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, os.ErrNotExist) {
		return // nothing came, or all of it
	}
	if err == nil {
		_, err = f.Write(make([]byte, rand.IntN(100)))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) restart(*rapid.T) {
	w.close()
	w.open()
}

func (w *world) remove(t *rapid.T) {
	if w.path == "" {
		t.Skip("there is none")
	}
	if a := w.ask(http.MethodDelete, w.path, nil, http.NoBody); a.Code != http.StatusNoContent {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	if a := w.ask(http.MethodHead, w.path, nil, http.NoBody); a.Code != http.StatusTeapot {
		t.Fatalf("%d", a.Code)
	}
	w.path = ""
}

// whole checks what the upload has become, and forgets it.
func (w *world) whole(t *rapid.T, a *httptest.ResponseRecorder) {
	f := w.b.became(answer{status: a.Code, header: a.Header()})
	got := httptest.NewRecorder()
	w.serve.ServeHTTP(got, httptest.NewRequest(http.MethodGet, f.URL+"?user=ada", http.NoBody))
	if !bytes.Equal(got.Body.Bytes(), w.content) {
		t.Fatalf("%d bytes of %d: %d", got.Body.Len(), len(w.content), got.Code)
	}
	w.path = ""
}

// check holds after each step: there is one upload at most, and nothing in the
// spool of others.
func (w *world) check(t *rapid.T) {
	want := 0
	if w.path != "" {
		want = 1
	}
	if records, spool := w.b.records("tus/"), w.b.left("spool"); len(records) != want || len(spool) > want {
		t.Fatalf("%v %v", records, spool)
	}
}

// Whatever happens on the way, the file is the bytes that were sent.
func TestTus_KeepsTheBytesWhateverHappens(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	test := t
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, dir: dir, store: newMemory()}
		w.b = &bundle{t: test, dir: dir, store: w.store, clock: &clock{}}
		w.open()
		defer w.close()
		t.Repeat(map[string]func(*rapid.T){
			"create": w.create, "patch": w.patch, "cut": w.cut, "fail": w.fail, "restart": w.restart, "remove": w.remove, "": w.check,
		})
	})
}
