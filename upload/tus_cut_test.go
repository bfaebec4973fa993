package upload_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

// send begins a PATCH that says it has so many bytes, and sends some of them.
func (b *bundle) send(path string, offset, length int, some []byte) net.Conn {
	b.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	_, err = fmt.Fprintf(c, "PATCH %s?user=ada HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: %d\r\nContent-Length: %d\r\n\r\n%s", path, offset, length, some)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// hears is the body of what a connection is answered; then it is closed.
func (b *bundle) hears(c net.Conn) []byte {
	b.t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var data json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&data); err != nil {
		b.t.Fatal(err)
	}
	_ = c.Close() // the server would listen for a while
	return data
}

// spooled is how much lies in the spool of unfinished uploads.
func (b *bundle) spooled() (size int64) {
	b.t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.dir, "spool", "unfinished"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // it may be finished by now
			size += info.Size()
		}
	}
	return size
}

func TestTus_OfACutRequestAllThatCameIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(1000)
	content := bytes.Repeat([]byte("0123456789"), 100)
	c := b.send(path, 0, 1000, content[:300])
	until(t, "300 bytes", func() bool { return b.spooled() == 300 })
	_ = c.Close()
	until(t, "the request's end", func() bool { return b.service.Stats().UnderWay == 0 })
	b.at(path, 300)
	if f := b.became(b.patch(path, 300, content[300:])); b.get("ada", f.URL).text != string(content) {
		t.Errorf("%+v", f)
	}
}

// A client that has lost its connection is back before the server knows: what
// hangs is ended by the question how far it came, and by nothing else.
func TestTus_OneRequestAtATimeAndHeadEndsWhatHangs(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(1000)
	c := b.send(path, 0, 1000, bytes.Repeat([]byte("x"), 300))
	until(t, "300 bytes", func() bool { return b.spooled() == 300 })
	b.code(b.patch(path, 0, []byte("y")), chat.CodeLocked)
	b.at(path, 300)
	if data := b.hears(c); !bytes.Contains(data, []byte(chat.CodeLocked)) {
		t.Errorf("%s", data)
	}
	c = b.send(path, 300, 700, []byte("x"))
	until(t, "301 bytes", func() bool { return b.spooled() == 301 })
	if a := b.tus("ada", http.MethodDelete, path, nil, http.NoBody); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.text)
	}
	if data := b.hears(c); !bytes.Contains(data, []byte(chat.CodeLocked)) {
		t.Errorf("%s", data)
	}
	b.gone(path)
	if left := b.left("spool"); len(left) != 0 || len(b.records("tus")) != 0 {
		t.Errorf("%v %v", left, b.records("tus"))
	}
}

