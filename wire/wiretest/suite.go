// Package wiretest is what every dialect must hold, whatever its language is:
// transcripts of conversations that are replayed, and bad input of all sorts.
package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Run replays the transcripts that the pattern matches and then checks what
// holds for every dialect, with the transcripts' frames as good examples.
func Run(t *testing.T, d wire.Dialect, pattern string) {
	t.Run("Transcripts", func(t *testing.T) { Replay(t, d, pattern) })
	frames := Frames(t, pattern)
	t.Run("Decode_RefusesGarbage", func(t *testing.T) { testGarbage(t, d, frames) })
	t.Run("Decode_RefusesTruncated", func(t *testing.T) { testTruncated(t, d, frames) })
	t.Run("Decode_RefusesAnotherType", func(t *testing.T) { testTypes(t, d, frames) })
	t.Run("Decode_SurvivesWrongValues", func(t *testing.T) { testWrongValues(t, d, frames) })
	t.Run("Decode_KeepsNothingOfTheFrame", func(t *testing.T) { testCopies(t, d, frames) })
	t.Run("Encode_YieldsFramesOrNothing", func(t *testing.T) { testEncode(t, d, frames) })
	t.Run("Shared_FramesAreTheSameForAll", func(t *testing.T) { testShared(t, d, frames) })
}

// Fuzz feeds whatever is found to one codec after another.
func Fuzz(f *testing.F, d wire.Dialect, pattern string) {
	frames := Frames(f, pattern)
	for _, frame := range frames {
		f.Add(frame)
	}
	for _, g := range garbage() {
		f.Add([]byte(g))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, c := range []wire.Codec{d.New("fresh"), spoken(d, frames)} {
			err := c.Decode(bytes.Clone(frame), func(r chat.Request) {
				if r.Command == nil {
					t.Errorf("a request without a command for %q", frame)
				}
				answer(t, c, &chat.Reply{Ref: r.Ref, Command: r.Command, Err: chat.E(chat.CodeInternal, "refused")})
			})
			checkRefusal(t, frame, err)
			if err != nil {
				answer(t, c, &chat.Reply{Err: chat.AsError(err)})
			}
		}
	})
}

// spoken is a codec that has read all good frames.
func spoken(d wire.Dialect, frames [][]byte) wire.Codec {
	c := d.New("spoken")
	for _, frame := range frames {
		_ = c.Decode(bytes.Clone(frame), func(chat.Request) {}) // some need what a session would answer
	}
	return c
}

// garbage is what no dialect of JSON objects may take.
func garbage() []string {
	deep := strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200)
	return []string{
		"", " ", "\x00", "{", "}", "[]", "null", "1", `"join"`, "{}", `{"type":}`, `{"type":1}`, `{"type":null}`,
		`{"type":["join"]}`, `{"type":"join"`, `{"type":"join",}`, `{'type':'join'}`, `{"type":"no such type"}`,
		`{"type":"join"}{"type":"join"}`, `{"type":"join"} x`, `{"type":"join","type":"join"}`,
		`{"type":"join","x":{"a":1,"a":2}}`, `{"type":"join","ty\u0070e":"leave"}`,
		"{\"type\":\"\xff\"}", "{\"type\":\"join\",\"x\":\"\xc3\"}", "{\"\xff\":1,\"type\":\"join\"}",
		`{"type":"join","x":"\ud800"}`, `{"type":"join","x":"\udc00\ud800"}`,
		`{"type":"join","x":` + deep + `}`, strings.Repeat(`[`, 100000), strings.Repeat(`{"a":`, 100000),
		`{"type":"join","x":` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100) + `}`,
		`{"type":"join","x":1e}`, `{"type":"join","x":01}`, `{"type":"join","x":NaN}`, `{"type":"join","x":-}`,
		"{\"type\":\"jo\nin\"}", "\xef\xbb\xbf{\"type\":\"join\"}",
	}
}

