package frame

import (
	"bytes"
	"errors"
	"io"

	"github.com/parley-chat/parley/chat"
)

// Array reads one JSON array and calls element for each of its elements, in
// order. What holds of Object holds of it.
func (p *Pool) Array(frame []byte, element func(v Value)) error {
	if tooDeep(frame) {
		return chat.E(chat.CodeMalformed, "the frame nests deeper than %d levels", MaxDepth)
	}
	return p.Elements(frame, element)
}

// Elements is to Array what Members is to Object.
func (p *Pool) Elements(frame []byte, element func(v Value)) error {
	r, _ := p.readers.Get().(*reader)
	if r == nil {
		r = new(reader)
	}
	err := r.array(frame, element)
	r.in = bytes.Buffer{} // do not keep the frame alive
	p.readers.Put(r)
	return err
}

func (r *reader) array(frame []byte, element func(Value)) error {
	r.in = *bytes.NewBuffer(frame)
	r.dec.Reset(&r.in)
	if r.dec.PeekKind() != '[' {
		if _, err := r.dec.ReadValue(); err != nil {
			return malformed(err)
		}
		return chat.E(chat.CodeMalformed, "a frame is a JSON array")
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	for r.dec.PeekKind() != ']' {
		v, err := r.value(frame)
		if err != nil {
			return malformed(err)
		}
		element(v)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return malformed(err)
	}
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return chat.E(chat.CodeMalformed, "the frame goes on after its array")
	}
	return nil
}

// Verbatim writes text as it is: what a dialect puts around its JSON.
func (w *Writer) Verbatim(text string) { w.buf = append(w.buf, text...) }

// Element writes an element of an array that is JSON already.
func (w *Writer) Element(json []byte) {
	w.comma()
	w.buf = append(w.buf, json...)
}
