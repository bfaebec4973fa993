package terminal

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/parley-chat/parley/client"
)

// typingAgain is how often others are told that the user still types. The
// server forgets who has not said so for three seconds.
const typingAgain = time.Second

// key does what a key means.
func (a *app) key(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	a.notice = notice{}
	if name != "ctrl+c" && name != "ctrl+d" && name != "enter" {
		a.warned = false
	}
	if cmd, taken := a.overRoom(name); taken {
		return cmd
	}
	if name != "tab" && name != "shift+tab" {
		a.choice = nil
	}
	if cmd, known := a.move(name); known {
		return cmd
	}
	r := a.open
	switch name {
	case "ctrl+c":
		return a.quit()
	case "ctrl+d":
		if r.input.empty() {
			return a.quit()
		}
		r.input.key("delete")
	case "enter":
		a.client.Hurry() // whoever presses it does not want to wait
		return a.entered()
	case "tab", "shift+tab":
		a.complete(name == "tab")
	case "esc":
		a.escape()
	case "up":
		if r.input.empty() && r.edit == nil {
			if e := r.last(r.mine); e != nil {
				a.editing(e)
			}
		}
	case "f1":
		a.sheet = usage
	case "ctrl+l":
		return tea.ClearScreen
	default:
		if !r.input.key(name) && k.Text != "" {
			r.input.insert(k.Text)
		}
		return a.typing()
	}
	return nil
}

// overRoom does what a key says to what lies over the room, a question or a
// sheet; false: the key is for the room.
func (a *app) overRoom(name string) (cmd tea.Cmd, taken bool) {
	if q := a.sure; q != nil {
		a.sure = nil
		if name == "y" || name == "Y" {
			return q.yes(), true
		}
		return a.tell("nothing was done"), true
	}
	if a.sheet == nil {
		return nil, false
	}
	if by, scrolls := map[string]int{"pgup": -9, "pgdown": 9, "up": -1, "down": 1}[name]; scrolls {
		a.sheetAt += by
		return nil, true
	}
	a.sheet, a.sheetAt = nil, 0
	return nil, name == "esc" || name == "enter" || name == "q"
}

// move does what moves through rooms and messages; false: the key is another.
func (a *app) move(name string) (tea.Cmd, bool) {
	r := a.open
	n, rows := a.paneSize()
	more := false
	switch name {
	case "pgup":
		more = r.scroll(max(1, rows-2), n, rows)
	case "pgdown":
		r.scroll(-max(1, rows-2), n, rows)
	case "ctrl+up":
		more = r.scroll(1, n, rows)
	case "ctrl+down":
		r.scroll(-1, n, rows)
	case "ctrl+end":
		r.follow()
	case "ctrl+home":
		more = r.scroll(1<<20, n, rows)
	case "ctrl+p", "shift+up":
		more = r.pick(1, n, rows)
	case "ctrl+n", "shift+down":
		r.pick(-1, n, rows)
	case "alt+up":
		return a.step(-1), true
	case "alt+down":
		return a.step(1), true
	default:
		return nil, false
	}
	if more {
		return a.past(r), true
	}
	return nil, true
}

// step opens the channel that is so much further down in the list.
func (a *app) step(by int) tea.Cmd {
	i := slices.Index(a.list, a.open.name)
	if len(a.list) == 0 {
		return nil
	}
	return a.enter(a.list[(i+by+len(a.list))%len(a.list)])
}

// escape puts away what was begun last.
func (a *app) escape() {
	r := a.open
	switch {
	case r.edit != nil:
		r.edit = nil
		r.input.set("")
	case r.reply != nil:
		r.reply = nil
	case r.picked != nil:
		r.picked = nil
	default:
		r.follow()
	}
}

// typing tells the room, now and then, that the user types.
func (a *app) typing() tea.Cmd {
	r := a.open
	text := r.input.text()
	if text == "" {
		return a.stopTyping()
	}
	now := a.o.now()
	if text[0] == '/' || r.edit != nil || now.Sub(a.typedAt) < typingAgain || a.status.State != client.Connected {
		return nil
	}
	a.typedAt, a.typedIn = now, r.name
	a.client.Typing(r.name, true)
	return nil
}

// stopTyping tells that the user does not type any more, if that was told.
func (a *app) stopTyping() tea.Cmd {
	if !a.typedAt.IsZero() {
		a.typedAt = time.Time{}
		a.client.Typing(a.typedIn, false)
	}
	return nil
}
