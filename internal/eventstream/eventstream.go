// Package eventstream reads text/event-stream as the HTML standard's EventSource
// does ("Server-sent events", "Interpreting an event stream"), for tests that
// must not trust a writer of our own.
package eventstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// Event is one that an EventSource would dispatch.
type Event struct {
	Name string // "message" if it has none
	Data string
	ID   string // the last that was given, with this event or before
}

// Reader reads one stream.
type Reader struct {
	in      *bufio.Reader
	lastID  string
	retry   time.Duration
	begun   bool
	skipLF  bool // the line before ended with CR
	comment int
}

// NewReader reads from in. lastID is the one that an earlier stream ended with.
func NewReader(in io.Reader, lastID string) *Reader {
	return &Reader{in: bufio.NewReader(in), lastID: lastID}
}

// LastID is what an EventSource would send in Last-Event-ID.
func (r *Reader) LastID() string { return r.lastID }

// Retry is the reconnection time that was given last; 0: none.
func (r *Reader) Retry() time.Duration { return r.retry }

// Comments counts the comments so far.
func (r *Reader) Comments() int { return r.comment }

// Next is the next event. What the stream's end cuts off is dropped.
func (r *Reader) Next() (Event, error) {
	var name, data string
	id := r.lastID
	for {
		line, err := r.line()
		if err != nil {
			return Event{}, err
		}
		if line == "" {
			r.lastID = id
			if data == "" {
				name = ""
				continue
			}
			if name == "" {
				name = "message"
			}
			return Event{Name: name, Data: strings.TrimSuffix(data, "\n"), ID: id}, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			r.comment++
		case "event":
			name = value
		case "data":
			data += value + "\n"
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 32); err == nil {
				r.retry = time.Duration(ms) * time.Millisecond
			}
		}
	}
}

// line is the next one that has an end: CR LF, LF or CR.
func (r *Reader) line() (string, error) {
	var line []byte
	for {
		b, err := r.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && len(line) > 0:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		case b == '\n' && r.skipLF:
			r.skipLF = false
			continue
		}
		r.skipLF = b == '\r'
		if b != '\n' && b != '\r' {
			line = append(line, b)
			continue
		}
		if !r.begun {
			r.begun = true
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		return strings.ToValidUTF8(string(line), "\uFFFD"), nil
	}
}
