package pebble

import (
	"context"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// Channel is chat.Directory's.
func (s *Store) Channel(ctx context.Context, ch chat.ChannelID) (c *chat.Channel, err error) {
	err = s.read(ctx, func(v *view) error {
		found, err := v.get(channelKey(nil, spaceChannel, ch), func(b []byte) (err error) {
			c, err = readChannel(ch, b)
			return err
		})
		return orNotFound(found, err, "channel")
	})
	return c, err
}

// Open is chat.Directory's: of most channels it reads the head alone.
func (s *Store) Open(ctx context.Context, ch chat.ChannelID) (o chat.Opening, err error) {
	err = s.readLog(ctx, ch, func(l *log) error {
		if l.head.seq > 0 {
			s.openings.put(ch, l.head, l.as)
		}
		o.Head, o.Members, o.Emptying = l.head.public(), l.head.members, l.head.fate == emptying
		if l.head.plain != 0 {
			o.Settings = plainSettings(ch, instant(l.head.plain))
			return nil
		}
		l.key = append(append(l.key[:0], spaceChannel), l.path...)
		_, err := l.get(l.key, func(b []byte) (err error) {
			o.Settings, err = readChannel(ch, b)
			return err
		})
		return err
	})
	return o, err
}

func orNotFound(found bool, err error, what string) error {
	if err == nil && !found {
		return chat.E(chat.CodeNotFound, "there is no such %s", what)
	}
	return err
}

// Channels is chat.Directory's.
func (s *Store) Channels(ctx context.Context, project, after string, limit int) (all []*chat.Channel, err error) {
	prefix := projectKey(nil, spaceChannel, project)
	err = s.list(ctx, prefix, after, limit, func(name string, b []byte) error {
		c, err := readChannel(chat.ChannelID{Project: project, Name: name}, b)
		all = append(all, c)
		return err
	})
	return all, err
}

// list visits what is kept under names behind the prefix, in name order, names
// after the given one.
func (s *Store) list(ctx context.Context, prefix []byte, from string, limit int, visit func(name string, b []byte) error) error {
	return s.read(ctx, func(v *view) error {
		return v.list(prefix, from, limit, func(name string, b []byte) (bool, error) { return true, visit(name, b) })
	})
}

// list is Store.list, where visit says whether what it was given counts.
func (v *view) list(prefix []byte, from string, limit int, visit func(name string, b []byte) (bool, error)) error {
	if limit <= 0 {
		return chat.E(chat.CodeInvalid, "the limit is not positive")
	}
	low := prefix
	if from != "" {
		low = appendName(append([]byte(nil), prefix...), from)
	}
	n := 0
	return v.scan(low, after(prefix), func(key, value []byte) (bool, error) {
		name, _, ok := cutName(key[len(prefix):])
		if !ok {
			return false, errRow
		}
		if from != "" && name == from {
			return true, nil
		}
		counts, err := visit(name, value)
		if counts {
			n++
		}
		return n < limit, err
	})
}

// Member is chat.Directory's.
func (s *Store) Member(ctx context.Context, ch chat.ChannelID, user string) (m *chat.Member, err error) {
	err = s.read(ctx, func(v *view) error {
		found, err := v.get(userKey(nil, spaceMember, ch, user), func(b []byte) (err error) {
			m, err = readMember(user, b)
			return err
		})
		return orNotFound(found, err, "member")
	})
	return m, err
}

// Members is chat.Directory's.
func (s *Store) Members(ctx context.Context, ch chat.ChannelID, after string, limit int) (all []*chat.Member, err error) {
	err = s.list(ctx, channelKey(nil, spaceMember, ch), after, limit, func(user string, b []byte) error {
		m, err := readMember(user, b)
		all = append(all, m)
		return err
	})
	return all, err
}

// User is chat.Directory's.
func (s *Store) User(ctx context.Context, project, id string) (u *chat.User, err error) {
	err = s.read(ctx, func(v *view) error {
		key := appendName(projectKey(nil, spaceUser, project), id)
		found, err := v.get(key, func(b []byte) (err error) {
			u, err = readUser(project, id, b)
			return err
		})
		return orNotFound(found, err, "user")
	})
	return u, err
}

// answer is how a request that somebody waits for ends.
type answer struct {
	err  error
	done chan struct{}
}

func newAnswer() answer { return answer{done: make(chan struct{})} }

func (a *answer) refuse(err error) { a.err = err }

func (a *answer) finish(err error) {
	if a.err == nil {
		a.err = err
	}
	close(a.done)
}

// PutChannel is chat.Directory's.
func (s *Store) PutChannel(ctx context.Context, c *chat.Channel) error {
	if err := checkChannel(c); err != nil {
		return err
	}
	p := &puttingChannel{answer: newAnswer(), settings: *c}
	if err := s.do(ctx, p, p.done); err != nil {
		return err
	}
	return p.err
}

func checkChannel(c *chat.Channel) error {
	if c.ID.Project == "" || len(c.ID.Project) > maxProject {
		return chat.E(chat.CodeInvalid, "the project is empty or too long")
	}
	switch c.Kind {
	case chat.Open, chat.Private, chat.Direct:
	default:
		return chat.E(chat.CodeInvalid, "there are no channels of kind %q", c.Kind)
	}
	if direct := strings.HasPrefix(c.ID.Name, chat.DirectPrefix); direct != (c.Kind == chat.Direct) {
		return chat.E(chat.CodeInvalid, "a channel is direct if its name begins with %q, and only then", chat.DirectPrefix)
	}
	return chat.CheckChannelName(c.ID.Name)
}

type puttingChannel struct {
	answer
	settings chat.Channel
}

func (p *puttingChannel) size() int   { return 256 + len(p.settings.Title) }
func (p *puttingChannel) frees() bool { return false }

func (p *puttingChannel) prepare(w *writer) {
	c, err := w.channel(p.settings.ID)
	if err != nil {
		p.err = err
		return
	}
	if c.head.fate == emptying {
		p.err = chat.StillDeleted(c.id.Name)
		return
	}
	if p.settings.CreatedAt.IsZero() {
		old, err := w.settings(c)
		switch {
		case err != nil:
			p.err = err
			return
		case old != nil:
			p.settings.CreatedAt = old.CreatedAt
		default:
			p.settings.CreatedAt = instant(w.cur.now)
		}
	}
	c.made = true
	w.remake(c)
	if c.head.plain != 0 {
		c.head.plain = 0
		w.moved(c)
	}
	w.putChannel(c, &p.settings)
}

// settings are c's with what is under way, or nil.
func (w *writer) settings(c *channel) (*chat.Channel, error) {
	for _, b := range []*batch{w.cur, w.prev} {
		if s := b.settings[c]; s != nil {
			return s, nil
		}
	}
	v := w.views.acquire()
	defer v.release()
	w.key = append(append(w.key[:0], spaceChannel), c.path...)
	var s *chat.Channel
	_, err := v.get(w.key, func(b []byte) (err error) {
		s, err = readChannel(c.id, b)
		return err
	})
	return s, err
}

// PutUsers is chat.Directory's.
func (s *Store) PutUsers(ctx context.Context, users []*chat.User) error {
	p := &puttingUsers{answer: newAnswer()}
	for _, u := range users {
		if err := checkUser(u); err != nil {
			return err
		}
		key := appendName(projectKey(nil, spaceUser, u.Project), u.ID)
		value := appendUser(nil, u)
		p.keys, p.values = append(p.keys, key), append(p.values, value)
		p.bytes += 64 + len(key) + len(value)
	}
	if len(users) == 0 {
		return nil
	}
	if err := s.do(ctx, p, p.done); err != nil {
		return err
	}
	return p.err
}

// maxStatus bounds a user's status text, in bytes.
const maxStatus = 1024

func checkUser(u *chat.User) error {
	if u.Project == "" || len(u.Project) > maxProject {
		return chat.E(chat.CodeInvalid, "the project is empty or too long")
	}
	if len(u.Status) > maxStatus {
		return chat.E(chat.CodeInvalid, "the status is longer than %d bytes", maxStatus)
	}
	if len(u.Avatar) > chat.MaxAvatar {
		return chat.E(chat.CodeInvalid, "the avatar's URL is longer than %d bytes", chat.MaxAvatar)
	}
	if len(u.Meta) > chat.MaxMeta {
		return chat.E(chat.CodeTooLarge, "the meta object is larger than %d bytes", chat.MaxMeta)
	}
	if err := chat.CheckUserID(u.ID); err != nil {
		return err
	}
	return chat.CheckUserName(u.Name)
}

type puttingUsers struct {
	answer
	keys, values [][]byte
	bytes        int
}

func (p *puttingUsers) size() int   { return p.bytes }
func (p *puttingUsers) frees() bool { return false }

func (p *puttingUsers) prepare(w *writer) {
	for i, key := range p.keys {
		w.set(key, p.values[i])
	}
}
