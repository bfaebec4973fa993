package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/parley-chat/parley/client"
)

const (
	leastWide  = 40 // cells that the screen needs; less is told so
	leastHigh  = 8
	narrow     = 60 // with fewer cells there is no list of channels
	mostTyped  = 5  // rows of input in sight
	listWide   = 16 // cells of the list, at least
	listWidest = 26
)

// sizes are where the parts of the screen end.
type sizes struct {
	list int // cells of the list of channels; 0: there is none
	pane int // cells of the messages
	rows int // of the messages
}

func (a *app) sizes() sizes {
	s := sizes{pane: a.width}
	if a.width >= narrow {
		s.list = min(listWidest, max(listWide, a.width/5))
		s.pane = a.width - s.list - 1
	}
	rows, _, _ := a.inputRows()
	s.rows = max(1, a.height-3-len(rows))
	return s
}

func (a *app) paneSize() (n, rows int) {
	s := a.sizes()
	return s.pane, s.rows
}

// View implements tea.Model.
func (a *app) View() tea.View {
	var v tea.View
	v.AltScreen, v.ReportFocus = true, true
	v.WindowTitle = a.title()
	if a.width < leastWide || a.height < leastHigh {
		v.SetContent(a.cells.fit(oneLine("the window is too small"), a.width))
		return v
	}
	s := a.sizes()
	lines := append([]string{a.header(s)}, a.middle(s)...)
	lines = append(lines, a.typists(s))
	rows, row, column := a.inputRows()
	prompt, _ := a.prompt()
	for i, line := range rows {
		if i > 0 {
			prompt = ""
		}
		lines = append(lines, a.cells.fit(strong.put(prompt), a.promptWide())+ordinary.put(line))
	}
	lines = append(lines, a.foot())
	v.SetContent(strings.Join(lines, "\n"))
	v.Cursor = tea.NewCursor(a.promptWide()+column, 1+s.rows+1+row)
	return v
}

// header names the open channel, and says who is there.
func (a *app) header(s sizes) string {
	r := a.open
	left := " " + r.heading()
	if r.title != "" {
		left += " – " + r.title
	}
	right := ""
	if n := len(r.people); n > 0 {
		right = fmt.Sprintf("%d here ", n)
	}
	left = a.cells.short(left, a.width-a.cells.width(right)-1)
	return bar.put(a.cells.fit(left, a.width-a.cells.width(right)) + right)
}

// middle is the list of channels, and the messages or what is shown instead.
func (a *app) middle(s sizes) []string {
	var pane []string
	switch {
	case a.sheet != nil:
		pane = a.scrolled(a.sheet(a.cells, s.pane), s)
	default:
		pane = a.messages(s)
	}
	if len(pane) > s.rows {
		pane = pane[:s.rows]
	}
	list := a.listing(s)
	lines := make([]string, s.rows)
	for i := range lines {
		line := ""
		if i < len(pane) {
			line = a.cells.cut(pane[i], s.pane)
		}
		if s.list > 0 {
			line = a.cells.fit(list[i], s.list) + faint.put("│") + line
		}
		lines[i] = line
	}
	return lines
}

// scrolled is the part of a sheet that is in sight.
func (a *app) scrolled(lines []string, s sizes) []string {
	if len(lines) <= s.rows {
		a.sheetAt = 0
		return lines
	}
	a.sheetAt = max(0, min(a.sheetAt, len(lines)-s.rows+1))
	lines = lines[a.sheetAt:min(len(lines), a.sheetAt+s.rows-1)]
	return append(slices.Clone(lines), faint.put(" PgUp, PgDn: more"))
}

// messages are the open room's, from the foot of the pane up.
func (a *app) messages(s sizes) []string {
	r := a.open
	lines, top := r.pane(s.pane, s.rows)
	switch {
	case r.fault != nil:
		return append(a.wrapIn(warning, r.heading()+" cannot be shown: "+reason(r.fault), s.pane), lines...)
	case !r.loaded && len(lines) == 0 && a.status.State != client.Connected:
		return a.wrapIn(faint, "waiting for a connection to "+a.o.URL+"…", s.pane)
	case !r.loaded && len(lines) == 0:
		return []string{faint.put(" reading…")}
	case top && r.loading:
		lines = above(faint.put(" reading what was before…"), lines, s.rows)
	case top && r.loaded && !r.older:
		lines = above(faint.put(a.cells.short(" This is the beginning of "+r.heading()+".", s.pane)), lines, s.rows)
	}
	if pad := s.rows - len(lines); pad > 0 {
		lines = append(make([]string, pad), lines...)
	}
	return lines
}

// above puts a line before the others, if there is room.
func above(line string, lines []string, rows int) []string {
	if len(lines) >= rows {
		return lines
	}
	return append([]string{line}, lines...)
}

func (a *app) wrapIn(s style, text string, n int) []string {
	var lines []string
	for _, line := range a.cells.wrap(text, n-gutter) {
		lines = append(lines, s.put(" "+line))
	}
	return lines
}

