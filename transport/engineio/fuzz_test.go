package engineio

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/wire"
)

// What can be read of a payload, written again, is read as the same.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		"4hello", "4a\x1e4b\x1e4c", "4hello\x1ebAQIDBA==", "b", "4", "1", "2probe", "3", "5", "6", "0{}", "",
		"\x1e", "4\x1e", "b====", "bAQ", "bAQ=\x1e4", "7", "4\xff", "4" + strings.Repeat("x", 1000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		whole := bytes.Clone(body)
		var first []packet
		if eachPacket(body, func(p packet) error {
			first = append(first, packet{p.kind, wire.Message{Data: bytes.Clone(p.Data), Binary: p.Binary}})
			return nil
		}) != nil {
			return
		}
		if len(first) != bytes.Count(whole, []byte{separator})+1 {
			t.Fatalf("%d packets in %q", len(first), whole)
		}
		again := &payload{}
		for _, p := range first {
			switch {
			case !p.Binary && !utf8.Valid(p.Data):
				t.Fatalf("a text is no UTF-8: %q", p.Data)
			case p.kind == kindMessage:
				again.message(p.Message)
			default:
				again.add(p.kind, string(p.Data))
			}
		}
		var second []packet
		if err := eachPacket(again.body, func(p packet) error {
			second = append(second, packet{p.kind, wire.Message{Data: bytes.Clone(p.Data), Binary: p.Binary}})
			return nil
		}); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(first, second, cmp.AllowUnexported(packet{})); diff != "" {
			t.Error(diff)
		}
	})
}

// Whatever a socket says, an answer holds just so many packets of its kinds.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("hello"), false)
	f.Add([]byte("a\x1e1\x1e"), false)
	f.Add([]byte{0, 1, 0x1e, 255}, true)
	f.Fuzz(func(t *testing.T, data []byte, binary bool) {
		before := bytes.Clone(data)
		a := &payload{}
		a.add(kindPing, "")
		a.message(wire.Message{Data: data, Binary: binary})
		a.message(wire.Message{Data: data, Binary: binary})
		if !bytes.Equal(before, data) {
			t.Fatal("what many connections share was changed")
		}
		parts := bytes.Split(a.body, []byte{separator})
		if len(parts) != 3 || a.packets != 3 || string(parts[0]) != "2" {
			t.Fatalf("%d packets, not 3: %q", len(parts), a.body)
		}
		for _, p := range parts[1:] {
			if want := "b" + base64.StdEncoding.EncodeToString(data); binary && string(p) != want {
				t.Fatalf("%q in place of %q", p, want)
			}
			if want := "4" + strings.ReplaceAll(string(data), "\x1e", " "); !binary && string(p) != want {
				t.Fatalf("%q in place of %q", p, want)
			}
		}
	})
}