// Of many who send the same at once one gets through, each time.
func TestTus_ManyAtOnceMakeOneFile(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(2)
	var all sync.WaitGroup
	var mu sync.Mutex
	through := 0
	for range 6 {
		all.Go(func() {
			a := b.patch(path, 0, []byte("ab"))
			mu.Lock()
			defer mu.Unlock()
			switch code := a.body["code"]; {
			case a.status == http.StatusNoContent:
				through++
			case code != string(chat.CodeLocked) && code != string(chat.CodeOffset):
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
	all.Wait()
	if through != 1 || len(b.records("file/")) != 1 {
		t.Errorf("%d got through: %v", through, b.records("file/"))
	}
}

func TestTus_AServerThatStopsKeepsWhatCame(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(1000)
	c := b.send(path, 0, 1000, bytes.Repeat([]byte("x"), 300))
	until(t, "300 bytes", func() bool { return b.spooled() == 300 })
	b.service.Drain()
	if data := b.hears(c); !bytes.Contains(data, []byte(chat.CodeGoingAway)) {
		t.Errorf("%s", data)
	}
	b.code(b.patch(path, 300, []byte("more")), chat.CodeGoingAway)
	b = resume(t, b.dir, b.store, nil)
	b.at(path, 300)
}

func TestTus_WhoStopsSendingIsToldAndKeepsWhatCame(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.Idle = 100 * time.Millisecond })
	path := b.create(1000)
	c := b.send(path, 0, 1000, []byte("some"))
	if data := b.hears(c); !bytes.Contains(data, []byte(chat.CodeTimeout)) {
		t.Errorf("%s", data)
	}
	b.at(path, 4)
}

// slow are a bucket where something happens while a content is put into it.
type slow struct {
	upload.Blobs
	meanwhile func(context.Context)
}

func (s *slow) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	s.meanwhile(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Blobs.Put(ctx, name, r, size)
}

// slowly sends the bytes abc, all that an upload takes, to a service whose
// bucket is slow; the client leaves with ctx.
func slowly(ctx context.Context, t *testing.T, bucket *slow) (b *bundle, path string, send func()) {
	t.Helper()
	meanwhile := bucket.meanwhile
	bucket.meanwhile = func(context.Context) {} // of the mark that a place begins with
	b = setup(t, func(o *upload.Options) { bucket.Blobs, o.Blobs = o.Blobs, bucket })
	bucket.meanwhile = meanwhile
	path = b.create(3)
	r := httptest.NewRequestWithContext(ctx, http.MethodPatch, path+"?user=ada", strings.NewReader("abc"))
	r.Header.Set("Tus-Resumable", "1.0.0")
	for name, value := range pieces(0) {
		r.Header.Set(name, value)
	}
	return b, path, func() { b.service.ServeTus(httptest.NewRecorder(), r) }
}

// To put a large content into a bucket may take longer than any client waits.
// One that had to be there at the end would begin it again for ever.
func TestTus_WhoLeavesBeforeTheEndFindsTheFile(t *testing.T) {
	t.Parallel()
	puts := 0
	ctx, leave := context.WithCancel(t.Context())
	b, path, send := slowly(ctx, t, &slow{meanwhile: func(context.Context) { puts++; leave() }})
	send()
	if f := b.became(b.at(path, 3)); b.get("ada", f.URL).text != "abc" || puts != 1 {
		t.Errorf("%+v, put %d times", f, puts)
	}
}

func TestTus_WhatGoesOnWithoutItsClientEndsWithTheService(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), false
	b, _, send := slowly(t.Context(), t, &slow{meanwhile: func(ctx context.Context) {
		close(began)
		<-ctx.Done()
		ended = true
	}})
	var sending sync.WaitGroup
	sending.Go(send)
	<-began
	if err := b.service.Close(); err != nil || !ended {
		t.Errorf("closed before all had ended, or %v", err)
	}
	sending.Wait()
}

// What stands in the spool behind the offset that was answered was never on
// stable storage for sure: after a power cut it may be anything.
func TestTus_WhatIsBehindTheOffsetNeverCounts(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(6)
	b.patch(path, 0, []byte("abc"))
	name := filepath.Join(b.dir, "spool", "unfinished", strings.TrimPrefix(path, upload.TusPath+"/"))
	if err := os.WriteFile(name, []byte("abc\x00\x00\x00\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	b = resume(t, b.dir, b.store, nil)
	b.at(path, 3)
	if f := b.became(b.patch(path, 3, []byte("def"))); b.get("ada", f.URL).text != "abcdef" {
		t.Errorf("%+v", f)
	}
	lost := b.create(6)
	b.patch(lost, 0, []byte("abc"))
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), strings.TrimPrefix(lost, upload.TusPath+"/")), []byte("ab"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.code(b.patch(lost, 3, []byte("def")), chat.CodeNotFound)
	b.gone(lost)
}

// The power goes before each change, in turn, and the client goes on: it never
// has to send again what an answer said was there, and the file is whole.
func TestTus_ACrashAtAnyStepLosesNothingAnswered(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 10<<16) // of more than two checkpoints
	finished := false
	for at := 0; !finished; at++ {
		if at > 30 {
			t.Fatal("it never gets through")
		}
		store := newMemory()
		b := resume(t, t.TempDir(), store, nil)
		path := b.create(len(content))
		done := 0
		store.stepBy(func() error {
			if done++; done > at {
				return errPower
			}
			return nil
		})
		answered := 0
		for _, end := range []int{1 << 10, len(content) - 1, len(content)} {
			a := b.patch(path, answered, content[answered:end])
			if a.status != http.StatusNoContent {
				break
			}
			answered = end
		}
		finished = done <= at
		store.stepBy(nil)
		b = resume(t, b.dir, store, nil)
		there := b.tus("ada", http.MethodHead, path, nil, http.NoBody)
		offset, err := strconv.Atoi(there.header.Get("Upload-Offset"))
		if err != nil || offset < answered {
			t.Fatalf("a crash at step %d: %d were answered, %d are there (%v)", at, answered, offset, err)
		}
		if offset < len(content) {
			there = b.patch(path, offset, content[offset:])
		}
		if f := b.became(there); b.get("ada", f.URL).text != string(content) {
			t.Errorf("a crash at step %d: %+v", at, f)
		}
		if left := b.left("spool"); len(left) != 0 || len(b.records("file/")) != 1 || len(b.records("tus/")) != 0 {
			t.Errorf("a crash at step %d: %v %v", at, left, b.store.all())
		}
	}
}
