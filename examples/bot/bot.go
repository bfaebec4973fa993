package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// bot handles the events of one channel, one at a time.
type bot struct {
	ctx     context.Context // ends with the program
	channel string
	publish func(ctx context.Context, channel string, d client.Draft) (client.Ack, error)
	place   position
	log     *slog.Logger
	failed  chan error // of size one: why the bot cannot go on

	epoch   string // of the channel's log, as the subscription says
	stopped bool   // an event was not dealt with: those after it are not looked at
}

// handle answers a command, and then writes down that everything up to it is
// dealt with. A crash between the two makes the next run answer again, with
// the same nonce: which the server takes for the same message.
func (b *bot) handle(e client.Event) {
	if b.stopped {
		return
	}
	var err error
	switch e := e.(type) {
	case *client.Subscribed:
		b.epoch = e.Position.Epoch
		err = b.place.save(e.Position)
	case *client.Reset:
		b.log.Warn("some of the log is gone", "reason", e.Reason, "lost", e.Lost, "from", e.From)
		b.epoch = e.From.Epoch
		err = b.place.save(e.From)
	case *client.Dropped:
		err = e.Err
	case client.Logged:
		if m, ok := e.(*client.Message); ok {
			err = b.answer(m)
		}
		if err == nil {
			err = b.place.save(client.Position{Epoch: b.epoch, Seq: e.Place()})
		}
	}
	if err != nil {
		b.stopped = true
		b.failed <- err
	}
}

// answer posts the answer to a message, if it is a command; nil says that there
// is nothing more to do about it.
func (b *bot) answer(m *client.Message) error {
	text, ok := reply(m.Text, m.ID)
	if !ok {
		return nil
	}
	_, err := b.publish(b.ctx, b.channel, client.Draft{Text: text, ParentID: m.ID, Nonce: "answer-" + m.ID})
	if err == nil {
		return nil
	}
	if _, unknown := errors.AsType[*client.Unknown](err); unknown {
		return err // it may have been stored: the next run will ask
	}
	refused, ok := errors.AsType[*chat.Error](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case chat.CodeConflict: // an earlier version of this program has answered, in other words
		return nil
	case chat.CodeDeleted, chat.CodeNotFound: // the command is gone
		return nil
	}
	return err
}
