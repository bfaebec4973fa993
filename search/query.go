package search

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
)

// Bounds on a query.
const (
	MaxQuery    = 512 // bytes
	maxParts    = 32  // words that are looked for
	maxSenders  = 20
	maxChannels = 50
)

// query is what a message must be to be found: all of it.
type query struct {
	phrases []phrase
	senders []string // one of them; none: anybody
	in      []string // one of them; none: anywhere
	file    bool     // it has one
	link    bool
	from    time.Time // not before; zero: no bound
	until   time.Time // before; zero: no bound
}

// phrase are words that stand in a text one after the other.
type phrase []part

// part is a word of a phrase.
type part struct {
	term   string
	prefix bool // the word begins so
	at     int  // its place in the phrase, from 0
}

// takes reports whether w is the word that the part stands for.
func (p part) takes(w *word) bool {
	if p.prefix {
		return strings.HasPrefix(w.term, p.term)
	}
	return w.term == p.term
}

// parse reads a query: words, "quoted phrases", and operators. The last word
// may be the beginning of one, unless a space or a quote follows it.
func parse(text string) (*query, error) {
	switch {
	case len(text) > MaxQuery:
		return nil, chat.E(chat.CodeInvalid, "the query is over %d bytes", MaxQuery)
	case !utf8.ValidString(text):
		return nil, chat.E(chat.CodeInvalid, "the query is not UTF-8")
	}
	q := &query{}
	for rest := strings.TrimLeft(text, spaces); rest != ""; rest = strings.TrimLeft(rest, spaces) {
		name, value := operator(rest)
		if name == "" {
			value = rest
		}
		chunk, after, open := next(value)
		rest = after
		var err error
		if name == "" {
			err = q.look(chunk, open && after == "")
		} else {
			err = q.restrict(name, chunk)
		}
		if err != nil {
			return nil, err
		}
	}
	if q.empty() {
		return nil, chat.E(chat.CodeInvalid, "the query names nothing to look for")
	}
	return q, nil
}

const (
	spaces = " \t\r\n\u00a0\u3000"
	quotes = `"“”„`
)

// operator is the name of the operator that text begins with, and what follows
// its colon; "" if it begins with none.
func operator(text string) (name, value string) {
	for _, name := range []string{"from", "in", "has", "before", "after"} {
		if len(text) > len(name) && text[len(name)] == ':' && strings.EqualFold(text[:len(name)], name) {
			return name, text[len(name)+1:]
		}
	}
	return "", ""
}

// next cuts the first word or quoted phrase off. It is open if nothing says
// where it ends.
func next(text string) (chunk, rest string, open bool) {
	if r, size := utf8.DecodeRuneInString(text); size > 0 && strings.ContainsRune(quotes, r) {
		text = text[size:]
		end := strings.IndexAny(text, quotes)
		if end < 0 {
			return text, "", true
		}
		_, size = utf8.DecodeRuneInString(text[end:])
		return text[:end], text[end+size:], false
	}
	end := strings.IndexAny(text, spaces)
	if end < 0 {
		return text, "", true
	}
	return text[:end], text[end:], false
}

// look adds the words of chunk, which must stand side by side. An open one may
// go on.
func (q *query) look(chunk string, open bool) error {
	var p phrase
	words := appendWords(nil, chunk)
	for i := range words {
		w := &words[i]
		if w.kind == last && i > 0 && words[i-1].kind == pair {
			continue // the pair before has it
		}
		p = append(p, part{term: w.term, prefix: w.kind == last || open && w.kind == whole && i == len(words)-1, at: i})
	}
	if len(p) == 0 {
		return nil
	}
	q.phrases = append(q.phrases, p)
	n := 0
	for _, p := range q.phrases {
		n += len(p)
	}
	if n > maxParts {
		return chat.E(chat.CodeInvalid, "at most %d words are looked for", maxParts)
	}
	return nil
}

// restrict takes an operator.
func (q *query) restrict(name, value string) (err error) {
	switch name {
	case "from":
		if q.senders = append(q.senders, value); len(q.senders) > maxSenders {
			return chat.E(chat.CodeInvalid, "at most %d senders", maxSenders)
		}
		return chat.CheckUserID(value)
	case "in":
		q.in = append(q.in, value)
		return checkChannels(q.in)
	case "has":
		switch value {
		case "file":
			q.file = true
		case "link":
			q.link = true
		default:
			return chat.E(chat.CodeInvalid, "has: takes file or link")
		}
		return nil
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.Year() < 1970 {
		return chat.E(chat.CodeInvalid, "%s: takes a day, such as 2026-01-31", name)
	}
	if name == "before" {
		if q.until.IsZero() || day.Before(q.until) {
			q.until = day
		}
	} else if day = day.AddDate(0, 0, 1); day.After(q.from) {
		q.from = day
	}
	return nil
}

// checkChannels refuses names that no channel can have, and too many.
func checkChannels(names []string) error {
	if len(names) > maxChannels {
		return chat.E(chat.CodeInvalid, "at most %d channels", maxChannels)
	}
	for _, name := range names {
		if err := chat.CheckChannelName(name); err != nil {
			return err
		}
	}
	return nil
}

func (q *query) empty() bool {
	return len(q.phrases) == 0 && len(q.senders) == 0 && len(q.in) == 0 && !q.file && !q.link && q.from.IsZero() && q.until.IsZero()
}
