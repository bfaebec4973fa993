package terminal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	gutter    = 1  // the mark of what is picked
	clockWide = 6  // "15:04 "
	nameWide  = 20 // the most of a name before a message
	quoteWide = 40 // the most of a text that is quoted
)

// drawing is an entry as lines, kept while nothing that they show has changed.
type drawing struct {
	lines  []string
	wide   int
	cells  cells
	picked bool
	tail   string // the tick with its words
	before *entry
	fresh  bool
}

// draw is the entry all[i] as lines of n cells, with what stands before it: the
// day, if it is the day's first, and where what is new begins.
func (r *room) draw(all []*entry, i, n int, newest *entry) []string {
	e := all[i]
	var before *entry
	if i > 0 {
		before = all[i-1]
	}
	d := drawing{wide: n, cells: r.cells, picked: e == r.picked, before: before}
	d.fresh = r.fresh > 0 && e.seq > r.fresh && (before == nil || before.seq <= r.fresh)
	if e.sender == r.me && !e.deleted {
		sign, words := r.tick(e)
		d.tail = " " + sign
		if e == newest || e.fate != stored {
			d.tail += " " + words
		}
	}
	was := e.drawn
	if was.lines != nil && was.wide == d.wide && was.cells == d.cells && was.picked == d.picked && was.tail == d.tail && was.before == d.before && was.fresh == d.fresh {
		return was.lines
	}
	if before == nil && !r.older || before != nil && !sameDay(before.at, e.at) {
		d.lines = append(d.lines, r.rule(e.at.Local().Format("Monday, 2 January 2006"), n))
	}
	if d.fresh {
		d.lines = append(d.lines, r.rule("new", n))
	}
	d.lines = append(d.lines, r.message(e, d)...)
	e.drawn = d
	return d.lines
}

func sameDay(a, b time.Time) bool {
	a, b = a.Local(), b.Local()
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

// rule is a line with words in it.
func (r *room) rule(words string, n int) string {
	words = " ── " + words + " "
	return faint.put(words + strings.Repeat("─", max(0, n-r.cells.width(words))))
}

// message is the entry itself: a column for the mark of what is picked, the
// time, and beside it whatever there is to show.
func (r *room) message(e *entry, d drawing) []string {
	n := d.wide - gutter - clockWide
	name := r.cells.short(r.sender(e), min(nameWide, n-2))
	mark := strings.Repeat(" ", gutter)
	if d.picked {
		mark = pickedBy.put("▌")
	}
	margin := mark + strings.Repeat(" ", clockWide)
	clock := mark + r.cells.fit(faint.put(e.at.Local().Format("15:04")), clockWide)
	var lines []string
	head := of(e.sender).put(name) + "  "
	if e.parent != "" {
		lines = append(lines, clock+head+quoted.put(r.cells.short("↳ "+r.quote(e.parent), max(1, min(quoteWide, n-r.cells.width(name)-2)))))
		clock, head, name = margin, "", ""
	}
	style := ordinary
	text := e.text
	switch {
	case e.deleted:
		text, style = "(deleted)", faint
	case slices.Contains(e.mentions, r.me):
		style = strong
	}
	indent := 0
	if name != "" {
		indent = r.cells.width(name) + 2
	}
	for i, line := range r.body(text, n, indent) {
		if i == 0 {
			lines = append(lines, clock+head+style.put(line))
		} else {
			lines = append(lines, margin+style.put(line))
		}
	}
	note := d.tail
	if e.edited && !e.deleted {
		note = " (edited)" + note
	}
	lines = r.attach(lines, note, e.fate == failed, d.wide, margin)
	if hung := r.hung(e); hung != "" {
		for _, line := range r.cells.wrap(hung, n) {
			lines = append(lines, margin+faint.put(line))
		}
	}
	return lines
}

// body is text in lines of n cells, the first of them indent shorter.
func (r *room) body(text string, n, indent int) []string {
	if indent == 0 {
		return r.cells.wrap(text, n)
	}
	// What stands for the name is one word that no line can break.
	lines := r.cells.wrap(strings.Repeat("x", indent-1)+"\u00a0"+text, n)
	lines[0] = strings.TrimPrefix(strings.TrimPrefix(lines[0], strings.Repeat("x", indent-1)), "\u00a0")
	return lines
}

// attach puts a note behind the last line, or below it if there is no room.
func (r *room) attach(lines []string, note string, bad bool, wide int, margin string) []string {
	if note == "" {
		return lines
	}
	style := faint
	if bad {
		style = warning
	}
	last := len(lines) - 1
	if r.cells.width(lines[last])+r.cells.width(note) <= wide {
		lines[last] += style.put(note)
		return lines
	}
	for _, line := range r.cells.wrap(strings.TrimSpace(note), wide-gutter-clockWide) {
		lines = append(lines, margin+style.put(line))
	}
	return lines
}

// hung is what others have hung on a message, on one line.
func (r *room) hung(e *entry) string {
	var parts []string
	if e.pinned {
		parts = append(parts, "pinned")
	}
	for _, re := range e.reactions {
		part := re.name + " " + strconv.Itoa(re.count)
		if re.mine {
			part += " (you)"
		}
		parts = append(parts, part)
	}
	if e.replies > 0 {
		parts = append(parts, "↳ "+strconv.Itoa(e.replies)+map[bool]string{true: " reply", false: " replies"}[e.replies == 1])
	}
	return strings.Join(parts, " · ")
}

// quote is the beginning of the message id.
func (r *room) quote(id string) string {
	e := r.byID[id]
	switch {
	case e == nil:
		return "an earlier message"
	case e.deleted:
		return r.sender(e) + ": (deleted)"
	}
	return r.sender(e) + ": " + oneLine(e.text)
}

// sender is what the sender of e is called.
func (r *room) sender(e *entry) string {
	if e.name != "" {
		return e.name
	}
	return r.user(e.sender)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
