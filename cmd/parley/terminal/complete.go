package terminal

import (
	"slices"
	"strings"
)

// choice is what Tab found, and which of it stands in the input.
type choice struct {
	before, after string // of the input, around what is completed
	options       []string
	at            int
}

// complete puts the next option into the input, or the one before it.
func (a *app) complete(forward bool) {
	r := a.open
	if c := a.choice; c != nil {
		c.at += map[bool]int{true: 1, false: len(c.options) - 1}[forward]
		c.at %= len(c.options)
		a.choose()
		return
	}
	before, after := strings.Join(r.input.chars[:r.input.at], ""), strings.Join(r.input.chars[r.input.at:], "")
	from := strings.LastIndexAny(before, " \n") + 1
	options := a.options(before[:from], before[from:])
	if len(options) == 0 {
		return
	}
	a.choice = &choice{before: before[:from], after: after, options: options}
	a.choose()
}

// choose puts the option that stands into the input. A single one ends the
// choice.
func (a *app) choose() {
	c := a.choice
	word := c.options[c.at]
	r := a.open
	r.input.set(c.before + word)
	at := r.input.at
	r.input.set(c.before + word + c.after)
	r.input.at = at
	if len(c.options) == 1 {
		a.choice = nil
	}
}

// options are what word may become, where line stands before it.
func (a *app) options(line, word string) []string {
	first := strings.TrimSpace(line) == ""
	switch {
	case strings.HasPrefix(line, "/join ") || strings.HasPrefix(line, "/leave ") || strings.HasPrefix(word, "#"):
		return matching(word, "#", " ", a.channels())
	case strings.HasPrefix(line, "/react "):
		return matching(word, "", "", shortcodes())
	case first && strings.HasPrefix(word, "/"):
		var names []string
		for _, c := range commands() {
			names = append(names, "/"+c.name)
		}
		return matching(word, "", " ", names)
	case strings.HasPrefix(line, "/dm "), strings.HasPrefix(word, "@"):
		return matching(word, "@", " ", a.users())
	case word != "":
		var names []string
		for _, name := range matching(word, "", " ", a.users()) {
			names = append(names, "@"+name)
		}
		return names
	}
	return nil
}

// matching are the names that word begins, whether it has the sign or not.
func matching(word, sign, after string, names []string) []string {
	bare := strings.TrimPrefix(word, sign)
	kept := word[:len(word)-len(bare)]
	var list []string
	for _, name := range names {
		if len(name) >= len(bare) && strings.EqualFold(name[:len(bare)], bare) {
			list = append(list, kept+name+after)
		}
	}
	return list
}

// channels are the names of the list that are no direct channel's.
func (a *app) channels() []string {
	var names []string
	for _, name := range a.list {
		if a.rooms[name].peer() == "" {
			names = append(names, name)
		}
	}
	return names
}

// users are what those are called who were seen in the open room, and the
// peers of direct channels.
func (a *app) users() []string {
	var names []string
	for _, id := range a.open.known() {
		if id != a.me {
			names = append(names, oneLine(a.open.user(id)))
		}
	}
	for _, name := range a.list {
		if peer := a.rooms[name].peer(); peer != "" && !slices.Contains(names, peer) {
			names = append(names, oneLine(peer))
		}
	}
	return names
}

// emoji are what can be typed for reactions on any keyboard.
func emoji() map[string]string {
	return map[string]string{
		":+1:": "👍", ":-1:": "👎", ":heart:": "❤️", ":tada:": "🎉", ":smile:": "😄", ":joy:": "😂",
		":cry:": "😢", ":eyes:": "👀", ":fire:": "🔥", ":rocket:": "🚀", ":check:": "✅", ":wave:": "👋",
	}
}

func shortcodes() []string {
	var names []string
	for name := range emoji() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
