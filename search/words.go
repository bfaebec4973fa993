package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds on what is made of one text.
const (
	maxWords = 10_000 // what a text has beyond them is not found
	maxWord  = 64     // bytes of a word as it is indexed: what is longer is cut
)

// word is a part of a text that can be looked for: a run of letters and digits,
// folded; of scripts without spaces two neighbours; or a symbol. The words of a
// text are numbered from 0 without a hole, so that neighbours can be told.
type word struct {
	term     string
	from, to int  // bytes of the text
	first    int  // of a pair: the end of the first of the two
	kind     kind // how it came to be
}

type kind uint8

const (
	whole kind = iota // a run of letters and digits, or a symbol
	pair              // two neighbours in a script without spaces
	last              // the last of such a run, alone
)

// class is what a character means for where words begin and end.
type class uint8

const (
	apart    class = iota // spaces, punctuation
	spelling              // letters and digits of scripts that put spaces between words
	unspaced              // of those that do not
	mark                  // goes with the character before it
	symbol                // a word by itself: emoji, ©
)

// unspacedScripts are written without spaces between words, or, as Hangul,
// with endings grown onto them: any part of such a run can be looked for.
var unspacedScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		if isPlain(byte(r)) {
			return spelling
		}
		return apart
	case r == 'ー', r == 'ｰ', r == 'ﾞ', r == 'ﾟ': // of Katakana, though Unicode shares them out
		return unspaced
	case r == '\u00ad', r == '\u200c', r == '\u200d': // soft hyphen, joiners: invisible within words
		return mark
	case !unicode.In(r, unicode.L, unicode.M, unicode.N):
		if unicode.Is(unicode.So, r) && r != utf8.RuneError {
			return symbol
		}
		return apart
	case r >= 0x0e00 && unicode.In(r, unspacedScripts...):
		return unspaced
	case unicode.Is(unicode.M, r):
		return mark
	}
	return spelling
}

// isPlain reports whether c is an ASCII letter or digit.
func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// appendWords appends the words of text, at most so many that dst has maxWords.
func appendWords(dst []word, text string) []word {
	for i := 0; i < len(text) && len(dst) < maxWords; {
		if c := text[i]; c < utf8.RuneSelf && !isPlain(c) {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch classOf(r) {
		case spelling:
			end := endOf(text, i, spelling)
			if term := fold(text[i:end]); term != "" {
				dst = append(dst, word{term: term, from: i, to: end})
			}
			i = end
		case unspaced:
			end := endOf(text, i, unspaced)
			dst = appendPairs(dst, text[i:end], i)
			i = end
		case symbol:
			dst = append(dst, word{term: text[i : i+size], from: i, to: i + size})
			i += size
		default:
			i += size
		}
	}
	return dst[:min(len(dst), maxWords)]
}

// endOf is where the run of one class that begins at i ends; marks belong to it.
func endOf(text string, i int, of class) int {
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf {
			if of != spelling || !isPlain(c) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if c := classOf(r); c != of && c != mark {
			return i
		}
		i += size
	}
	return i
}

// appendPairs appends a run of a script without spaces: each two neighbours,
// then the last alone, so that one character is the beginning of some word
// wherever it stands. at is where the run begins in its text.
func appendPairs(dst []word, run string, at int) []word {
	type char struct {
		r        rune
		from, to int
	}
	chars := make([]char, 0, len(run)/3+1)
	var it norm.Iter
	it.InitString(norm.NFKC, run)
	for !it.Done() {
		from := at + it.Pos()
		segment := it.Next()
		to := at + it.Pos()
		for len(segment) > 0 {
			r, size := utf8.DecodeRune(segment)
			if segment = segment[size:]; unicode.In(r, unicode.L, unicode.M, unicode.N) {
				chars = append(chars, char{unicode.ToLower(r), from, to})
			}
		}
	}
	for i, c := range chars {
		if i+1 < len(chars) {
			next := chars[i+1]
			dst = append(dst, word{term: string([]rune{c.r, next.r}), from: c.from, first: c.to, to: next.to, kind: pair})
		} else {
			dst = append(dst, word{term: string(c.r), from: c.from, to: c.to, kind: last})
		}
	}
	return dst
}

// unmarked are the scripts whose marks are left out: with and without them is
// the same word to who looks for it. In others, as those of India, marks are
// vowels.
var unmarked = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic}

// strokes are letters that no decomposition takes a stroke or a tie from.
var strokes = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'ħ': "h", 'ı': "i", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ŧ': "t", 'ς': "σ",
}

// fold is one spelling for all that count as the same word: without case,
// diacritics, ligatures and width.
func fold(raw string) string {
	plain, lower := true, true
	for i := range len(raw) {
		plain = plain && raw[i] < utf8.RuneSelf
		lower = lower && (raw[i] < 'A' || raw[i] > 'Z')
	}
	switch {
	case plain && lower:
		return cut(raw)
	case plain:
		return cut(strings.ToLower(raw))
	}
	var b strings.Builder
	bare := false // marks on the character before are left out
	for _, r := range norm.NFKD.String(raw) {
		switch {
		case unicode.Is(unicode.M, r):
			if !bare {
				b.WriteRune(r)
			}
			continue
		case !unicode.In(r, unicode.L, unicode.N):
			continue
		}
		bare = r < utf8.RuneSelf || unicode.In(r, unmarked...)
		r = unicode.ToLower(r)
		if s, ok := strokes[r]; ok {
			b.WriteString(s)
		} else {
			b.WriteRune(r)
		}
	}
	return cut(norm.NFC.String(b.String()))
}

// cut bounds a word, at the beginning of a character.
func cut(term string) string {
	if len(term) <= maxWord {
		return term
	}
	end := maxWord
	for !utf8.RuneStart(term[end]) {
		end--
	}
	return term[:end]
}
