package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"time"
	"unicode"
)

// screen writes lines, with colours and a prompt where they can be seen.
// Everything that others wrote passes through plain: a terminal obeys what is
// printed on it.
type screen struct {
	out      io.Writer // the conversation
	side     io.Writer // what is about the connection
	terminal bool      // out is one
	colours  bool
	prompted bool // the prompt stands on the last line
}

func newScreen(p *process) *screen {
	terminal := isTerminal(p.stdout) && p.getenv("TERM") != "dumb"
	return &screen{
		out: p.stdout, side: p.stderr, terminal: terminal,
		colours: terminal && p.getenv("NO_COLOR") == "",
	}
}

// senders are colours of the 256 that can be read on black and on white.
var senders = [...]int{25, 28, 31, 61, 64, 91, 94, 97, 125, 127, 130, 133, 161, 166, 168, 172}

func (s *screen) message(at time.Time, user, name, text string, mine bool) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	style := fmt.Sprintf("1;38;5;%d", senders[h.Sum32()%uint32(len(senders))])
	mark := ""
	if mine {
		mark = s.paint("2", " ✓")
	}
	clock := at.Local().Format("15:04")
	lines := strings.Split(plain(text), "\n")
	s.line(s.out, s.paint("2", clock)+" "+s.paint(style, oneLine(name))+"  "+strings.Join(lines, "\n       ")+mark)
}

// waiting marks a line that has no ack yet: it is shown as a message, with a
// ✓, when it has one.
func (s *screen) waiting(text string) {
	s.line(s.side, s.paint("2", "  …    on its way: "+oneLine(text)))
}

func (s *screen) note(format string, args ...any) {
	s.line(s.out, s.paint("2", indent(plain(fmt.Sprintf(format, args...)))))
}

func (s *screen) status(format string, args ...any) {
	s.line(s.side, s.paint("36", "* "+oneLine(fmt.Sprintf(format, args...))))
}

func (s *screen) alert(format string, args ...any) {
	s.line(s.side, s.paint("33", "! "+oneLine(fmt.Sprintf(format, args...))))
}

func indent(text string) string { return "       " + strings.ReplaceAll(text, "\n", "\n       ") }

// line writes a line above the prompt.
func (s *screen) line(w io.Writer, text string) {
	if s.prompted {
		text = "\r\x1b[K" + text
		s.prompted = false
	}
	_, _ = io.WriteString(w, text+"\n")
}

// entered takes away the line that the user has just typed: it comes back as a
// message.
func (s *screen) entered() {
	if s.terminal {
		_, _ = io.WriteString(s.out, "\x1b[1A\r\x1b[K")
	}
	s.prompted = false
}

func (s *screen) prompt() {
	if s.terminal && !s.prompted {
		_, _ = io.WriteString(s.out, "> ")
		s.prompted = true
	}
}

func (s *screen) paint(style, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// plain is text without what a terminal would obey: escape sequences, other
// control characters, and marks that turn the direction of what follows.
// Lines and tabs stay.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		case r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069', r == '\u200E', r == '\u200F', r == '\u061C',
			r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n"))
}

// oneLine is plain, on one line.
func oneLine(text string) string { return strings.ReplaceAll(plain(text), "\n", " ") }
