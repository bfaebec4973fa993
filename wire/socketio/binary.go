package socketio

import (
	"bytes"
	"encoding/base64"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// On the wire an attachment's place in the JSON is {"_placeholder":true,"num":N}.
// Where it is kept, and at other doors, it is {"_binary":"base64"}, which says
// the same by itself; an object that is just this becomes an attachment again.

const (
	placeholder = "_placeholder"
	binaryKey   = "_binary"
	protoKey    = "__proto__"
)

// inward puts the attachments of a packet where their places are. Each is used
// once: a packet must not become longer than what was sent. It refuses members
// that would change what an object is in the clients that they are given back
// to.
type inward struct {
	pool        *frame.Pool
	attachments [][]byte
	used        int
	err         error
}

// take is v as it is kept, in memory of its own.
func (in *inward) take(v frame.Value) []byte {
	if len(in.attachments) == 0 && !bytes.Contains(v, []byte(protoKey)) && !bytes.Contains(v, []byte(`\u`)) {
		return v.Copy()
	}
	return in.value(make([]byte, 0, len(v)), v)
}

func (in *inward) value(dst []byte, v frame.Value) []byte {
	switch {
	case in.err != nil:
		return dst
	case v.Is('['):
		w := opened(dst, '[')
		_ = in.pool.Elements(v, func(e frame.Value) { w.next(); w.buf = in.value(w.buf, e) }) // v is valid
		return append(w.buf, ']')
	case v.Is('{'):
		if len(in.attachments) > 0 {
			if data, is := in.attachment(v); is {
				return appendBinary(dst, data)
			}
		}
		w := opened(dst, '{')
		_ = in.pool.Members(v, func(name []byte, m frame.Value) {
			if string(name) == protoKey {
				in.refuse("a member must not be called %s", protoKey)
			}
			w.next()
			w.buf = appendName(w.buf, name)
			w.buf = in.value(w.buf, m)
		})
		return append(w.buf, '}')
	}
	return append(dst, v...)
}

// attachment is what v stands for, if it is an attachment's place.
func (in *inward) attachment(v frame.Value) (data []byte, is bool) {
	var num frame.Value
	members := 0
	_ = in.pool.Members(v, func(name []byte, m frame.Value) {
		members++
		switch string(name) {
		case placeholder:
			is = m.Is('t')
		case "num":
			num = m
		}
	})
	if !is {
		return nil, false
	}
	n, ok := num.Number()
	if !ok || members != 2 || n >= uint64(len(in.attachments)) || in.attachments[n] == nil {
		in.refuse("an attachment has one place, and a place has one attachment")
		return nil, true
	}
	data, in.attachments[n] = in.attachments[n], nil
	in.used++
	return data, true
}

func (in *inward) refuse(format string, args ...any) {
	if in.err == nil {
		in.err = chat.E(chat.CodeInvalid, format, args...)
	}
}

func appendBinary(dst, data []byte) []byte {
	dst = append(dst, `{"`+binaryKey+`":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, `"}`...)
}

// outward takes what is binary out of kept JSON, for clients that get it as
// attachments.
type outward struct {
	pool        *frame.Pool
	attachments [][]byte
	unfit       bool
}

// outwards is v with places for attachments, and these. A value that has
// places of its own, or too many attachments for clients to take, stays as it
// is: no client may be made to stumble by what another sent.
func outwards(pool *frame.Pool, v []byte) (json []byte, attachments [][]byte) {
	if !bytes.Contains(v, []byte(`"`+binaryKey+`"`)) {
		return v, nil
	}
	out := outward{pool: pool}
	json = out.value(make([]byte, 0, len(v)), v)
	if out.unfit || len(out.attachments) > MaxAttachments {
		return v, nil
	}
	return json, out.attachments
}

func (out *outward) value(dst []byte, v frame.Value) []byte {
	switch {
	case out.unfit:
		return dst
	case v.Is('['):
		w := opened(dst, '[')
		_ = out.pool.Elements(v, func(e frame.Value) { w.next(); w.buf = out.value(w.buf, e) }) // v was valid when it was accepted
		return append(w.buf, ']')
	case v.Is('{'):
		if data, is := out.binary(v); is {
			w := new(frame.Writer)
			w.Open()
			w.Bool(placeholder, true)
			w.Uint("num", uint64(len(out.attachments)))
			w.Close()
			out.attachments = append(out.attachments, data)
			return append(dst, w.Bytes()...)
		}
		w := opened(dst, '{')
		_ = out.pool.Members(v, func(name []byte, m frame.Value) {
			out.unfit = out.unfit || string(name) == placeholder
			w.next()
			w.buf = appendName(w.buf, name)
			w.buf = out.value(w.buf, m)
		})
		return append(w.buf, '}')
	}
	return append(dst, v...)
}

func (out *outward) binary(v frame.Value) (data []byte, is bool) {
	members := 0
	_ = out.pool.Members(v, func(name []byte, m frame.Value) {
		members++
		text, ok := m.Text()
		if string(name) != binaryKey || !ok {
			return
		}
		var err error
		data, err = base64.StdEncoding.DecodeString(text)
		is = err == nil
	})
	return data, is && members == 1
}

// list is a JSON array or object that is being written.
type list struct {
	buf   []byte
	begun bool
}

func opened(dst []byte, bracket byte) *list { return &list{buf: append(dst, bracket)} }

func (l *list) next() {
	if l.begun {
		l.buf = append(l.buf, ',')
	}
	l.begun = true
}

func appendName(dst, name []byte) []byte {
	w := new(frame.Writer)
	w.Pair(name, nil) // the name and a colon
	return append(dst, w.Bytes()...)
}
