package ws_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/transport/ws"
)

// The cases of the Autobahn test suite for servers, by their ids. What the
// suite lets pass in several ways is narrowed to what this server does.
// Families that the suite generates are generated here (autobahn_families_test.go).

// row is one case.
type row struct {
	id    string
	offer string   // of extensions
	send  [][]byte // in one write each
	chop  int      // or all of it in writes of so many bytes
	want  []string // what comes back, as received.String says it, or a text; an
	// ending other than a close frame means that all is well: the client closes then
	why string // the case does not apply
}

var hello = received{fin | opText, "hello"}.String()

const (
	refused = "close 1002"
	notUTF8 = "close 1007"
	tooLong = "close 1009"
)

func says(s string) string { return received{fin | opText, s}.String() }
func pong(s string) string { return received{fin | opPong, s}.String() }

func chunk(frames ...[]byte) [][]byte {
	var all []byte
	for _, f := range frames {
		all = append(all, f...)
	}
	return [][]byte{all}
}

func TestAutobahn(t *testing.T) {
	t.Parallel()
	b := setup(t, ws.Options{Compression: true})
	rows := append(framing(), pings()...)
	rows = append(rows, reserved()...)
	rows = append(rows, opcodes()...)
	rows = append(rows, fragmentation()...)
	rows = append(rows, utf8Rows()...)
	rows = append(rows, closings()...)
	rows = append(rows, limits()...)
	rows = append(rows, compressed()...)
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.id] {
			t.Fatalf("case %s is there twice", r.id)
		}
		seen[r.id] = true
		t.Run(r.id, func(t *testing.T) {
			t.Parallel()
			if r.why != "" {
				t.Log(r.why)
				return
			}
			r.run(t, b.addr)
		})
	}
	if want := 517; len(rows) != want {
		t.Errorf("%d cases; the suite has %d", len(rows), want)
	}
}

func (r row) run(t *testing.T, addr string) {
	header := ""
	if r.offer != "" {
		header = "Sec-WebSocket-Extensions: " + r.offer + "\r\n"
	}
	c := open(t, addr, header)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		r.write(c)
	}()
	for i, want := range r.want {
		got := c.next(t).String()
		if got != want {
			t.Fatalf("answer %d: got %s, want %s", i, got, want)
		}
		if strings.HasPrefix(want, "close") {
			c.ended(t)
			c.Close()
			<-sent
			return
		}
	}
	<-sent
	c.send(t, closing(1000, ""))
	if got := c.next(t).String(); got != "close 1000" {
		t.Errorf("answer to the close: %s", got)
	}
	c.ended(t)
}

