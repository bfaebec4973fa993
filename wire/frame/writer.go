package frame

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxKept bounds the buffers that a Pool keeps: one huge page must not stay.
const maxKept = 64 << 10

// Write lends build an empty writer and gives emit what was built; the bytes
// are valid until emit returns. Nothing built is nothing emitted.
func (p *Pool) Write(emit func([]byte), build func(*Writer)) {
	w := p.Writer()
	build(w)
	p.Emit(w, emit)
}

// Writer lends an empty writer, which Emit takes back.
func (p *Pool) Writer() *Writer {
	w, _ := p.writers.Get().(*Writer)
	if w == nil {
		w = &Writer{buf: make([]byte, 0, 512)}
	}
	w.buf = w.buf[:0]
	return w
}

// Emit gives emit what is in w, if anything, and takes w back.
func (p *Pool) Emit(w *Writer, emit func([]byte)) {
	if len(w.buf) > 0 {
		emit(w.buf)
	}
	if cap(w.buf) <= maxKept {
		p.writers.Put(w)
	}
}

// Writer builds JSON by appending. Keys are the caller's constants and are
// written as they are: plain ASCII without quotes or backslashes.
type Writer struct{ buf []byte }

// Bytes are what was written so far.
func (w *Writer) Bytes() []byte { return w.buf }

// Open begins an object, as a frame or as an element of an array.
func (w *Writer) Open() { w.comma(); w.buf = append(w.buf, '{') }

// Begin opens an object whose first member is its type.
func (w *Writer) Begin(typ string) {
	w.comma()
	w.buf = append(w.buf, `{"type":"`...)
	w.buf = append(w.buf, typ...)
	w.buf = append(w.buf, '"')
}

// Object begins an object as a member.
func (w *Writer) Object(key string) { w.key(key); w.buf = append(w.buf, '{') }

// Name begins a member whose value is written next, by something that opens it.
func (w *Writer) Name(key string) { w.key(key) }

// Close ends an object.
func (w *Writer) Close() { w.buf = append(w.buf, '}') }

// Array begins an array as a member.
func (w *Writer) Array(key string) { w.key(key); w.buf = append(w.buf, '[') }

// End ends an array.
func (w *Writer) End() { w.buf = append(w.buf, ']') }

// String writes a member; what is not UTF-8 becomes U+FFFD.
func (w *Writer) String(key, s string) {
	w.key(key)
	w.buf, _ = jsontext.AppendQuote(w.buf, s)
}

// Maybe writes a member unless s is empty.
func (w *Writer) Maybe(key, s string) {
	if s != "" {
		w.String(key, s)
	}
}

// Strings writes an array as a member unless it is empty.
func (w *Writer) Strings(key string, list []string) {
	if len(list) == 0 {
		return
	}
	w.Array(key)
	for _, s := range list {
		w.comma()
		w.buf, _ = jsontext.AppendQuote(w.buf, s)
	}
	w.End()
}

// Uint writes a member.
func (w *Writer) Uint(key string, n uint64) {
	w.key(key)
	w.buf = strconv.AppendUint(w.buf, n, 10)
}

// Bool writes a member.
func (w *Writer) Bool(key string, b bool) {
	w.key(key)
	w.buf = strconv.AppendBool(w.buf, b)
}

// Flag writes a member if b is true, and nothing otherwise.
func (w *Writer) Flag(key string, b bool) {
	if b {
		w.Bool(key, true)
	}
}

// Raw writes a member whose value is JSON already.
func (w *Writer) Raw(key string, json []byte) {
	w.key(key)
	w.buf = append(w.buf, json...)
}

// RawString is Raw for JSON in a string.
func (w *Writer) RawString(key, json string) {
	w.key(key)
	w.buf = append(w.buf, json...)
}

// Members writes the members of a JSON object, without its braces.
func (w *Writer) Members(object []byte) {
	first, last := 0, len(object)-1
	for first++; first < last && isSpace(object[first]); first++ {
	}
	for last--; last >= first && isSpace(object[last]); last-- {
	}
	if first > last {
		return
	}
	w.comma()
	w.buf = append(w.buf, object[first:last+1]...)
}

// Pair writes a member whose name is not a constant: its text is quoted.
func (w *Writer) Pair(name, json []byte) {
	w.comma()
	w.buf, _ = jsontext.AppendQuote(w.buf, name)
	w.buf = append(w.buf, ':')
	w.buf = append(w.buf, json...)
}

// Time writes a member as ISO 8601, UTC, in milliseconds.
func (w *Writer) Time(key string, t time.Time) {
	w.key(key)
	w.buf = append(w.buf, '"')
	w.buf = t.UTC().AppendFormat(w.buf, "2006-01-02T15:04:05.000Z")
	w.buf = append(w.buf, '"')
}

// MaybeTime writes a member unless t is zero.
func (w *Writer) MaybeTime(key string, t time.Time) {
	if !t.IsZero() {
		w.Time(key, t)
	}
}

// Millis writes a member as milliseconds, of an instant since 1970.
func (w *Writer) Millis(key string, t time.Time) {
	w.key(key)
	w.buf = strconv.AppendInt(w.buf, t.UnixMilli(), 10)
}

// Duration writes a member as milliseconds.
func (w *Writer) Duration(key string, d time.Duration) {
	w.key(key)
	w.buf = strconv.AppendInt(w.buf, d.Milliseconds(), 10)
}

func (w *Writer) key(k string) {
	w.comma()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, k...)
	w.buf = append(w.buf, '"', ':')
}

// comma separates what comes from what was. A string that ends in a bracket
// ends in its quote, so the last byte tells.
func (w *Writer) comma() {
	if n := len(w.buf); n > 0 && w.buf[n-1] != '{' && w.buf[n-1] != '[' && w.buf[n-1] != ':' {
		w.buf = append(w.buf, ',')
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
