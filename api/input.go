package api

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// members are the names that a type of request has, with a place for each.
type members map[string]int

// membersOf reads them from the type's tags: what the document says is what is
// read.
func membersOf(t reflect.Type) members {
	m := members{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		m[name] = i
	}
	return m
}

// input is what a request says: the members of its body, as they stood, and
// the first of them, or of the query, that does not fit. Names that the
// operation does not have are ignored, as in frames.
type input struct {
	frame.Fields
	names  members
	values []frame.Value
}

func newInput(m members) input { return input{names: m, values: make([]frame.Value, len(m))} }

func (in *input) set(name []byte, v frame.Value) {
	if i, ok := in.names[string(name)]; ok {
		in.values[i] = v
	}
}

func (in *input) get(name string) frame.Value {
	if i, ok := in.names[name]; ok {
		return in.values[i]
	}
	return nil
}

func (in *input) text(name string) string   { return in.String(name, in.get(name)) }
func (in *input) flag(name string) bool     { return in.Bool(name, in.get(name)) }
func (in *input) object(name string) []byte { return in.Object(name, in.get(name)) }
func (in *input) need(name string)          { in.Need(name, in.get(name)) }
func (in *input) words(name string, most int) []string {
	return in.Strings(name, in.get(name), most)
}
func (in *input) given(name string) bool { return in.get(name).Given() }

// invalid refuses the request.
func (in *input) invalid(format string, args ...any) {
	in.Refuse(chat.E(chat.CodeInvalid, format, args...))
}

// maxSeconds keeps seconds within what a duration holds.
const maxSeconds = 100 * 366 * 24 * 3600

// seconds is a whole number of them, from least on.
func (in *input) seconds(name string, least int64) time.Duration {
	v := in.get(name)
	if !v.Given() {
		return 0
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < least || n > maxSeconds {
		in.invalid("%s must be whole seconds from %d to %d", name, least, maxSeconds)
	}
	return time.Duration(n) * time.Second
}

// number is a whole number of the query; false if it is not given.
func (c *call) number(name string) (uint64, bool) {
	if !c.query.Has(name) {
		return 0, false
	}
	n, ok := frame.Value(c.query.Get(name)).Number()
	if !ok {
		c.in.invalid("%s must be a whole number from 0 to 2^53-1", name)
	}
	return n, true
}

// limit is the query's; too much is clamped.
func (c *call) limit() int {
	n, given := c.number("limit")
	switch {
	case !given:
		return standardLimit
	case n == 0:
		c.in.invalid("limit is at least 1")
	}
	return int(min(n, maxLimit))
}

// page is what the query asks for of a history.
func (c *call) page() chat.Page {
	before, below := c.number("before")
	after, above := c.number("after")
	if below && before == 0 {
		c.in.invalid("before is at least 1: there is nothing below")
	}
	return chat.Page{Before: before, After: after, Forward: above, Limit: c.limit()}
}

// time is an instant of the query; zero if it is not given.
func (c *call) time(name string) time.Time {
	if !c.query.Has(name) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, c.query.Get(name))
	if err != nil {
		c.in.invalid("%s must be a time in ISO 8601, such as 2026-01-31T12:00:00.000Z", name)
	}
	return t
}
