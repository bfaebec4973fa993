package sse

import (
	"bytes"
	"strconv"
	"time"
)

// appendEvent writes an event's lines. Line ends in data, which JSON has only
// between its tokens, are ends of data lines: a client joins these by \n, which
// means the same there.
func appendEvent(b []byte, name string, retry time.Duration, data []byte) []byte {
	if name != "" {
		b = append(b, "event: "...)
		b = append(b, name...)
		b = append(b, '\n')
	}
	for {
		end := bytes.IndexAny(data, "\r\n")
		line := data
		if end >= 0 {
			line = data[:end]
		}
		b = append(b, "data: "...)
		b = append(b, line...)
		b = append(b, '\n')
		if end < 0 {
			break
		}
		if data = data[end:]; bytes.HasPrefix(data, []byte("\r\n")) {
			data = data[1:]
		}
		data = data[1:]
	}
	if retry > 0 {
		b = append(b, "retry: "...)
		b = strconv.AppendInt(b, max(1, retry.Milliseconds()), 10)
		b = append(b, '\n')
	}
	return b
}
