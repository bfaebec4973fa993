package sse_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/eventstream"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/native"
	"github.com/parley-chat/parley/wire/sse"
	"github.com/parley-chat/parley/wire/wiretest"
)

func dialect() wire.Dialect {
	return sse.Dialect(native.Dialect(), sse.Options{Now: func() time.Time { return time.UnixMilli(1769860800123) }})
}

// event is what an EventSource makes of a frame, once the transport has ended it.
func event(t testing.TB, frame []byte) eventstream.Event {
	t.Helper()
	if !bytes.HasSuffix(frame, []byte("\n")) || bytes.Contains(frame, []byte("\n\n")) {
		t.Errorf("%q is not the lines of one event", frame)
	}
	r := eventstream.NewReader(strings.NewReader(string(frame)+"id: e:1\n\n"), "")
	e, err := r.Next()
	if err != nil || e.ID != "e:1" {
		t.Fatalf("%q is no event: %v", frame, err)
	}
	if next, err := r.Next(); err == nil {
		t.Errorf("%q is two events: %+v", frame, next)
	}
	return e
}

func checkFrame(t testing.TB, frame []byte) {
	t.Helper()
	e := event(t, frame)
	var object struct{ Type string }
	if err := json.Unmarshal([]byte(e.Data), &object); err != nil || object.Type == "" {
		t.Errorf("the data of %q is no object with a type: %v", frame, err)
	}
	if unnamed := object.Type == "message" || object.Type == "connected"; unnamed != (e.Name == "message") {
		t.Errorf("a %s is named %q", object.Type, e.Name)
	}
}

func TestSSE(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"open": true}
	wiretest.RunOneWay(t, dialect(), "testdata/*.txt", func(t testing.TB, frame []byte) {
		checkFrame(t, frame)
		if e := event(t, frame); !strings.Contains(e.Data, `"type":"signal"`) {
			names[e.Name] = true
		}
	})
	// Nobody's signal has the name of what the server says.
	for name := range names {
		s := &chat.Signal{Kind: chat.SignalCustom, User: "mallory", Name: name}
		dialect().New("session").Encode(&chat.Delivery{Signal: s}, func(frame []byte) {
			if e := event(t, frame); e.Name != "signal" {
				t.Errorf("a signal is named %q", e.Name)
			}
		})
	}
	if len(names) < 15 {
		t.Errorf("only %d names were seen", len(names))
	}
}

// compareBody wants the body that a client gets to be what was posted.
func compareBody(t testing.TB, body, frame []byte) {
	t.Helper()
	checkFrame(t, frame)
	var got struct {
		Text string
		Body json.RawMessage
	}
	if err := json.Unmarshal([]byte(event(t, frame).Data), &got); err != nil {
		t.Fatal(err)
	}
	want, have := value(t, body), any(got.Text)
	if _, text := want.(string); !text {
		have = value(t, got.Body)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%q arrives changed:\n%s", body, diff)
	}
}

// value is what body says, with its numbers as they are written: not all fit a
// float.
func value(t testing.TB, body []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return v
}

func TestEncode_BodiesArriveWhole(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`"line\nline\r\nline\rend"`, "\"\u2028 \u2029 \u0085\"", `"data: x\n\ndata: y"`, `"id: 9:9\nevent: error\nretry: 1"`, `":"`, `" "`, `""`,
		"{\n  \"text\": \"x\",\r\n\t\"more\": [1,\r2]\r\n\r\n\n}", "[\r\r]", "{\"a\":1}\n", "\n\n{\"a\":\n\n1}",
	} {
		deliver(body, func(frame []byte) { compareBody(t, []byte(body), frame) })
	}
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("8E888"))
	f.Add([]byte("{\"text\":\r\n\n\"data: x\\r\\n\u2028\"}"))
	wiretest.FuzzEncode(f, dialect(), func(t *testing.T, body, frame []byte) { compareBody(t, body, frame) })
}
