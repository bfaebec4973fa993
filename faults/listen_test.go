package faults

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/internal/history"
)

// farewell is the last message of every channel.
const farewell = "farewell"

// listener follows one channel over many connections.
type listener struct {
	name, channel, token string

	last   uint64 // what the next connection goes on from
	epoch  string
	joined atomic.Bool // it is where it hears what comes
	heard  chan struct{}
	run    *history.Listening
}

// saw records an entry; false: it was the last one.
func (e *listener) saw(entry history.Entry) bool {
	e.run.Saw(entry)
	if entry.Text != farewell {
		return true
	}
	e.run.Whole()
	close(e.heard)
	return false
}

// listen runs a listener: a call of hear for each connection, until one says
// that it has heard everything.
func (l *load) listen(name, channel string, hear func(context.Context, *listener) bool) {
	e := &listener{name: name, channel: channel, token: l.token(name), heard: make(chan struct{})}
	l.listeners = append(l.listeners, e)
	l.ears.Go(func() {
		for hear(l.living, e) && pause(l.living, rand.N(50*time.Millisecond)) {
			e.joined.Store(false)
		}
	})
}

// hearNative follows by position.
func (l *load) hearNative(ctx context.Context, e *listener) bool {
	begun := l.rec.Now()
	s, err := dial(ctx, l.url(), l.door("/v1/ws", e.name), e.token)
	if err != nil {
		return true
	}
	defer s.close()
	subscribe := object{"type": "subscribe", "ref": 1, "channelId": e.channel}
	if e.epoch != "" {
		subscribe["position"] = e.epoch + ":" + strconv.FormatUint(e.last, 10)
	}
	if s.send(ctx, subscribe) != nil {
		return true
	}
	for {
		f, err := s.next(ctx)
		if err != nil {
			return true
		}
		entry, logged := f.entry()
		switch {
		case f.Type == "subscribed":
			var digits string
			e.epoch, digits, _ = strings.Cut(f.Position, ":")
			e.last, _ = strconv.ParseUint(digits, 10, 64)
			e.run = l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: history.BySeq, Begun: begun, From: e.last})
		case f.Type == "level":
			e.joined.Store(true)
		case f.Type == "error" && f.Code == chat.CodeExpired:
			l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: history.BySeq, From: e.last}).Refused(string(f.Message))
			e.joined.Store(true) // as far as it ever will be
			l.complain(e.channel, "%s cannot go on from %v: %s", e.name, subscribe["position"], f.Message)
			return false
		case f.Type == "error":
			return true
		case logged:
			e.last = f.Seq
			if !e.saw(entry) {
				return false
			}
		}
	}
}

// hearConversations follows by sequence.
func (l *load) hearConversations(ctx context.Context, e *listener) bool {
	begun := l.rec.Now()
	s, err := dial(ctx, l.url(), l.door("/chat", e.name), e.token)
	if err != nil {
		return true
	}
	defer s.close()
	if s.send(ctx, object{"type": "subscribe", "conversationId": e.channel, "fromSequence": e.last}) != nil {
		return true
	}
	for {
		f, err := s.next(ctx)
		if err != nil || f.Type == "error" {
			return true
		}
		switch f.Type {
		case "subscribed":
			e.run = l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: history.BySequence, Begun: begun, From: e.last})
			e.joined.Store(true)
		case "message_gap":
			e.run.Refused("a gap, although nothing expired")
		case "message":
			var m frame
			if err := json.Unmarshal(f.Message, &m); err != nil {
				l.complain(e.channel, "%s: %s: %v", e.name, f.Message, err)
				return false
			}
			e.last = m.Sequence + 1
			entry := history.Entry{Kind: chat.KindMessage, ID: m.ID, Sequence: m.Sequence, Sender: m.SenderID, Text: m.Text, Deleted: m.Deleted}
			if !e.saw(entry) {
				return false
			}
		}
	}
}

// hearRooms hears what comes while it is there: this dialect cannot resume.
func (l *load) hearRooms(ctx context.Context, e *listener) bool {
	begun := l.rec.Now()
	s, err := dial(ctx, l.url(), l.door("/rooms", e.name), e.token)
	if err != nil {
		return true
	}
	defer s.close()
	if s.send(ctx, object{"type": "join", "userId": e.name, "username": e.name, "roomId": e.channel, "timestamp": 1}) != nil {
		return true
	}
	e.run = l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: history.ByID, Begun: begun})
	for {
		f, err := s.next(ctx)
		if err != nil || f.Type == "error" {
			return true
		}
		switch f.Type {
		case "room_state":
			e.joined.Store(true)
		case "message":
			if !e.saw(history.Entry{Kind: chat.KindMessage, ID: f.ID, Sender: f.UserID, Text: f.Content}) {
				return false
			}
		}
	}
}

// client is a client of the package, which comes back by itself.
func (l *load) client(user, token string) *client.Client {
	c, err := client.New(client.Options{
		URL: l.url() + l.door("/v1/ws", user), Token: token,
		Base: 10 * time.Millisecond, Cap: 100 * time.Millisecond,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// hearClient follows every channel with one client of the package.
func (l *load) hearClient() {
	const name = "client-ear"
	token := l.token(name)
	var listeners []*listener
	for _, channel := range l.channels {
		e := &listener{name: name, channel: channel, heard: make(chan struct{})}
		e.joined.Store(true)
		l.listeners = append(l.listeners, e)
		listeners = append(listeners, e)
	}
	l.ears.Go(func() {
		c := l.client(name, token)
		defer c.Close()
		for _, e := range listeners {
			if _, err := c.Subscribe(l.living, e.channel, client.SubscribeOptions{FromStart: true}, l.handler(e)); err != nil {
				if l.living.Err() == nil {
					l.complain(e.channel, "%s: subscribe: %v", name, err)
				}
				return
			}
		}
		<-l.living.Done()
	})
}

// handler records what the package's client gives for one channel.
func (l *load) handler(e *listener) func(client.Event) {
	return func(event client.Event) {
		switch event := event.(type) {
		case *client.Subscribed:
			e.run = l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: history.BySeq, From: event.Position.Seq})
		case *client.Reset:
			l.complain(e.channel, "%s cannot go on from %v: %s", e.name, event.Lost, event.Reason)
		case *client.Gap:
			l.complain(e.channel, "%s: after %d came %d", e.name, event.After, event.Got)
		case *client.Dropped:
			l.complain(e.channel, "%s was dropped: %v", e.name, event.Err)
		case client.Logged:
			e.saw(entryOf(event))
		}
	}
}
