package push

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
)

// Bounds of what is shown.
const (
	maxShown = 300 // bytes of a message's text
	maxTitle = 128 // of a channel's title
	maxCount = 100 // from there on it is many
)

// notice says that somebody is to be told of a message. It may wait for long, so
// it does not hold the message, which is read when it is sent.
type notice struct {
	user    string
	channel chat.ChannelID
	kind    chat.ChannelKind
	id      string // the message
	seq     uint64
	mention bool
	until   time.Time // when it is no news any more
}

// payload is what a browser gets, of which the service worker makes what is
// shown. Its words are the service worker's, in whatever language.
type payload struct {
	Type    string    `json:"type"` // "message"
	User    string    `json:"userId"`
	Channel string    `json:"channelId"`
	Kind    string    `json:"kind"`
	Title   string    `json:"title,omitempty"` // the channel's
	ID      string    `json:"id"`
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"createdAt"`
	Sender  string    `json:"senderId"`
	Name    string    `json:"senderName,omitempty"`
	Text    string    `json:"text"`
	Mention bool      `json:"mention,omitempty"`
	Count   int       `json:"count"` // messages not read that call for it; 100: as many or more
}

// compose makes a delivery's payload of the message as it is now; nil: it is not to
// be sent any more, for the message is gone, was delivered or read, or may not
// be read, or the user wants nothing of it.
func (s *Service) compose(ctx context.Context, d *delivery) ([]byte, error) {
	n := d.notice
	as := d.sub.as
	if err := s.o.Permit(ctx, &as, n.channel.Name, chat.OpRead); err != nil {
		return nil, unlessRefused(err)
	}
	cursor, err := s.store.Cursor(ctx, n.channel, n.user)
	if err != nil || n.seq <= max(cursor.Delivered, cursor.Read) {
		return nil, err
	}
	mode, _ := s.accounts.settings(userKey{n.channel.Project, n.user}).of(n.channel.Name)
	if mode == None || mode == Mentions && !n.mention {
		return nil, nil
	}
	m, err := s.store.Message(ctx, n.channel, n.id)
	if err != nil {
		return nil, unlessRefused(err)
	}
	if m.Deleted() || over(m, s.now()) {
		return nil, nil
	}
	unwanted, err := s.store.Blocked(ctx, n.channel.Project, n.user, m.Sender)
	if err != nil || unwanted {
		return nil, err
	}
	p := payload{
		Type: "message", User: n.user, Channel: n.channel.Name, Kind: string(n.kind),
		ID: m.ID, Seq: m.Seq, At: m.At, Sender: m.Sender, Name: m.SenderName,
		Text: shorten(s.o.Text(m.Body), maxShown), Mention: n.mention,
	}
	if err := s.describe(ctx, &p, n, cursor); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // it is no page, and there is little room
	err = e.Encode(p)
	return text.Bytes(), err
}

// describe says where it is, who wrote it, and how much there is.
func (s *Service) describe(ctx context.Context, p *payload, n *notice, cursor chat.Cursor) error {
	settings, err := s.store.Channel(ctx, n.channel)
	switch {
	case err == nil:
		p.Title = shorten(settings.Title, maxTitle)
	case chat.CodeOf(err) != chat.CodeNotFound:
		return err
	}
	if p.Name == "" && p.Sender != "" {
		u, err := s.store.User(ctx, n.channel.Project, p.Sender)
		switch {
		case err == nil:
			p.Name = u.Name
		case chat.CodeOf(err) != chat.CodeNotFound:
			return err
		}
	}
	mode, chosen := s.accounts.settings(userKey{n.channel.Project, n.user}).of(n.channel.Name)
	if mode == All && (chosen || n.kind != chat.Open) {
		head, err := s.store.Head(ctx, n.channel)
		if err != nil {
			return err
		}
		first := max(cursor.ReadNext, head.First)
		p.Count = int(min(head.Next-min(head.Next, first), maxCount))
	} else if p.Count, err = s.store.Mentions(ctx, n.channel, n.user, cursor.Read, maxCount); err != nil {
		return err
	}
	p.Count = max(p.Count, 1)
	return nil
}

// unlessRefused passes on what may be otherwise at another time.
func unlessRefused(err error) error {
	switch chat.CodeOf(err) {
	case chat.CodeForbidden, chat.CodeBanned, chat.CodeUnauthorized, chat.CodeNotFound, chat.CodeDeleted, chat.CodeInvalid:
		return nil
	}
	return err
}

// shorten is a text on one line of at most so many bytes, in whole characters,
// without those that are not seen: they could make what is shown read as if
// somebody else had said it.
func shorten(text string, most int) string {
	if len(text) > 4*most {
		text = text[:4*most]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