// listing is the column on the left: channels, then people.
func (a *app) listing(s sizes) []string {
	if s.list == 0 {
		return nil
	}
	var lines, people []string
	lines = append(lines, faint.put("Channels"))
	at := 0
	for i, name := range a.list {
		r := a.rooms[name]
		if i > 0 && r.peer() != "" && a.rooms[a.list[i-1]].peer() == "" {
			lines = append(lines, "", faint.put("Direct"))
		} else if i == 0 && r.peer() != "" {
			lines[0] = faint.put("Direct")
		}
		if r == a.open {
			at = len(lines)
		}
		lines = append(lines, a.listLine(r, s.list-1))
	}
	if here := a.open.here(); len(here) > 0 {
		people = append(people, "", faint.put("Here with you"))
		for _, name := range here {
			people = append(people, ordinary.put(a.cells.short(" "+name, s.list-1)))
		}
	}
	if room := max(s.rows-len(lines), min(len(people), s.rows/3)); len(people) > room {
		people = people[:room]
		if room > 2 {
			people[room-1] = faint.put(fmt.Sprintf("  … and %d more", len(a.open.here())-room+3))
		}
	}
	if room := s.rows - len(people); len(lines) > room {
		first := min(max(0, at-room/2), len(lines)-room)
		lines = lines[first : first+room]
	}
	lines = append(lines, people...)
	return append(lines, make([]string, s.rows-len(lines))...)
}

// listLine is a channel in the list, in n cells.
func (a *app) listLine(r *room, n int) string {
	count := ""
	if r.mentions > 0 {
		count = "@" + upTo99(r.mentions) + " "
	}
	if r.unread > 0 {
		count += upTo99(r.unread)
	}
	count = strings.TrimSpace(count)
	mark, style := "  ", ordinary
	if r == a.open {
		mark, style = "▸ ", strong
	} else if r.unread > 0 {
		style = strong
	}
	name := a.cells.fit(a.cells.short(mark+r.label(), n-a.cells.width(count)-1), n-a.cells.width(count))
	return style.put(name) + counted.put(count)
}

func upTo99(n int) string {
	if n > 99 {
		return "99+"
	}
	return strconv.Itoa(n)
}

// typists is the line above the input: who types, and whether there is more below.
func (a *app) typists(sizes) string {
	r := a.open
	words := ""
	if !r.follows() {
		words = " ↓ more below (Esc)"
	}
	if who := r.typists(); who != "" {
		words += " " + who
	}
	if words == "" {
		return faint.put(strings.Repeat("─", a.width))
	}
	words = "──" + a.cells.short(words, a.width-3) + " "
	return typed.put(words) + faint.put(strings.Repeat("─", max(0, a.width-a.cells.width(words))))
}

// typists says who types, or is "".
func (r *room) typists() string {
	var names []string
	for id := range r.typing {
		names = append(names, oneLine(r.user(id)))
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0] + " is typing…"
	case 2, 3:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are typing…"
	}
	return fmt.Sprintf("%d people are typing…", len(names))
}

// prompt is what stands before the input, and says what Enter will do.
func (a *app) prompt() (text string, mode bool) {
	r := a.open
	switch {
	case r.edit != nil:
		return "edit> ", true
	case r.reply != nil:
		return a.cells.short("↳ "+r.sender(r.reply), a.width/3) + "> ", true
	}
	return "> ", false
}

func (a *app) promptWide() int {
	text, _ := a.prompt()
	return a.cells.width(text)
}

// inputRows are the rows of input in sight, and where the cursor is.
func (a *app) inputRows() (rows []string, row, column int) {
	rows, row, column = a.open.input.rows(max(1, a.width-a.promptWide()-1), a.cells)
	most := max(1, min(mostTyped, a.height-6))
	if len(rows) > most {
		first := min(max(0, row-most+1), len(rows)-most)
		rows, row = rows[first:first+most], row-first
	}
	return rows, row, column
}

// foot is the last line: a question, an answer, or how the connection stands.
func (a *app) foot() string {
	n := a.width - 1
	switch {
	case a.sure != nil:
		return strong.put(" " + a.cells.short(a.sure.text, n))
	case a.notice.bad:
		return warning.put(a.cells.short("! "+a.notice.text, n))
	case a.notice.text != "":
		return ordinary.put(" " + a.cells.short(a.notice.text, n))
	case a.choice != nil:
		return a.options1(n)
	}
	line, bad := a.connection()
	if bad {
		return warning.put(a.cells.short("! "+line, n))
	}
	return faint.put(" " + a.cells.short(line, n))
}

// options1 are what Tab offers, the chosen one marked.
func (a *app) options1(n int) string {
	var parts []string
	for i, option := range a.choice.options {
		option = strings.TrimSpace(option)
		if i == a.choice.at {
			option = "[" + option + "]"
		}
		parts = append(parts, option)
	}
	return ordinary.put(" " + a.cells.short(strings.Join(parts, "  "), n))
}

// connection says how the connection stands, and what waits for it.
func (a *app) connection() (line string, bad bool) {
	queued := 0
	for _, r := range a.rooms {
		queued += r.unsent()
	}
	waits := ""
	if queued > 0 {
		waits = " · " + plural(queued, "message") + " queued"
	}
	switch a.status.State {
	case client.Connected:
		if queued > 0 {
			waits = " · sending " + plural(queued, "message")
		}
		hint := " · /help"
		switch {
		case a.open.picked != nil:
			hint = " · picked: /reply /react /edit /delete /pin, Esc"
		case a.open.edit != nil || a.open.reply != nil:
			hint = " · Esc: not after all"
		}
		return "connected as " + cmp.Or(a.myName, a.me) + waits + hint, false
	case client.Reconnecting:
		line = "reconnecting"
	default:
		line = "connecting"
	}
	if a.trying != nil {
		return line + waits + " · " + a.trying.Error() + " · Enter tries at once", true
	}
	return line + "…" + waits, false
}
