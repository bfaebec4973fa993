package search

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
)

// A query is anything, and is read or refused.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`a "b c" from:ada`, `"`, `in:"my room" x`, "before:2026-01-31 東京", "has:file has:link", "from:", "“a” „b", "\xff", "café don't", "ﷺ½"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := parse(s)
		if err != nil {
			if chat.CodeOf(err) != chat.CodeInvalid {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		n := 0
		for _, p := range q.phrases {
			n += len(p)
			for i, part := range p {
				if part.term == "" || !utf8.ValidString(part.term) || slices.Contains([]byte(part.term), 0) || i > 0 && part.at <= p[i-1].at {
					t.Fatalf("%q has the part %+v", s, part)
				}
			}
		}
		if n > maxParts || len(q.in) > maxChannels || len(q.senders) > maxSenders {
			t.Fatalf("%q: %+v", s, q)
		}
	})
}

// Every text has words that lie in it in order, and is found by itself.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"The Café", "ｶﾞﾗｽの靴", "東京都 abc", "👍🏽x", "a\u0301\u00adb\u200dc", "\xffa", "각", "สวัสดี", "İıß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words := appendWords(nil, s)
		for i, w := range words {
			if w.term == "" || len(w.term) > maxWord+utf8.UTFMax || !utf8.ValidString(w.term) || slices.Contains([]byte(w.term), 0) {
				t.Fatalf("%q has the word %q", s, w.term)
			}
			if w.from < 0 || w.to > len(s) || w.from >= w.to || i > 0 && w.from < words[i-1].from {
				t.Fatalf("%q: %+v", s, words)
			}
			if w.kind == pair && (w.first < w.from || w.first > w.to) {
				t.Fatalf("%q: %+v", s, w)
			}
		}
		q := &query{}
		if q.look(s, false) != nil || len(q.phrases) == 0 {
			return
		}
		places, ok := q.match(&content{text: words})
		if !ok {
			t.Fatalf("%q is not found by itself", s)
		}
		if utf8.ValidString(s) {
			inUTF16(s, places)
		}
	})
}

// Documents sort the newest first, and name what they are made of.
func FuzzCursor(f *testing.F) {
	f.Add("AAAA")
	f.Add("AAQQQ\n3yA6A3yAAAA\n2yAQ")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseCursor(s)
		if err == nil && d.cursor() != s {
			t.Fatalf("%q is read as %q", s, d.cursor())
		}
	})
}
