package search

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
)

// maxHighlights bounds how many places of one text are told.
const maxHighlights = 100

// Range is a part of a text, in UTF-16 code units, as JavaScript counts; To is
// behind its end.
type Range struct{ From, To int }

// content is what of a message can be found.
type content struct {
	text  []word   // of the text that its readers see
	names [][]word // of each file
	file  bool
	link  bool
}

// contentOf reads a body of which text is what its readers see.
func contentOf(body []byte, text string) *content {
	c := new(content)
	c.read(body, text)
	return c
}

// read has c be the content of a body of which text is what its readers see, in
// the memory of what c was before.
func (c *content) read(body []byte, text string) {
	c.text = slices.Grow(c.text[:0], min(len(text)/5, maxWords))
	c.text = appendWords(c.text, withoutPaths(text))
	c.names = c.names[:0]
	for _, name := range fileNames(body) {
		c.names = append(c.names, appendWords(nil, name))
	}
	c.file = len(chat.FilesIn(body)) > 0
	c.link = strings.Contains(text, "https://") || strings.Contains(text, "http://")
}

// withoutPaths blanks out the paths of files: nobody looks for what they
// consist of.
func withoutPaths(text string) string {
	if !strings.Contains(text, chat.FilePrefix) {
		return text
	}
	for _, id := range chat.FilesIn([]byte(text)) {
		path := chat.FilePrefix + id
		text = strings.ReplaceAll(text, path, strings.Repeat(" ", len(path)))
	}
	return text
}

// maxNames bounds how many names of files one body has.
const maxNames = 50

// fileNames are the strings called fileName in a JSON value, however deep.
func fileNames(body []byte) (names []string) {
	if !bytes.Contains(body, []byte(`"fileName"`)) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	var inObject []bool // of what is open
	key, named := true, false
	for len(names) < maxNames {
		token, err := d.Token()
		if err != nil { // the end: a body was valid when it was accepted
			return names
		}
		object := len(inObject) > 0 && inObject[len(inObject)-1]
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				inObject, key, named = append(inObject, t == '{'), true, false
				continue
			}
			inObject = inObject[:len(inObject)-1]
		case string:
			if object && key {
				key, named = false, t == "fileName"
				continue
			}
			if object && named {
				names = append(names, t)
			}
		}
		key, named = true, false
	}
	return names
}

// match reports whether the query finds c, and where in its text.
func (q *query) match(c *content) (places []Range, ok bool) {
	if q.file && !c.file || q.link && !c.link {
		return nil, false
	}
	for _, p := range q.phrases {
		found := false
		p.each(c.text, func(first, end int) bool {
			found = true
			places = append(places, Range{c.text[first].from, p[len(p)-1].end(&c.text[end])})
			return len(places) < maxHighlights
		})
		for i := 0; !found && i < len(c.names); i++ {
			p.each(c.names[i], func(int, int) bool { found = true; return false })
		}
		if !found {
			return nil, false
		}
	}
	return places, true
}

// end is where the part of a text ends that p stands for, of which w is the
// last word.
func (p part) end(w *word) int {
	if p.prefix && w.kind == pair {
		return w.first
	}
	return w.to
}

// each visits the places at which the phrase stands among words, by its first
// and its last word, until visit says false.
func (p phrase) each(words []word, visit func(first, last int) bool) {
	span := p[len(p)-1].at
	for i := 0; i+span < len(words); i++ {
		if !slices.ContainsFunc(p, func(part part) bool { return !part.takes(&words[i+part.at]) }) && !visit(i, i+span) {
			return
		}
	}
}

// inUTF16 makes ranges of bytes, which may overlap, ranges of code units that
// do not, in order.
func inUTF16(text string, places []Range) []Range {
	slices.SortFunc(places, func(a, b Range) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	var joined []Range
	for _, p := range places {
		if n := len(joined); n > 0 && p.From <= joined[n-1].To {
			joined[n-1].To = max(joined[n-1].To, p.To)
			continue
		}
		joined = append(joined, p)
	}
	at, units := 0, 0
	count := func(to int) int {
		for at < to {
			r, size := utf8.DecodeRuneInString(text[at:])
			if at, units = at+size, units+1; r > 0xffff {
				units++
			}
		}
		return units
	}
	for i := range joined {
		joined[i].From = count(joined[i].From)
		joined[i].To = count(joined[i].To)
	}
	return joined
}
