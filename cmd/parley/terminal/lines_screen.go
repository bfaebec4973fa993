package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// paper writes lines, with colours and a prompt where they can be seen.
// Everything that others wrote passes through plain: a terminal obeys what is
// printed on it.
type paper struct {
	out      io.Writer // the conversation
	side     io.Writer // what is about the connection
	terminal bool      // out is one
	colours  bool
	prompted bool  // the prompt stands on the last line
	err      error // why the conversation could not be written
}

func newPaper(o Options) *paper {
	terminal := isTerminal(o.Stdout) && o.getenv("TERM") != "dumb"
	return &paper{
		out: o.Stdout, side: o.Stderr, terminal: terminal,
		colours: terminal && o.getenv("NO_COLOR") == "",
	}
}

func (s *paper) message(at time.Time, user, name, text string, mine bool) {
	mark := ""
	if mine {
		mark = s.paint("2", " ✓")
	}
	clock := at.Local().Format("15:04")
	lines := strings.Split(plain(text), "\n")
	s.line(s.out, s.paint("2", clock)+" "+s.paint(string(of(user)), oneLine(name))+"  "+strings.Join(lines, "\n       ")+mark)
}

// waiting marks a line that has no ack yet: it is shown as a message, with a
// ✓, when it has one.
func (s *paper) waiting(text string) {
	s.line(s.side, s.paint("2", "  …    on its way: "+oneLine(text)))
}

func (s *paper) note(format string, args ...any) {
	s.line(s.out, s.paint("2", indent(plain(fmt.Sprintf(format, args...)))))
}

func (s *paper) status(format string, args ...any) {
	s.line(s.side, s.paint("36", "* "+oneLine(fmt.Sprintf(format, args...))))
}

func (s *paper) alert(format string, args ...any) {
	s.line(s.side, s.paint("33", "! "+oneLine(fmt.Sprintf(format, args...))))
}

func indent(text string) string { return "       " + strings.ReplaceAll(text, "\n", "\n       ") }

// line writes a line above the prompt.
func (s *paper) line(w io.Writer, text string) {
	if s.prompted {
		text = "\r\x1b[K" + text
		s.prompted = false
	}
	if _, err := io.WriteString(w, text+"\n"); err != nil && s.err == nil {
		s.err = fmt.Errorf("write: %w", err)
	}
}

// entered takes away the line that the user has just typed: it comes back as a
// message.
func (s *paper) entered() {
	if s.terminal {
		_, _ = io.WriteString(s.out, "\x1b[1A\r\x1b[K")
	}
	s.prompted = false
}

func (s *paper) prompt() {
	if s.terminal && !s.prompted {
		_, _ = io.WriteString(s.out, "> ")
		s.prompted = true
	}
}

func (s *paper) paint(style, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
