package ws_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// utf8Rows are group 6: the four written ones, then Kuhn's sequences.
func utf8Rows() []row {
	const kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
	const hello = "Hello-µ@ßöäüàá-UTF-8!!"
	const bad = kosme + "\xed\xa0\x80edited"
	over := []string{kosme, "\xf4\x90\x80\x80", "edited"}
	early := []string{kosme + "\xf4", "\x90", "\x80\x80edited"}
	parts := func(p []string) [][]byte {
		return [][]byte{frame(opText, p[0]), frame(opContinue, p[1]), frame(fin|opContinue, p[2])}
	}
	whole := func(p []string) [][]byte { return [][]byte{text(strings.Join(p, ""))} }
	rows := []row{
		{id: "6.1.1", send: [][]byte{text("")}, want: []string{says("")}},
		{id: "6.1.2", send: parts([]string{"", "", ""}), want: []string{says("")}},
		{id: "6.1.3", send: parts([]string{"", "middle frame payload", ""}), want: []string{says("middle frame payload")}},
		{id: "6.2.1", send: [][]byte{text(hello)}, want: []string{says(hello)}},
		{id: "6.2.2", send: fragments(opText, hello, 12), want: []string{says(hello)}},
		{id: "6.2.3", send: fragments(opText, hello, 1), want: []string{says(hello)}},
		{id: "6.2.4", send: fragments(opText, kosme, 1), want: []string{says(kosme)}},
		{id: "6.3.1", send: [][]byte{text(bad)}, want: []string{notUTF8}},
		{id: "6.3.2", send: fragments(opText, bad, 1), want: []string{notUTF8}},
		// Fragments are refused as they come, frames once they are whole.
		{id: "6.4.1", send: parts(over)[:2], want: []string{notUTF8}},
		{id: "6.4.2", send: parts(early)[:2], want: []string{notUTF8}},
		{id: "6.4.3", send: whole(over), chop: 1, want: []string{notUTF8}},
		{id: "6.4.4", send: whole(early), chop: 1, want: []string{notUTF8}},
	}
	for group, sequences := range kuhn(kosme) {
		for i, s := range sequences {
			want := notUTF8
			if utf8.ValidString(s) {
				want = says(s)
			}
			rows = append(rows, row{id: fmt.Sprintf("6.%d.%d", group+5, i+1), send: [][]byte{text(s)}, want: []string{want}})
		}
	}
	return rows
}

// kuhn are the sequences of groups 6.5 to 6.23, after Markus Kuhn's stress test.
func kuhn(kosme string) [][]string {
	list := func(hexes string) (all []string) {
		for h := range strings.FieldsSeq(hexes) {
			all = append(all, unhex(h))
		}
		return all
	}
	lonely := func(from, to int) (s string) {
		for b := from; b <= to; b++ {
			s += string([]byte{byte(b), ' '})
		}
		return s
	}
	var prefixes, nonCharacters []string
	for i := range len(kosme) {
		prefixes = append(prefixes, kosme[:i+1])
	}
	for plane := rune(0); plane <= 0x10; plane++ {
		nonCharacters = append(nonCharacters, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	var continuations strings.Builder
	for b := 0x80; b <= 0xbf; b++ {
		continuations.WriteByte(byte(b))
	}
	cut := list("c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf")
	return [][]string{
		{kosme, "hello$world", "hello¢world", "hello€world", "hello𤭢world"},
		prefixes,
		list("00 c280 e0a080 f0908080"),
		list("f888808080 fc8480808080"),
		list("7f dfbf efbfbf f48fbfbf"),
		list("f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf"),
		list("ed9fbf ee8080 efbfbd f48fbfbf f4908080"),
		append(list("80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf"), continuations.String()),
		{lonely(0xc0, 0xdf), lonely(0xe0, 0xef), lonely(0xf0, 0xf7), lonely(0xf8, 0xfb), lonely(0xfc, 0xfd)},
		cut,
		{strings.Join(cut, "")},
		list("fe ff fefeffff"),
		list("c0af e080af f08080af f8808080af fc80808080af"),
		list("c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf"),
		list("c080 e08080 f0808080 f880808080 fc8080808080"),
		list("eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf"),
		list("eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf"),
		nonCharacters,
		list("efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf"),
	}
}

// limits are groups 9 and 10. A message may be 1 MiB here: beyond, 1009. Of
// group 9's thousand round trips fifty are made.
func limits() (rows []row) {
	for kind, op := range map[int]byte{0: opText, 1: opBinary} {
		answer := func(s string) string {
			switch {
			case len(s) > 1<<20:
				return tooLong
			case op == opBinary:
				return says("malformed")
			}
			return says(s)
		}
		add := func(group, n int, send [][]byte, chop int, want ...string) {
			rows = append(rows, row{id: fmt.Sprintf("9.%d.%d", group+kind, n), send: send, chop: chop, want: want})
		}
		for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
			s := strings.Repeat("*", size)
			add(1, i+1, [][]byte{frame(fin|op, s)}, 0, answer(s))
		}
		large := strings.Repeat("*", 4<<20)
		for i := range 9 {
			add(3, i+1, fragments(op, large, 64<<(2*i)), 0, tooLong)
		}
		for i := range 6 {
			s := strings.Repeat("*", 1<<20)
			add(5, i+1, [][]byte{frame(fin|op, s)}, 64<<i, answer(s))
		}
		for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
			s := strings.Repeat("*", size)
			var send [][]byte
			var want []string
			for range 50 {
				send, want = append(send, frame(fin|op, s)), append(want, answer(s))
			}
			add(7, i+1, send, 0, want...)
		}
	}
	s := strings.Repeat("*", 65536)
	return append(rows, row{id: "10.1.1", send: fragments(opText, s, 1300), want: []string{says(s)}})
}

