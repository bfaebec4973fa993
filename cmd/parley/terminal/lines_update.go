package terminal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// update shows one thing that happened. Its error ends the conversation.
func (t *talk) update(ctx context.Context, update any) error {
	if e, ok := update.(client.Logged); ok {
		t.seen = e.Place()
	}
	switch u := update.(type) {
	case client.Status:
		return t.state(ctx, u)
	case slow:
		t.screen.waiting(u.text)
	case posted:
		t.waiting--
		t.sent(u)
	case *client.Message:
		t.message(u)
	case *client.Update:
		t.edited(u)
	case *client.Deletion:
		t.mine = slices.DeleteFunc(t.mine, func(m *client.Message) bool { return m.ID == u.ID })
		t.screen.note("%s deleted a message", t.name(u.UserID))
	case *client.Level:
		t.level(u)
	case *client.Crowd:
		t.crowd(u)
	case *client.Typing:
		if t.typed && u.Typing && t.o.now().Sub(t.typing[u.UserID]) > shownAgain {
			t.typing[u.UserID] = t.o.now()
			t.screen.note("%s is typing…", t.name(u.UserID))
		}
	case *client.Reset:
		t.screen.alert("the log cannot be resumed (%s): some messages may be missing above; these are the last", u.Reason)
		return t.again(ctx)
	case *client.Dropped:
		return fmt.Errorf("#%s: %w", t.channel, u.Err)
	}
	return nil
}

// state tells when the connection goes and comes back.
func (t *talk) state(ctx context.Context, s client.Status) error {
	switch s.State {
	case client.Connected:
		if t.me != "" {
			t.screen.status("connected again")
		} else {
			t.screen.status("connected as %s to #%s%s", orElse(s.Name, s.UserID), t.channel, t.help())
			t.work.Go(func() { t.begin(ctx) })
		}
		t.me, t.trying = s.UserID, false
	case client.Connecting, client.Reconnecting:
		if s.Err != nil && !t.trying {
			t.trying = true
			t.screen.status("no connection (%v); trying again until there is one", root(s.Err))
		}
	case client.Closed:
		if s.Err != nil {
			return t.fault(s.Err)
		}
	}
	return nil
}

func (t *talk) help() string {
	if t.typed {
		return "; /help tells what you can do"
	}
	return ""
}

func (t *talk) message(m *client.Message) {
	if m.SenderID == t.me && m.DeletedAt.IsZero() {
		t.mine = append(t.mine, m)
	}
	delete(t.typing, m.SenderID)
	text := m.Text
	switch {
	case !m.DeletedAt.IsZero():
		text = "(deleted)"
	case m.EditSeq > 0:
		text += " (edited)"
	}
	t.screen.message(m.CreatedAt, m.SenderID, orElse(m.SenderName, m.SenderID), text, m.SenderID == t.me)
}

func (t *talk) edited(u *client.Update) {
	if u.NewText == nil {
		return
	}
	for _, m := range t.mine {
		if m.ID == u.ID {
			m.Text = *u.NewText
		}
	}
	t.screen.note("%s changed a message to: %s", t.name(u.UserID), *u.NewText)
}

func (t *talk) level(l *client.Level) {
	first := len(t.people) == 0
	clear(t.people)
	for _, p := range l.Present {
		t.people[p.UserID] = p
	}
	if first && t.typed {
		t.who()
	}
}

func (t *talk) crowd(c *client.Crowd) {
	for _, p := range append(slices.Clone(c.Joined), c.Changed...) {
		before, known := t.people[p.UserID]
		t.people[p.UserID] = p
		switch {
		case !t.typed || p.UserID == t.me:
		case !known:
			t.screen.note("%s is here", t.name(p.UserID))
		case before.Status != p.Status:
			t.screen.note("%s is %s", t.name(p.UserID), p.Status)
		}
	}
	for _, p := range c.Left {
		name := t.name(p.UserID)
		if _, known := t.people[p.UserID]; known && t.typed && p.UserID != t.me {
			t.screen.note("%s left", name)
		}
		delete(t.people, p.UserID)
	}
}

func (t *talk) name(user string) string { return orElse(t.people[user].UserName, user) }

func (t *talk) who() {
	var names []string
	for user, p := range t.people {
		name := t.name(user)
		if user == t.me {
			name += " (you)"
		}
		if p.Status == chat.Away {
			name += " (away)"
		}
		if p.Custom != "" {
			name += " – " + p.Custom
		}
		names = append(names, name)
	}
	slices.Sort(names)
	t.screen.note("here: %s", strings.Join(names, ", "))
}

// again shows the last messages once more; what follows comes by itself. What
// was acknowledged may not come: the log may have lost it.
func (t *talk) again(ctx context.Context) error {
	t.mine, t.newest = nil, 0
	t.work.Go(func() {
		page, err := t.client.History(ctx, t.channel, client.Range{Limit: shownAtFirst})
		if err != nil {
			t.put(ctx, t.fault(err))
			return
		}
		t.put(ctx, page)
	})
	return nil
}

// command does what a line from a terminal says; true ends the conversation.
func (t *talk) command(ctx context.Context, line string) bool {
	t.screen.entered()
	if !strings.HasPrefix(line, "/") || strings.HasPrefix(line, "//") {
		t.post(ctx, strings.TrimPrefix(line, "/"))
		return false
	}
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "/quit", "/q":
		return true
	case "/who":
		t.who()
	case "/edit":
		t.change(ctx, strings.TrimSpace(rest))
	case "/delete":
		t.remove(ctx)
	case "/help":
		t.screen.note("/edit TEXT  give your last message another text\n/delete     delete your last message\n/who        who is here\n/quit       leave (or Ctrl-D)\n//TEXT      say something that begins with a slash")
	default:
		t.screen.alert("there is no command %s; /help tells what there is", word)
	}
	return false
}

func (t *talk) change(ctx context.Context, text string) {
	if len(t.mine) == 0 || text == "" {
		t.screen.alert("/edit TEXT gives your last message another text")
		return
	}
	last := t.mine[len(t.mine)-1]
	t.waiting++
	t.work.Go(func() {
		ack, err := t.client.Edit(ctx, t.channel, last.ID, client.Draft{Text: text})
		t.put(ctx, posted{"/edit " + text, ack, err})
	})
}

func (t *talk) remove(ctx context.Context) {
	if len(t.mine) == 0 {
		t.screen.alert("there is no message of yours to delete")
		return
	}
	last := t.mine[len(t.mine)-1]
	t.waiting++
	t.work.Go(func() {
		ack, err := t.client.Delete(ctx, t.channel, last.ID)
		t.put(ctx, posted{"/delete", ack, err})
	})
}
