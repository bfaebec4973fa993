// Package frame reads and writes the JSON objects that dialects exchange. It
// is the only place that knows the JSON library: an envelope is scanned
// without reflection, and payloads stay as they were received.
package frame

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-chat/parley/chat"
)

// MaxDepth is how deeply a frame may nest: enough for any message, and little
// enough that clients which parse recursively are safe from each other.
const MaxDepth = 64

// Pool lends out readers and writers, so that a connection costs neither while
// it is idle. The zero Pool is ready; its methods may be called concurrently.
type Pool struct{ readers, writers sync.Pool }

// Object reads one frame, which must be a single JSON object, and calls field
// for each of its members in order. Names and values point into the frame, save
// for names that were written with escapes. Invalid JSON, invalid UTF-8, lone
// surrogates, a name given twice at any level and deep nesting are CodeMalformed;
// field may have been called before that was found.
func (p *Pool) Object(frame []byte, field func(name []byte, v Value)) error {
	if tooDeep(frame) {
		return chat.E(chat.CodeMalformed, "the frame nests deeper than %d levels", MaxDepth)
	}
	return p.Members(frame, field)
}

// Members is Object for what was accepted before, and may nest deeper by the
// objects that it was put into since.
func (p *Pool) Members(frame []byte, field func(name []byte, v Value)) error {
	r, _ := p.readers.Get().(*reader)
	if r == nil {
		r = new(reader)
	}
	err := r.object(frame, field)
	r.in = bytes.Buffer{} // do not keep the frame alive
	p.readers.Put(r)
	return err
}

type reader struct {
	in  bytes.Buffer
	dec jsontext.Decoder
}

func (r *reader) object(frame []byte, field func([]byte, Value)) error {
	r.in = *bytes.NewBuffer(frame)
	r.dec.Reset(&r.in)
	if r.dec.PeekKind() != '{' {
		if _, err := r.dec.ReadValue(); err != nil {
			return malformed(err)
		}
		return chat.E(chat.CodeMalformed, "a frame is a JSON object")
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.value(frame)
		if err != nil {
			return malformed(err)
		}
		v, err := r.value(frame)
		if err != nil {
			return malformed(err)
		}
		field(name.bytes(), v)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return chat.E(chat.CodeMalformed, "the frame goes on after its object")
	}
	return nil
}

// value is the next value, as a part of frame: the decoder's own result is
// overwritten by its next read.
func (r *reader) value(frame []byte) (Value, error) {
	v, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(r.dec.InputOffset())
	return Value(frame[end-len(v) : end : end]), nil
}

// malformed says what the decoder found, in words that do not repeat the frame.
func malformed(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		what := "it is not JSON"
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			what = "a name is given twice"
		case errors.Is(err, io.ErrUnexpectedEOF):
			what = "it ends early"
		}
		e := chat.E(chat.CodeMalformed, "the frame cannot be read: %s, at byte %d", what, syntax.ByteOffset)
		e.Cause = err
		return e
	}
	if errors.Is(err, io.EOF) {
		return chat.E(chat.CodeMalformed, "the frame is empty")
	}
	return &chat.Error{Code: chat.CodeMalformed, Message: "the frame cannot be read", Cause: err}
}

// tooDeep reports nesting over MaxDepth. Frames with few brackets, almost all,
// are cleared without looking at them byte by byte.
func tooDeep(frame []byte) bool {
	if bytes.Count(frame, []byte{'{'})+bytes.Count(frame, []byte{'['}) <= MaxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(frame); i++ {
		switch c := frame[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
