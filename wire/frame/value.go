package frame

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-chat/parley/chat"
)

// MaxNumber is the greatest whole number that a frame may carry: what every
// client's numbers hold exactly.
const MaxNumber = 1<<53 - 1

// Value is one valid JSON value as received; nil is an absent one.
type Value []byte

// Given reports that the value is there and not null.
func (v Value) Given() bool { return len(v) > 0 && v[0] != 'n' }

// Is reports that the value is of this kind, named by its first byte: one of
// " { [ 0 t f n, where 0 is any number.
func (v Value) Is(kind byte) bool {
	return len(v) > 0 && byte(jsontext.Value(v).Kind()) == kind
}

// Copy is the value in memory of its own; an absent one stays nil.
func (v Value) Copy() []byte { return bytes.Clone(v) }

// Name is a JSON string's content in memory that is not the caller's; false if
// v is no string.
func (v Value) Name() ([]byte, bool) {
	if !v.Is('"') {
		return nil, false
	}
	return v.bytes(), true
}

// bytes are a JSON string's content, in place where it has no escapes.
func (v Value) bytes() []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	b, _ := jsontext.AppendUnquote(nil, []byte(v)) // v is valid
	return b
}

// Text is a JSON string's content; false if v is no string.
func (v Value) Text() (string, bool) {
	if !v.Is('"') {
		return "", false
	}
	return string(v.bytes()), true
}

// Number is a whole number from 0 to MaxNumber; false if v is anything else.
func (v Value) Number() (uint64, bool) {
	n, err := strconv.ParseUint(string(v), 10, 64)
	return n, err == nil && n <= MaxNumber
}

// Fields turns values into what a command holds, and remembers the first that
// does not fit, so that a command is built in one expression and checked once.
// Absent and null values are the zero ones.
type Fields struct{ Err error }

// String is the text of v.
func (f *Fields) String(name string, v Value) string {
	if !v.Given() {
		return ""
	}
	s, ok := v.Text()
	if !ok {
		f.refuse(name, "a string")
	}
	return s
}

// Same is String, and last itself where the text is the same: connections name
// the same few channels again and again.
func (f *Fields) Same(name string, v Value, last *string) string {
	if v.Is('"') && string(v[1:len(v)-1]) == *last {
		return *last
	}
	s := f.String(name, v)
	if len(s) <= chat.MaxChannelName && bytes.IndexByte(v, '\\') < 0 {
		*last = s
	}
	return s
}

// Uint is a whole number from 0 to MaxNumber.
func (f *Fields) Uint(name string, v Value) uint64 {
	if !v.Given() {
		return 0
	}
	n, ok := v.Number()
	if !ok {
		f.refuse(name, "a whole number from 0 to 2^53-1")
	}
	return n
}

// Int is a whole number from -MaxNumber to MaxNumber.
func (f *Fields) Int(name string, v Value) int64 {
	if !v.Given() {
		return 0
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < -MaxNumber || n > MaxNumber {
		f.refuse(name, "a whole number from -(2^53-1) to 2^53-1")
		return 0
	}
	return n
}

// Millis is a time that is given in milliseconds, at least 1; 0 if there is none.
func (f *Fields) Millis(name string, v Value) time.Duration {
	if !v.Given() {
		return 0
	}
	const most = uint64(math.MaxInt64 / time.Millisecond)
	n, ok := v.Number()
	if !ok || n == 0 || n > most {
		f.refuse(name, "whole milliseconds, from 1 to "+strconv.FormatUint(most, 10))
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// Strings are the texts of an array of at most so many strings; nil where it
// is empty.
func (f *Fields) Strings(name string, v Value, most int) []string {
	if !v.Given() {
		return nil
	}
	var list []string
	dec := jsontext.NewDecoder(bytes.NewReader(v))
	token, err := dec.ReadToken()
	if err != nil || token.Kind() != '[' {
		f.refuse(name, "an array of strings")
		return nil
	}
	for dec.PeekKind() == '"' {
		if len(list) == most {
			f.Refuse(chat.E(chat.CodeTooMany, "%s has more than %d entries", name, most))
			return nil
		}
		token, _ = dec.ReadToken() // v is valid
		list = append(list, token.String())
	}
	if dec.PeekKind() != ']' {
		f.refuse(name, "an array of strings")
		return nil
	}
	return list
}

// Bool is true or false.
func (f *Fields) Bool(name string, v Value) bool {
	if v.Given() && !v.Is('t') && !v.Is('f') {
		f.refuse(name, "true or false")
	}
	return v.Is('t')
}

// Object is a copy of a JSON object.
func (f *Fields) Object(name string, v Value) []byte {
	if !v.Given() {
		return nil
	}
	if !v.Is('{') {
		f.refuse(name, "an object")
	}
	return v.Copy()
}

// Time is an instant in ISO 8601 with a zone.
func (f *Fields) Time(name string, v Value) time.Time {
	if !v.Given() {
		return time.Time{}
	}
	s, _ := v.Text()
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		f.refuse(name, "a time in ISO 8601, such as 2026-01-31T12:00:00.000Z")
	}
	return t
}

// Need refuses a frame that lacks a value.
func (f *Fields) Need(name string, v Value) {
	if !v.Given() {
		f.Refuse(chat.E(chat.CodeInvalid, "%s is missing", name))
	}
}

// Refuse remembers err, unless there was one before.
func (f *Fields) Refuse(err error) {
	if f.Err == nil {
		f.Err = err
	}
}

func (f *Fields) refuse(name, what string) {
	f.Refuse(chat.E(chat.CodeInvalid, "%s must be %s", name, what))
}
