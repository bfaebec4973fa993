package terminal

import (
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// editor is the input: characters as people count them, and a place between
// two of them.
type editor struct {
	chars []string // grapheme clusters
	at    int
}

func (e *editor) text() string { return strings.Join(e.chars, "") }

func (e *editor) empty() bool { return len(e.chars) == 0 }

// set replaces all, and goes to the end.
func (e *editor) set(text string) {
	e.chars = clusters(plain(text))
	e.at = len(e.chars)
}

// insert puts text, which may have been pasted, at the place.
func (e *editor) insert(text string) {
	before := strings.Join(e.chars[:e.at], "") + plain(text)
	after := strings.Join(e.chars[e.at:], "")
	e.at = len(clusters(before))
	// The neighbours may become one character with what was put between them.
	e.chars = clusters(before + after)
	e.at = min(e.at, len(e.chars))
}

func clusters(text string) []string {
	var list []string
	for g := uniseg.NewGraphemes(text); g.Next(); {
		list = append(list, g.Str())
	}
	return list
}

// key does what a key means in a line; false if it means nothing here.
func (e *editor) key(name string) bool {
	switch name {
	case "left", "ctrl+b":
		e.at = max(0, e.at-1)
	case "right", "ctrl+f":
		e.at = min(len(e.chars), e.at+1)
	case "home", "ctrl+a":
		e.at = e.lineStart()
	case "end", "ctrl+e":
		e.at = e.lineEnd()
	case "ctrl+left", "alt+left", "alt+b":
		e.at = e.wordLeft()
	case "ctrl+right", "alt+right", "alt+f":
		e.at = e.wordRight()
	case "backspace", "ctrl+h":
		e.cut(max(0, e.at-1), e.at)
	case "delete":
		e.cut(e.at, min(len(e.chars), e.at+1))
	case "ctrl+w", "alt+backspace":
		e.cut(e.wordLeft(), e.at)
	case "alt+d":
		e.cut(e.at, e.wordRight())
	case "ctrl+u":
		e.cut(e.lineStart(), e.at)
	case "ctrl+k":
		e.cut(e.at, e.lineEnd())
	case "alt+enter", "shift+enter", "ctrl+j":
		e.insert("\n")
	default:
		return false
	}
	return true
}

func (e *editor) cut(from, to int) {
	e.chars = slices.Delete(e.chars, from, to)
	e.at = from
}

func (e *editor) lineStart() int {
	i := e.at
	for i > 0 && e.chars[i-1] != "\n" {
		i--
	}
	return i
}

func (e *editor) lineEnd() int {
	i := e.at
	for i < len(e.chars) && e.chars[i] != "\n" {
		i++
	}
	return i
}

func blank(char string) bool { return strings.TrimFunc(char, unicode.IsSpace) == "" }

func (e *editor) wordLeft() int {
	i := e.at
	for i > 0 && blank(e.chars[i-1]) {
		i--
	}
	for i > 0 && !blank(e.chars[i-1]) {
		i--
	}
	return i
}

func (e *editor) wordRight() int {
	i := e.at
	for i < len(e.chars) && blank(e.chars[i]) {
		i++
	}
	for i < len(e.chars) && !blank(e.chars[i]) {
		i++
	}
	return i
}

// rows are the lines of n cells that the text takes, and where the place is
// among them.
func (e *editor) rows(n int, c cells) (rows []string, row, column int) {
	line, used := "", 0
	for i, char := range e.chars {
		wide := c.width(char)
		if char != "\n" && used+wide > n {
			rows, line, used = append(rows, line), "", 0
		}
		if i == e.at {
			row, column = len(rows), used
		}
		if char == "\n" {
			rows, line, used = append(rows, line), "", 0
			continue
		}
		line, used = line+char, used+wide
	}
	if e.at == len(e.chars) {
		if used >= n {
			rows, line, used = append(rows, line), "", 0
		}
		row, column = len(rows), used
	}
	return append(rows, line), row, column
}
