package socketio_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/socketio"
)

func text(s string) wire.Message    { return wire.Message{Data: []byte(s)} }
func binary(b ...byte) wire.Message { return wire.Message{Data: b, Binary: true} }
func many(n int, s string) []wire.Message {
	list := []wire.Message{text(s)}
	for i := range n {
		list = append(list, binary(byte(i)))
	}
	return list
}

func TestReader_ReadsEveryPacket(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		in   []wire.Message
		want socketio.Packet
	}{
		{many(0, `0`), socketio.Packet{Type: socketio.Connect, Namespace: "/"}},
		{many(0, `0{"token":"123"}`), socketio.Packet{Type: socketio.Connect, Namespace: "/", Data: []byte(`{"token":"123"}`)}},
		{many(0, `0/custom,`), socketio.Packet{Type: socketio.Connect, Namespace: "/custom"}},
		{many(0, `0/custom`), socketio.Packet{Type: socketio.Connect, Namespace: "/custom"}},
		{many(0, `0/custom,{"a":1}`), socketio.Packet{Type: socketio.Connect, Namespace: "/custom", Data: []byte(`{"a":1}`)}},
		{many(0, `1/custom,`), socketio.Packet{Type: socketio.Disconnect, Namespace: "/custom"}},
		{many(0, `2["a",1]`), socketio.Packet{Type: socketio.Event, Namespace: "/", Data: []byte(`["a",1]`)}},
		{many(0, `2/c,12["a"]`), socketio.Packet{Type: socketio.Event, Namespace: "/c", Wanted: true, ID: 12, Data: []byte(`["a"]`)}},
		{many(0, `20["a"]`), socketio.Packet{Type: socketio.Event, Namespace: "/", Wanted: true, Data: []byte(`["a"]`)}},
		{many(0, `29007199254740991["a"]`), socketio.Packet{Type: socketio.Event, Namespace: "/", Wanted: true, ID: 1<<53 - 1, Data: []byte(`["a"]`)}},
		{many(0, `312[]`), socketio.Packet{Type: socketio.Ack, Namespace: "/", Wanted: true, ID: 12, Data: []byte(`[]`)}},
		{
			many(2, `52-/c,7["a",{"_placeholder":true,"num":0}]`),
			socketio.Packet{Type: socketio.Event, Namespace: "/c", Wanted: true, ID: 7, Data: []byte(`["a",{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{0}, {1}}},
		},
		{many(0, `50-["a"]`), socketio.Packet{Type: socketio.Event, Namespace: "/", Data: []byte(`["a"]`)}},
		{many(1, `61-7[{"_placeholder":true,"num":0}]`), socketio.Packet{Type: socketio.Ack, Namespace: "/", Wanted: true, ID: 7, Data: []byte(`[{"_placeholder":true,"num":0}]`), Attachments: [][]byte{{0}}}},
	} {
		var r socketio.Reader
		var got *socketio.Packet
		for i, m := range row.in {
			p, err := r.Read(m)
			if err != nil {
				t.Fatalf("%s: %v", row.in[0].Data, err)
			}
			if complete := i == len(row.in)-1; (p != nil) != complete {
				t.Fatalf("%s: after message %d there is %+v", row.in[0].Data, i, p)
			}
			got = p
		}
		if got.Data != nil && len(got.Data) == 0 {
			got.Data = nil
		}
		if diff := cmp.Diff(&row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.in[0].Data, diff)
		}
	}
}

func TestReader_RefusesWhatIsNoPacket(t *testing.T) {
	t.Parallel()
	for _, in := range [][]wire.Message{
		many(0, ``), many(0, `abc`), many(0, `7["a"]`), many(0, `9`), many(0, `4{"message":"x"}`),
		many(0, `2`), many(0, `2{}`), many(0, `2"a"`), many(0, `2abc["a"]`), many(0, `21a["a"]`), many(0, `2-1["a"]`),
		many(0, `3[]`), many(0, `3`), many(0, `312{}`), many(0, `0[]`), many(0, `0"x"`), many(0, `01["a"]x`[:2]+`x`), many(0, `1["a"]`),
		many(0, `5["a"]`), many(0, `5-["a"]`), many(0, `5x-["a"]`), many(0, `5-1-["a"]`), many(0, `51.5-["a"]`), many(0, `5 1-["a"]`),
		many(0, `511-["a"]`), many(0, `599999999999999999999-["a"]`), many(0, `5+1-["a"]`),
		many(0, `0/`+strings.Repeat("x", 200)), many(0, "0/a\x1eb,"), many(0, "0/\xff,"), many(0, "0/a b,"),
		{binary(1)},
		{text(`51-["a"]`), text(`2["b"]`)},
		many(2, `51-["a",{"_placeholder":true,"num":0}]`),
	} {
		var r socketio.Reader
		var err error
		for _, m := range in {
			if _, err = r.Read(m); err != nil {
				break
			}
		}
		if !errors.Is(err, socketio.ErrProtocol) || chat.CodeOf(err) != chat.CodeMalformed {
			t.Errorf("%q: %v", in[0].Data, err)
		}
	}
}

func TestReader_SaysWhoseAPacketIsThatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	var r socketio.Reader
	p, err := r.Read(text(`2/c,9007199254740992["a"]`))
	if p == nil || p.Namespace != "/c" || chat.CodeOf(err) != chat.CodeInvalid || errors.Is(err, socketio.ErrProtocol) {
		t.Errorf("an id that is too great: %+v, %v", p, err)
	}
	large := wire.Message{Data: make([]byte, socketio.MaxAttachmentBytes), Binary: true}
	for i, m := range []wire.Message{text(`53-5["a"]`), large, binary(1), binary(2)} {
		p, err = r.Read(m)
		if i < 3 && (p != nil || err != nil) {
			t.Fatalf("message %d: %+v, %v", i, p, err)
		}
	}
	if p == nil || !p.Wanted || p.ID != 5 || p.Attachments != nil || chat.CodeOf(err) != chat.CodeTooLarge {
		t.Errorf("attachments that are too large: %+v, %v", p, err)
	}
	if p, err = r.Read(text(`2["a"]`)); p == nil || err != nil {
		t.Errorf("after them: %+v, %v", p, err)
	}
}

func TestAppendPacket_IsWhatReaderReads(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`0{"sid":"x"}`, `0/c,{"sid":"x"}`, `1`, `1/c,`, `2["a",1]`, `2/c,12["a"]`, `312[{}]`, `3/c,0[]`} {
		var r socketio.Reader
		p, err := r.Read(text(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := string(socketio.AppendPacket(nil, p)); got != line {
			t.Errorf("%s became %s", line, got)
		}
	}
	p := &socketio.Packet{Type: socketio.Ack, Namespace: "/c", Wanted: true, ID: 7, Data: []byte(`[]`), Attachments: [][]byte{{1}, {2}}}
	if got, want := string(socketio.AppendPacket(nil, p)), `62-/c,7[]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPack_UnpacksWhatWasPacked(t *testing.T) {
	t.Parallel()
	want := []wire.Message{text(`51-["a"]`), binary(1, 2, 3), text(``), {Data: make([]byte, 1000), Binary: true}, text("x")}
	var kept []byte
	for _, m := range want {
		kept = socketio.Pack(kept, m)
	}
	if diff := cmp.Diff(want, socketio.Unpack(nil, kept)); diff != "" {
		t.Error(diff)
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{`0{"token":"x"}`, `0/c,`, `1`, `2/c,12["a",{"b":1}]`, `52-["a",{"_placeholder":true,"num":1}]`, `312[]`, `4{}`, `2["__proto__"]`} {
		f.Add(s, []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, s string, attachment []byte) {
		var r socketio.Reader
		p, err := r.Read(text(s))
		for i := 0; p == nil && err == nil; i++ {
			if i > socketio.MaxAttachments {
				t.Fatalf("%q wants more and more", s)
			}
			p, err = r.Read(wire.Message{Data: attachment, Binary: true})
		}
		if code := chat.CodeOf(err); code == chat.CodeInternal {
			t.Errorf("%q: %v", s, err)
		}
		if err != nil {
			return
		}
		again, err := new(socketio.Reader).Read(wire.Message{Data: socketio.AppendPacket(nil, &socketio.Packet{
			Type: p.Type, Namespace: p.Namespace, Wanted: p.Wanted, ID: p.ID, Data: p.Data,
		})})
		if err != nil || again.Namespace != p.Namespace || again.ID != p.ID || again.Wanted != p.Wanted {
			t.Errorf("%q became %+v, %v", s, again, err)
		}
	})
}
