package terminal

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// command is a row of the table of what can be typed after a slash.
type command struct {
	name string
	args string // as the help shows them
	help string
	run  func(a *app, args string) tea.Cmd
}

// commands is the table, in the help's order.
func commands() []command {
	return []command{
		{"join", "CHANNEL", "open a channel, and be a member", (*app).join},
		{"leave", "[CHANNEL]", "be a member no more", (*app).leave},
		{"dm", "USER", "talk to one user alone", (*app).direct},
		{"reply", "[TEXT]", "answer a message*", (*app).replyTo},
		{"react", "EMOJI", "react, or take it back*; :+1: will do", (*app).react},
		{"edit", "[TEXT]", "change a message of yours*", (*app).change},
		{"delete", "", "delete it for everybody*", (*app).remove},
		{"pin", "", "pin a message, or take the pin away*", (*app).pin},
		{"pins", "", "what is pinned here", (*app).pins},
		{"who", "", "who is here", (*app).who},
		{"retry", "", "send again what was not sent", (*app).retry},
		{"help", "", "this; any key closes it", (*app).usage},
		{"quit", "", "leave the program", func(a *app, _ string) tea.Cmd { return a.quit() }},
	}
}

// enter takes what was typed: a command, or something to say.
func (a *app) entered() tea.Cmd {
	r := a.open
	text := strings.TrimSpace(r.input.text())
	if text == "" {
		return nil
	}
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && r.edit == nil {
		word, args, _ := strings.Cut(text[1:], " ")
		for _, c := range commands() {
			if c.name == strings.ToLower(word) {
				r.input.set("")
				return tea.Batch(a.stopTyping(), c.run(a, strings.TrimSpace(args)))
			}
		}
		return a.alert("there is no command /%s; /help shows what there is, // begins a message with a slash", word)
	}
	text = strings.TrimPrefix(text, "/")
	if strings.HasPrefix(r.input.text(), "//") {
		text = strings.TrimPrefix(strings.TrimSpace(r.input.text()), "/")
	}
	r.input.set("")
	if e := r.edit; e != nil {
		r.edit = nil
		return tea.Batch(a.stopTyping(), a.edit(r, e, text))
	}
	parent := r.reply
	r.reply = nil
	return tea.Batch(a.stopTyping(), a.say(r, text, parent))
}

// say puts a message on its way, as an answer to parent if there is one.
func (a *app) say(r *room, text string, parent *entry) tea.Cmd {
	if a.me == "" {
		r.input.set(text)
		return a.alert("there was no connection yet: who you are is not known")
	}
	e := &entry{sender: a.me, name: a.myName, text: text, at: a.o.now(), fate: waiting}
	if parent != nil {
		e.parent = parent.id
	}
	e.mentions = r.mentionedIn(text)
	r.waiting = append(r.waiting, e)
	r.picked, r.fresh = nil, 0
	r.follow()
	return a.post(r, e)
}

