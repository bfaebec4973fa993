package terminal

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// style is how a run of text is set apart. Each but the senders' is also an
// attribute that is there without colours.
type style string

const (
	ordinary style = ""
	faint    style = "2"
	strong   style = "1"
	bar      style = "7"    // reverse: a heading
	marked   style = "1;7"  // what is for this user
	warning  style = "1;33" // what went wrong; the text says so too
	link     style = "4"    // a command in the help
	quoted   style = "3;2"  // a text that another answers
	pickedBy style = "1;35" // the mark at a picked message
	typed    style = "3"    // who types
	counted  style = "1;36" // unread messages
)

// hues are colours of the 256 that can be read on black and on white.
var hues = [...]int{25, 28, 31, 61, 64, 91, 94, 97, 125, 127, 130, 133, 161, 166, 168, 172}

// of is the style of a user's name: the same wherever it is shown.
func of(user string) style {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return style(fmt.Sprintf("1;38;5;%d", hues[h.Sum32()%uint32(len(hues))]))
}

// put is text, made plain and on one line, in a style. It is the one way by
// which text gets onto the screen.
func (s style) put(text string) string {
	text = oneLine(text)
	if s == ordinary || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// cells is how a terminal counts the cells that characters take: by code
// points, as most do, or by what people take for one character, as those do
// that say so. The zero value counts as most do.
type cells ansi.Method

// width is how many cells a line takes.
func (c cells) width(line string) int { return ansi.Method(c).StringWidth(line) }

// fit is line in exactly n cells.
func (c cells) fit(line string, n int) string {
	if n <= 0 {
		return ""
	}
	line = c.cut(line, n)
	return line + strings.Repeat(" ", max(0, n-c.width(line)))
}

// cut is line in at most n cells. What a character takes may depend on the one
// before it, so that what was cut is measured again.
func (c cells) cut(line string, n int) string {
	for most := n; c.width(line) > n && most >= 0; most-- {
		line = ansi.Method(c).Truncate(line, most, "…")
	}
	return line
}

// short is text in at most n cells, on one line and plain.
func (c cells) short(text string, n int) string {
	return c.cut(oneLine(text), max(0, n))
}

// wrap breaks text, made plain, into lines of at most n cells: between words,
// or inside of one that is longer than a line.
func (c cells) wrap(text string, n int) []string {
	return strings.Split(ansi.Method(c).Wrap(plain(text), max(1, n), " "), "\n")
}