// write ignores errors: a refused client may be cut off while it sends.
func (r row) write(c *raw) {
	for _, b := range r.send {
		for step := r.chop; step > 0 && len(b) > step; b = b[step:] {
			if _, err := c.Write(b[:step]); err != nil {
				return
			}
		}
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

func framing() (rows []row) {
	for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		s, chop := strings.Repeat("*", n), 0
		if i == 7 {
			chop = 997
		}
		rows = append(rows,
			row{id: fmt.Sprintf("1.1.%d", i+1), send: [][]byte{text(s)}, chop: chop, want: []string{says(s)}},
			// Our doors speak text: a binary message gets an error, and the connection lives on.
			row{id: fmt.Sprintf("1.2.%d", i+1), send: [][]byte{frame(fin|opBinary, s)}, chop: chop, want: []string{says("malformed")}})
	}
	return rows
}

func pings() []row {
	ping := func(s string) []byte { return frame(fin|opPing, s) }
	full := strings.Repeat("\xfe", 125)
	var ten [][]byte
	var pongs []string
	for i := range 10 {
		ten = append(ten, ping(fmt.Sprintf("payload-%d", i)))
		pongs = append(pongs, pong(fmt.Sprintf("payload-%d", i)))
	}
	return []row{
		{id: "2.1", send: [][]byte{ping("")}, want: []string{pong("")}},
		{id: "2.2", send: [][]byte{ping("Hello, world!")}, want: []string{pong("Hello, world!")}},
		{id: "2.3", send: [][]byte{ping("\x00\xff\xfe\xfd\xfc\xfb\x00\xff")}, want: []string{pong("\x00\xff\xfe\xfd\xfc\xfb\x00\xff")}},
		{id: "2.4", send: [][]byte{ping(full)}, want: []string{pong(full)}},
		{id: "2.5", send: [][]byte{ping(full + "\xfe")}, want: []string{refused}},
		{id: "2.6", send: [][]byte{ping(full)}, chop: 1, want: []string{pong(full)}},
		{id: "2.7", send: [][]byte{frame(fin|opPong, "")}},
		{id: "2.8", send: [][]byte{frame(fin|opPong, "unsolicited")}},
		{id: "2.9", send: [][]byte{frame(fin|opPong, "unsolicited"), ping("ping")}, want: []string{pong("ping")}},
		{id: "2.10", send: ten, want: pongs},
		{id: "2.11", send: ten, chop: 1, want: pongs},
	}
}

func reserved() []row {
	rsv := func(n, first byte) []byte { return frame(first|n<<4, "hello") }
	ping := frame(fin|opPing, "")
	return []row{
		{id: "3.1", send: [][]byte{rsv(1, fin|opText)}, want: []string{refused}},
		{id: "3.2", send: chunk(text("hello"), rsv(2, fin|opText), ping), want: []string{hello, refused}},
		{id: "3.3", send: [][]byte{text("hello"), rsv(3, fin|opText), ping}, want: []string{hello, refused}},
		{id: "3.4", send: [][]byte{text("hello"), rsv(4, fin|opText), ping}, chop: 1, want: []string{hello, refused}},
		{id: "3.5", send: [][]byte{rsv(5, fin|opBinary)}, want: []string{refused}},
		{id: "3.6", send: [][]byte{rsv(6, fin|opPing)}, want: []string{refused}},
		{id: "3.7", send: [][]byte{rsv(7, fin|opClose)}, want: []string{refused}},
	}
}

func opcodes() (rows []row) {
	for group, first := range map[int]byte{1: 0x3, 2: 0xb} {
		id := func(n int) string { return fmt.Sprintf("4.%d.%d", group, n) }
		op := func(n byte, s string) []byte { return frame(fin|(first+n), s) }
		ping := frame(fin|opPing, "")
		rows = append(rows,
			row{id: id(1), send: [][]byte{op(0, "")}, want: []string{refused}},
			row{id: id(2), send: [][]byte{op(1, "reserved opcode payload")}, want: []string{refused}},
			row{id: id(3), send: [][]byte{text("hello"), op(2, ""), ping}, want: []string{hello, refused}},
			row{id: id(4), send: [][]byte{text("hello"), op(3, "payload"), ping}, want: []string{hello, refused}},
			row{id: id(5), send: [][]byte{text("hello"), op(4, "payload"), ping}, chop: 1, want: []string{hello, refused}})
	}
	return rows
}

func fragmentation() []row {
	one, two := frame(opText, "fragment1"), frame(fin|opContinue, "fragment2")
	both := says("fragment1fragment2")
	ping := func(s string) []byte { return frame(fin|opPing, s) }
	pinged := [][]byte{one, ping("ping payload"), two}
	lone, open := frame(fin|opContinue, "non-continuation payload"), frame(opContinue, "non-continuation payload")
	five := [][]byte{
		frame(opText, "fragment1"), frame(opContinue, "fragment2"), ping("ping1"),
		frame(opContinue, "fragment3"), frame(opContinue, "fragment4"), ping("ping2"), frame(fin|opContinue, "fragment5"),
	}
	fives := []string{pong("ping1"), pong("ping2"), says("fragment1fragment2fragment3fragment4fragment5")}
	return []row{
		{id: "5.1", send: fragments(opPing, "fragment1fragment2", 9), want: []string{refused}},
		{id: "5.2", send: fragments(opPong, "fragment1fragment2", 9), want: []string{refused}},
		{id: "5.3", send: chunk(one, two), want: []string{both}},
		{id: "5.4", send: [][]byte{one, two}, want: []string{both}},
		{id: "5.5", send: [][]byte{one, two}, chop: 1, want: []string{both}},
		{id: "5.6", send: chunk(pinged...), want: []string{pong("ping payload"), both}},
		{id: "5.7", send: pinged, want: []string{pong("ping payload"), both}},
		{id: "5.8", send: pinged, chop: 1, want: []string{pong("ping payload"), both}},
		{id: "5.9", send: chunk(lone, text("hello")), want: []string{refused}},
		{id: "5.10", send: [][]byte{lone, text("hello")}, want: []string{refused}},
		{id: "5.11", send: [][]byte{lone, text("hello")}, chop: 1, want: []string{refused}},
		{id: "5.12", send: chunk(open, text("hello")), want: []string{refused}},
		{id: "5.13", send: [][]byte{open, text("hello")}, want: []string{refused}},
		{id: "5.14", send: [][]byte{open, text("hello")}, chop: 1, want: []string{refused}},
		{id: "5.15", send: chunk(one, two, open, text("hello")), want: []string{both, refused}},
		{id: "5.16", send: [][]byte{open, one, two, open, one, two}, want: []string{refused}},
		{id: "5.17", send: [][]byte{lone, one, two, lone, one, two}, want: []string{refused}},
		{id: "5.18", send: chunk(one, frame(fin|opText, "fragment2")), want: []string{refused}},
		{id: "5.19", send: five, want: fives},
		{id: "5.20", send: five, chop: 1, want: fives},
	}
}

func closings() []row {
	long := strings.Repeat("BAsd7&jh23", 26<<10)
	rows := []row{
		{id: "7.1.1", send: [][]byte{text("hello"), closing(1000, "")}, want: []string{hello, "close 1000"}},
		{id: "7.1.2", send: [][]byte{closing(1000, ""), closing(1000, "")}, want: []string{"close 1000"}},
		{id: "7.1.3", send: [][]byte{closing(1000, ""), frame(fin|opPing, "")}, want: []string{"close 1000"}},
		{id: "7.1.4", send: [][]byte{closing(1000, ""), text("hello")}, want: []string{"close 1000"}},
		{id: "7.1.5", send: [][]byte{frame(opText, "a"), closing(1000, ""), frame(fin|opContinue, "b")}, want: []string{"close 1000"}},
		{id: "7.1.6", send: [][]byte{text(long), closing(1000, ""), frame(fin|opPing, "")}, want: []string{says(long), "close 1000"}},
		{id: "7.3.1", send: [][]byte{frame(fin|opClose, "")}, want: []string{"close"}},
		{id: "7.3.2", send: [][]byte{frame(fin|opClose, "a")}, want: []string{refused}},
		{id: "7.3.3", send: [][]byte{closing(1000, "")}, want: []string{"close 1000"}},
		{id: "7.3.4", send: [][]byte{closing(1000, "Hello World!")}, want: []string{"close 1000"}},
		{id: "7.3.5", send: [][]byte{closing(1000, strings.Repeat("*", 123))}, want: []string{"close 1000"}},
		{id: "7.3.6", send: [][]byte{closing(1000, strings.Repeat("*", 124))}, want: []string{refused}},
		{id: "7.5.1", send: [][]byte{closing(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited")}, want: []string{notUTF8}},
		{id: "7.13.1", send: [][]byte{closing(5000, "")}, want: []string{refused}},
		{id: "7.13.2", send: [][]byte{frame(fin|opClose, string(binary.BigEndian.AppendUint32(nil, 65536)))}, want: []string{refused}},
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		rows = append(rows, row{id: fmt.Sprintf("7.7.%d", i+1), send: [][]byte{closing(code, "")}, want: []string{fmt.Sprintf("close %d", code)}})
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		rows = append(rows, row{id: fmt.Sprintf("7.9.%d", i+1), send: [][]byte{closing(code, "")}, want: []string{refused}})
	}
	return rows
}

func unhex(t string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(t, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}
