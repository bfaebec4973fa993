package upload_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

const boundary = "XX"

// head begins a form with a file.
const head = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"

// channel begins a form with a channel that nobody may post in, and a file.
const channel = "--XX\r\nContent-Disposition: form-data; name=\"conversationId\"\r\n\r\nclosed\r\n" + head

// dial sends the beginning of an upload of so many bytes, and no more.
func (b *bundle) dial(length int, begin string) net.Conn {
	b.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	_, err = fmt.Fprintf(c, "POST /api/upload?user=ada HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n%s", boundary, length, begin)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// until waits for something that comes by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestReceive_OfAnInterruptedUploadNothingStays(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.dial(1_000_000, head+strings.Repeat("x", 200_000))
	until(t, "a spool", func() bool { return len(b.left("spool")) == 1 })
	_ = c.Close()
	until(t, "an empty spool", func() bool { return len(b.left("spool")) == 0 && b.service.Stats().UnderWay == 0 })
	if left := b.left("blobs"); len(left) != 0 || len(b.records("file/")) != 0 {
		t.Errorf("%v %v", left, b.store.all())
	}
}

func TestReceive_WhoStopsSendingIsToldAndGoes(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.Idle = 100 * time.Millisecond })
	c := b.dial(1_000_000, head+"some")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	if !bytes.Contains(data, []byte(chat.CodeTimeout)) || !resp.Close {
		t.Errorf("%s", data)
	}
	until(t, "an empty spool", func() bool { return len(b.left("spool")) == 0 && b.service.Stats().UnderWay == 0 })
	if b.service.Stats().Refused[chat.CodeTimeout] != 1 {
		t.Errorf("%+v", b.service.Stats())
	}
}

func TestReceive_WhoSendsTooLittleIsToldAndGoes(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.Idle = 300 * time.Millisecond })
	c := b.dial(1_000_000, head)
	go func() { // until the connection is closed
		for drip := time.NewTicker(20 * time.Millisecond); ; <-drip.C {
			if _, err := c.Write([]byte("x")); err != nil {
				drip.Stop()
				return
			}
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); !bytes.Contains(data, []byte(chat.CodeTimeout)) {
		t.Errorf("%s", data)
	}
}

// A client that sends all of its file before it reads gets to read why it was
// refused in the middle, and no reset.
func TestReceive_ARefusalReachesWhoIsStillSending(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	body := bytes.Repeat([]byte("x"), 16<<20)
	c := b.dial(len(channel)+len(body), channel)
	if _, err := c.Write(body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); !bytes.Contains(data, []byte(chat.CodeForbidden)) {
		t.Errorf("%s", data)
	}
	until(t, "an empty spool", func() bool { return len(b.left("spool")) == 0 })
}

func TestReceive_ATooLargeLengthIsRefusedUnread(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.dial(1<<40, "")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); !bytes.Contains(data, []byte(chat.CodeTooLarge)) {
		t.Errorf("%s", data)
	}
}

func TestReceive_BoundsWhatOneUserHasUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for range 8 {
		b.dial(1000, head)
	}
	until(t, "eight uploads", func() bool { return b.service.Stats().UnderWay == 8 })
	b.code(b.post("ada", "a", []byte("one more")), chat.CodeRateLimited)
	b.keep("bob", []byte("somebody else's"))
}

func TestReceive_WhoMayNotNeedNotSendTheFile(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.dial(1_000_000, channel)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); !bytes.Contains(data, []byte(chat.CodeForbidden)) {
		t.Errorf("%s", data)
	}
}

func TestReceive_AFullDiskRefuses(t *testing.T) {
	t.Parallel()
	full := true
	b := setup(t, func(o *upload.Options) {
		o.Room = func() error {
			if full {
				return chat.E(chat.CodeStorageFull, "full")
			}
			return nil
		}
	})
	b.code(b.post("ada", "a", []byte("x")), chat.CodeStorageFull)
	full = false
	b.keep("ada", []byte("x"))
}

// FuzzForm sends any bytes for a form: an answer comes, and nothing stays in
// the spool.
func FuzzForm(f *testing.F) {
	whole := head + "hello\r\n--XX\r\nContent-Disposition: form-data; name=\"conversationId\"\r\n\r\nc\r\n--XX--\r\n"
	f.Add([]byte(whole))
	f.Add([]byte(whole[:len(whole)/2]))
	f.Add([]byte(strings.ReplaceAll(whole, "\r\n", "\n")))
	f.Add([]byte("--XX--"))
	f.Add([]byte("--XX\r\nContent-Disposition: form-data; name=file; filename*=UTF-8''%00%ff..%2f\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--XX--"))
	f.Add([]byte("--XX\r\n" + strings.Repeat("A: b\r\n", 5000) + "\r\n--XX--"))
	b := setup(f, func(o *upload.Options) { o.MaxSize = 1 << 16 })
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/upload?user=ada", bytes.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		w := httptest.NewRecorder()
		b.service.Receive(w, r)
		if strings.Contains(w.Body.String(), string(chat.CodeInternal)) || w.Code != http.StatusOK && w.Code != http.StatusTeapot {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		b.store.edit(func(records map[string][]byte) { clear(records) }) // or there are ever more to look through
		if left := (&bundle{t: t, dir: b.dir, store: b.store}).left("spool"); len(left) != 0 {
			t.Errorf("left are %v", left)
		}
	})
}
