package frame

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Text is what a person reads of a message's body: of a string the string; of
// an object its string `text`, else `message`, else `content`; of a file
// ({"type":"file"}) its fileName and url; of anything else its compact JSON.
func (p *Pool) Text(body []byte) string {
	v := Value(body)
	if s, ok := v.Text(); ok {
		return s
	}
	if !v.Is('{') {
		return compact(body)
	}
	var text, message, content, typ, name, url Value
	_ = p.Members(body, func(key []byte, v Value) { // a body was valid when it was accepted
		switch string(key) {
		case "text":
			text = v
		case "message":
			message = v
		case "content":
			content = v
		case "type":
			typ = v
		case "fileName":
			name = v
		case "url":
			url = v
		}
	})
	for _, v := range []Value{text, message, content} {
		if s, ok := v.Text(); ok {
			return s
		}
	}
	if t, _ := typ.Text(); t == "file" {
		n, _ := name.Text()
		u, _ := url.Text()
		if s := strings.TrimSpace(n + " " + u); s != "" {
			return s
		}
	}
	return compact(body)
}

// AppendText writes the body's text as a member. A body that is a string, and
// almost all are, is copied as the sender wrote it.
func (p *Pool) AppendText(w *Writer, key string, body []byte) {
	if Value(body).Is('"') {
		w.Raw(key, body)
		return
	}
	w.String(key, p.Text(body))
}

func compact(body []byte) string {
	v := jsontext.Value(body).Clone()
	if v.Compact() != nil {
		return string(body)
	}
	return string(v)
}