// compressed are groups 12 (five corpora) and 13 (seven offers). The suite
// sends a thousand messages a case; here it is two, of the same sizes.
func compressed() (rows []row) {
	const plain = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
	corpora := []string{jsonLike(), noise(), prose(), "<html><body>" + prose(), prose() + jsonLike()}
	for i, corpus := range corpora {
		op := byte(opText)
		if i == 1 {
			op = opBinary // the suite's is a picture
		}
		rows = append(rows, deflate(fmt.Sprintf("12.%d", i+1), plain, squeeze(op, corpus))...)
	}
	offer := func(noTakeover bool, bits int) string {
		o := "permessage-deflate; client_no_context_takeover; client_max_window_bits"
		if noTakeover {
			o += "; server_no_context_takeover"
		}
		if bits != 0 {
			o += fmt.Sprintf("; server_max_window_bits=%d", bits)
		}
		return o
	}
	messages := squeeze(opText, corpora[0])
	for i, o := range []string{
		offer(false, 0), offer(true, 0), offer(false, 9), offer(false, 15), offer(true, 9), offer(true, 15),
		offer(true, 9) + ", " + offer(true, 0) + ", " + offer(false, 0),
	} {
		rows = append(rows, deflate(fmt.Sprintf("13.%d", i+1), o, messages)...)
	}
	return rows
}

// sizes of a message, and of its fragments, in groups 12 and 13.
var sizes = []struct{ message, fragment int }{
	{16, 0},
	{64, 0},
	{256, 0},
	{1 << 10, 0},
	{4 << 10, 0},
	{8 << 10, 0},
	{16 << 10, 0},
	{32 << 10, 0},
	{64 << 10, 0},
	{128 << 10, 0},
	{8 << 10, 256},
	{16 << 10, 256},
	{32 << 10, 256},
	{64 << 10, 256},
	{128 << 10, 256},
	{128 << 10, 1 << 10},
	{128 << 10, 4 << 10},
	{128 << 10, 32 << 10},
}

// exchange is what a compressed case sends, and what comes back.
type exchange struct {
	send [][]byte
	want []string
}

// squeeze makes one exchange for each size.
func squeeze(op byte, corpus string) (all []exchange) {
	var q squeezer
	for _, size := range sizes {
		var e exchange
		for n := range 2 {
			s, want := corpus[n*size.message:][:size.message], says("malformed")
			if op == opText {
				want = says(s)
			}
			e.send = append(e.send, chunk(fragments(op|rsv1, q.deflate(s), cmp.Or(size.fragment, 1<<30))...)...)
			e.want = append(e.want, want)
		}
		all = append(all, e)
	}
	return all
}

func deflate(id, offer string, exchanges []exchange) (rows []row) {
	for i, e := range exchanges {
		rows = append(rows, row{id: fmt.Sprintf("%s.%d", id, i+1), offer: offer, send: e.send, want: e.want})
	}
	return rows
}

const corpusSize = 2 * 128 << 10

func jsonLike() string {
	var b strings.Builder
	for i := 0; b.Len() < corpusSize; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"user %d","tags":["a","b%d"],"score":%d.5},`, i, i%97, i%13, i*7)
	}
	return b.String()
}

func prose() string {
	words := strings.Fields("Habe nun ach Philosophie Juristerei und Medizin durchaus studiert mit heissem Bemuehn da steh ich armer Tor")
	pick := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < corpusSize {
		b.WriteString(words[pick.IntN(len(words))] + " ")
	}
	return b.String()
}

func noise() string {
	pick := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, corpusSize)
	for i := range b {
		b[i] = byte(pick.Uint32())
	}
	return string(b)
}