// mentionedIn are the users that a text calls by @name or @id.
func (r *room) mentionedIn(text string) []string {
	var ids []string
	for _, id := range r.known() {
		for _, name := range []string{r.user(id), id} {
			if calls(text, name) {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids[:min(len(ids), chat.MaxMentions)]
}

// calls reports whether text has @name in it, as a word of its own.
func calls(text, name string) bool {
	text, name = strings.ToLower(text), "@"+strings.ToLower(name)
	for before := ""; ; {
		head, rest, found := strings.Cut(text, name)
		if !found {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(before + head)
		next, _ := utf8.DecodeRuneInString(rest)
		if !wordly(last) && !wordly(next) {
			return true
		}
		before, text = name, rest
	}
}

// wordly reports what a name may go on with. There is nothing at the ends of a
// text, which decodes as RuneError.
func wordly(r rune) bool {
	return r == '_' || r == '-' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func (a *app) join(name string) tea.Cmd {
	name = strings.TrimPrefix(name, "#")
	if err := chat.CheckChannelName(name); err != nil {
		return a.alert("/join CHANNEL: %s", reason(err))
	}
	return tea.Batch(a.enter(name), a.member(name, chat.Ordinary))
}

func (a *app) leave(name string) tea.Cmd {
	name = strings.TrimPrefix(name, "#")
	r := a.open
	if name != "" {
		r = a.rooms[name]
	}
	if r == nil {
		return a.alert("you are not in #%s", name)
	}
	cmd := a.member(r.name, chat.NoRole)
	if r.peer() != "" {
		cmd = nil // it stays the channel of the two; it is only put away
		a.away[r.name] = true
	}
	a.forget(r)
	return tea.Batch(cmd, a.enter(a.open.name))
}

// forget puts a room away. The one that the program was started with stays if
// there is no other.
func (a *app) forget(r *room) {
	if r.sub != nil {
		r.sub.Close()
	}
	delete(a.rooms, r.name)
	a.sort()
	if a.open != r {
		return
	}
	if len(a.list) == 0 {
		a.open = a.room(a.o.Channel)
		return
	}
	a.open = a.rooms[a.list[0]]
}

func (a *app) direct(user string) tea.Cmd {
	user = strings.TrimPrefix(user, "@")
	if id, known := a.open.called(user); known {
		user = id
	}
	if err := chat.CheckUserID(user); err != nil {
		return a.alert("/dm USER: %s", reason(err))
	}
	if user == a.me || a.me == "" {
		return a.alert("/dm USER: that is you")
	}
	return a.enter(chat.DirectName(a.me, user))
}

// target is the message that a command is about: the picked one, or the newest
// that ok likes.
func (a *app) target(ok func(*entry) bool) *entry {
	if e := a.open.picked; e != nil && !e.deleted {
		return e
	}
	return a.open.last(ok)
}

func (a *app) replyTo(text string) tea.Cmd {
	e := a.target(a.open.others)
	if e == nil {
		return a.alert("/reply: there is no message of somebody else here; Ctrl-P picks one")
	}
	a.open.picked = nil
	if text == "" {
		a.open.reply = e
		return nil
	}
	return a.say(a.open, text, e)
}

func (a *app) change(text string) tea.Cmd {
	e := a.target(a.open.mine)
	if e == nil {
		return a.alert("/edit: there is no message of yours here")
	}
	if text == "" {
		a.editing(e)
		return nil
	}
	return a.edit(a.open, e, text)
}

// editing puts a message's text into the input.
func (a *app) editing(e *entry) {
	r := a.open
	if e.sender != r.me {
		a.alert("only its sender can change a message")
		return
	}
	r.edit, r.reply = e, nil
	r.input.set(e.text)
}

func (a *app) edit(r *room, e *entry, text string) tea.Cmd {
	r.picked = nil
	id := e.id // the entry is the screen's: what comes meanwhile changes it
	return a.do("not changed", "", func(ctx context.Context) error {
		_, err := a.client.Edit(ctx, r.name, id, client.Draft{Text: text})
		return err
	})
}

func (a *app) remove(string) tea.Cmd {
	r := a.open
	e := a.target(r.mine)
	if e == nil {
		return a.alert("/delete: there is no message of yours here")
	}
	id := e.id
	a.sure = &question{
		text: "delete “" + a.cells.short(e.text, quoteWide) + "” for everybody? y or n",
		yes: func() tea.Cmd {
			return a.do("not deleted", "", func(ctx context.Context) error {
				_, err := a.client.Delete(ctx, r.name, id)
				return err
			})
		},
	}
	return nil
}

func (a *app) who(string) tea.Cmd {
	names := a.open.here()
	if len(names) == 0 {
		return a.tell("nobody else is here")
	}
	return a.tell("here: %s", strings.Join(names, ", "))
}

func (a *app) retry(string) tea.Cmd {
	var cmds []tea.Cmd
	for _, e := range a.open.waiting {
		if e.fate == failed {
			cmds = append(cmds, a.post(a.open, e))
		}
	}
	if len(cmds) == 0 {
		return a.tell("everything was sent")
	}
	return tea.Batch(cmds...)
}

func (a *app) usage(string) tea.Cmd {
	a.sheet = usage
	return nil
}

func (a *app) react(name string) tea.Cmd {
	r := a.open
	if full, known := emoji()[name]; known {
		name = full
	}
	e := a.target(r.others)
	switch {
	case name == "":
		return a.alert("/react EMOJI: which? Tab offers some")
	case e == nil:
		return a.alert("/react: there is no message of somebody else here; Ctrl-P picks one")
	}
	on := !slices.ContainsFunc(e.reactions, func(have reaction) bool { return have.name == name && have.mine })
	id := e.id
	r.picked = nil
	return a.do("no reaction", "", func(ctx context.Context) error {
		_, err := a.client.React(ctx, r.name, id, name, on)
		return err
	})
}

func (a *app) pin(string) tea.Cmd {
	r := a.open
	e := a.target(func(*entry) bool { return true })
	if e == nil {
		return a.alert("/pin: there is no message here")
	}
	id, on := e.id, !e.pinned
	r.picked = nil
	return a.do("not pinned", "", func(ctx context.Context) error {
		_, err := a.client.Pin(ctx, r.name, id, on)
		return err
	})
}

func (a *app) pins(string) tea.Cmd {
	r := a.open
	return func() tea.Msg {
		pins, err := a.client.Pins(a.ctx, r.name)
		return pinned{r, pins, err}
	}
}

// pinned shows the pinned messages.
func (a *app) pinned(m pinned) tea.Cmd {
	switch {
	case m.err != nil:
		return a.alert("the pinned messages cannot be read: %s", reason(m.err))
	case len(m.messages) == 0:
		return a.tell("nothing is pinned in %s", m.room.heading())
	case m.room != a.open:
		return nil
	}
	a.sheet = func(c cells, n int) []string {
		lines := []string{strong.put(c.short(" Pinned in "+m.room.heading(), n))}
		for _, msg := range m.messages {
			head := msg.CreatedAt.Local().Format("2 Jan 15:04") + "  " + orElse(msg.SenderName, m.room.user(msg.SenderID)) + "  "
			for i, line := range c.wrap(head+msg.Text, n-3) {
				if i > 0 {
					line = "  " + line
				}
				lines = append(lines, ordinary.put(" "+line))
			}
		}
		return lines
	}
	return nil
}
