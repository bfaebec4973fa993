// Package fields walks the top level of one JSON object without decoding it:
// no allocation, no copy, nested values skipped. It trusts its input to be
// JSON, which is fit for a bench that talks to servers it has started, and for
// nothing that faces strangers.
package fields

import "bytes"

// Scanner yields the members of one object in their order.
type Scanner struct {
	rest []byte
}

// Of begins a walk over object.
func Of(object []byte) Scanner {
	open := bytes.IndexByte(object, '{')
	if open < 0 {
		return Scanner{}
	}
	return Scanner{rest: object[open+1:]}
}

// Next returns the next member: its name, unquoted and not unescaped, and its
// value as it stands, a string with its quotes. It reports false at the end of
// the object or where the object makes no sense.
func (s *Scanner) Next() (name, value []byte, ok bool) {
	start := bytes.IndexByte(s.rest, '"')
	if start < 0 {
		return nil, nil, false
	}
	length := quoted(s.rest[start:])
	if length < 0 {
		return nil, nil, false
	}
	name = s.rest[start+1 : start+length-1]
	s.rest = s.rest[start+length:]
	for len(s.rest) > 0 && (s.rest[0] == ':' || s.rest[0] == ' ') {
		s.rest = s.rest[1:]
	}
	length = span(s.rest)
	if length <= 0 {
		return nil, nil, false
	}
	value = s.rest[:length]
	s.rest = s.rest[length:]
	return name, value, true
}

// span is the length of the value that b begins with, or -1.
func span(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	switch b[0] {
	case '"':
		return quoted(b)
	case '{', '[':
		return nested(b)
	}
	for i, c := range b {
		if c == ',' || c == '}' || c == ' ' {
			return i
		}
	}
	return -1
}

// quoted is the length of the string that b begins with, quotes included, or -1.
func quoted(b []byte) int {
	for from := 1; from < len(b); {
		end := bytes.IndexByte(b[from:], '"')
		if end < 0 {
			return -1
		}
		end += from
		slashes := 0
		for end-1-slashes > 0 && b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1
		}
		from = end + 1
	}
	return -1
}

func nested(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			length := quoted(b[i:])
			if length < 0 {
				return -1
			}
			i += length - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// Text is the inside of a string value, escapes left as they are; any other
// value is returned unchanged.
func Text(value []byte) []byte {
	if len(value) >= 2 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// Number reads the digits that b begins with. It reports false where there are
// none.
func Number(b []byte) (uint64, bool) {
	var n uint64
	for i, c := range b {
		if c < '0' || c > '9' {
			return n, i > 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(b) > 0
}