func testGarbage(t *testing.T, d wire.Dialect, frames [][]byte) {
	c := d.New("session")
	for _, g := range garbage() {
		if err := decode(t, c, []byte(g)); err == nil {
			t.Errorf("%.80q was taken", g)
		}
	}
	if err := decode(t, c, frames[0]); err != nil {
		t.Errorf("after the garbage %s was refused: %v", frames[0], err)
	}
}

func testTruncated(t *testing.T, d wire.Dialect, frames [][]byte) {
	for _, frame := range frames {
		for _, c := range []wire.Codec{d.New("session"), spoken(d, frames)} {
			for n := range frame {
				if err := decode(t, c, frame[:n]); err == nil {
					t.Errorf("%s was taken", frame[:n])
				}
			}
		}
	}
}

func testTypes(t *testing.T, d wire.Dialect, frames [][]byte) {
	c := spoken(d, frames)
	for _, frame := range frames {
		for _, typ := range []string{`5`, `null`, `true`, `{}`, `[]`, `""`, `"no such type"`} {
			bad := replaced(t, frame, "type", typ)
			if err := decode(t, c, bad); err == nil {
				t.Errorf("%s was taken", bad)
			}
		}
	}
}

// testWrongValues puts values of every kind in place of every member, one
// after another. Some are right by chance: what counts is that what is refused
// is refused as the sender's fault.
func testWrongValues(t *testing.T, d wire.Dialect, frames [][]byte) {
	values := []string{
		`null`, `true`, `false`, `0`, `-1`, `1.5`, `1e9`, `1e400`, `9007199254740992`, `18446744073709551616`,
		strings.Repeat("9", 5000), `""`, `" "`, `"\u0000"`, `"e:x"`, `"e:18446744073709551616"`, `{}`, `[]`, `[1]`,
		`{"type":"x"}`, `"` + strings.Repeat("x", 70000) + `"`,
	}
	for _, frame := range frames {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(frame, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			for _, v := range values {
				bad := replaced(t, frame, name, v)
				_ = decode(t, d.New("session"), bad)
				_ = decode(t, spoken(d, frames), bad)
			}
		}
	}
}

// testCopies spoils each frame after it was read.
func testCopies(t *testing.T, d wire.Dialect, frames [][]byte) {
	c := d.New("session")
	for _, frame := range frames {
		var kept []chat.Request
		read := bytes.Clone(frame)
		_ = c.Decode(read, func(r chat.Request) { kept = append(kept, r) })
		before := fmt.Sprintf("%+v", kept)
		for i := range read {
			read[i] = '#'
		}
		if after := fmt.Sprintf("%+v", kept); after != before {
			t.Errorf("a request changed with its frame:\n%s\n%s", before, after)
		}
	}
}

func replaced(t testing.TB, frame []byte, name, value string) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(frame, &members); err != nil {
		t.Fatal(err)
	}
	members[name] = json.RawMessage(value)
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, c wire.Codec, frame []byte) error {
	t.Helper()
	err := c.Decode(bytes.Clone(frame), func(chat.Request) {})
	checkRefusal(t, frame, err)
	return err
}

// checkRefusal wants the sender told what is wrong, by a code that says so.
func checkRefusal(t testing.TB, frame []byte, err error) {
	t.Helper()
	switch code := chat.CodeOf(err); code {
	case "", chat.CodeMalformed, chat.CodeInvalid, chat.CodeUnknownType, chat.CodeTooMany, chat.CodeNotSubscribed:
	default:
		t.Errorf("%.200q is refused with %s: %v", frame, code, err)
	}
}

func answer(t testing.TB, c wire.Codec, r *chat.Reply) {
	t.Helper()
	c.Encode(&chat.Delivery{Reply: r}, func(frame []byte) { checkFrame(t, frame) })
}

// checkFrame wants one JSON object with a type.
func checkFrame(t testing.TB, frame []byte) {
	t.Helper()
	var f struct{ Type string }
	if err := json.Unmarshal(frame, &f); err != nil || f.Type == "" {
		t.Errorf("%s is no frame: %v", frame, err)
	}
}
