package eventstream

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The standard's own examples, and what they leave out.
func TestReader_ReadsAsTheStandardSays(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		stream string
		want   []Event
	}{
		"lines of data are joined":         {"data: YHOO\ndata: +2\ndata: 10\n\n", []Event{{Name: "message", Data: "YHOO\n+2\n10"}}},
		"an id stays until there is one":   {": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n", []Event{{"message", "first", "1"}, {"message", "second", ""}, {"message", " third", ""}}},
		"an empty data line is data":       {"data\n\ndata\ndata\n\ndata:", []Event{{Name: "message", Data: ""}, {Name: "message", Data: "\n"}}},
		"one space is left out":            {"data:test\n\ndata: test\n\n", []Event{{Name: "message", Data: "test"}, {Name: "message", Data: "test"}}},
		"lines end with CR, LF or both":    {"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r", []Event{{Name: "message", Data: "a\nb\nc"}, {Name: "message", Data: "d"}}},
		"a name is its event's alone":      {"event: x\ndata: a\n\ndata: b\n\n", []Event{{Name: "x", Data: "a"}, {Name: "message", Data: "b"}}},
		"without data there is no event":   {"event: x\nid: 7\n\ndata: a\n\n", []Event{{"message", "a", "7"}}},
		"an id with a NUL is none":         {"id: 1\n\nid: 2\x00\ndata: a\n\n", []Event{{"message", "a", "1"}}},
		"a BOM is passed over once":        {"\xef\xbb\xbfdata: a\n\n", []Event{{Name: "message", Data: "a"}}},
		"U+2028 and U+0085 end no line":    {"data: a\u2028b\u0085c\n\n", []Event{{Name: "message", Data: "a\u2028b\u0085c"}}},
		"what the end cuts off is dropped": {"data: a\n\ndata: b\n", []Event{{Name: "message", Data: "a"}}},
		"unknown fields are passed over":   {"foo: x\ndata: a\nDATA: b\n\n", []Event{{Name: "message", Data: "a"}}},
	} {
		r := NewReader(strings.NewReader(row.stream), "")
		var got []Event
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	r := NewReader(strings.NewReader("retry: 1500\nretry: soon\n: hello\n\ndata: x\n\n"), "before")
	e, err := r.Next()
	if err != nil || r.Retry() != 1500*time.Millisecond || r.Comments() != 1 || e.ID != "before" || r.LastID() != "before" {
		t.Errorf("%+v %v, retry %v, %d comments, last %q", e, err, r.Retry(), r.Comments(), r.LastID())
	}
}
