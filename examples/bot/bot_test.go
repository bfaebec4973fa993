package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// setup is a bot whose answers go nowhere but into a list.
func setup(t *testing.T) (*bot, *[]client.Draft) {
	t.Helper()
	var said []client.Draft
	return &bot{
		ctx: t.Context(), channel: "general", log: slog.New(slog.DiscardHandler), failed: make(chan error, 1),
		place: position(filepath.Join(t.TempDir(), "position")),
		publish: func(_ context.Context, _ string, d client.Draft) (client.Ack, error) {
			said = append(said, d)
			return client.Ack{}, nil
		},
	}, &said
}

func message(seq uint64, text string) *client.Message {
	return &client.Message{ID: "id-" + text, Seq: seq, Text: text}
}

func TestReply_IsTheSameForTheSameMessage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"!help", "!roll", "!roll 100d1000", "!choose a, b, c", "!roll 0d6", "!choose"} {
		first, ok := reply(text, "one")
		again, _ := reply(text, "one")
		if !ok || first == "" || first != again {
			t.Errorf("%q: %q, then %q", text, first, again)
		}
		if _, ok := reply(first, "two"); ok {
			t.Errorf("%q: the answer %q is a command", text, first)
		}
	}
	for _, text := range []string{"", "hello", "roll 2d6", "say !help", "!helpful"} {
		if got, ok := reply(text, "one"); ok {
			t.Errorf("%q is answered %q", text, got)
		}
	}
}

func TestReply_StaysWithinTheDice(t *testing.T) {
	t.Parallel()
	for _, id := range strings.Split("abcdefghijklmnop", "") {
		got, _ := reply("!roll 1d1", id)
		if got != "1d1: 1" {
			t.Errorf("%q", got)
		}
	}
}

func TestHandle_SavesThePlaceAfterTheAnswer(t *testing.T) {
	t.Parallel()
	b, said := setup(t)
	b.handle(&client.Subscribed{Position: client.Position{Epoch: "e", Seq: 4}})
	b.handle(message(5, "!help"))
	b.handle(message(6, "hello"))
	if got, err := b.place.load(); err != nil || got != (client.Position{Epoch: "e", Seq: 6}) {
		t.Errorf("saved %v, %v", got, err)
	}
	if len(*said) != 1 || (*said)[0].Nonce != "answer-id-!help" || (*said)[0].ParentID != "id-!help" {
		t.Errorf("said %+v", *said)
	}
}

func TestHandle_GoesNoFurtherThanWhatItAnswered(t *testing.T) {
	t.Parallel()
	b, _ := setup(t)
	b.publish = func(context.Context, string, client.Draft) (client.Ack, error) {
		return client.Ack{}, &client.Unknown{Err: errors.New("cut off")}
	}
	b.handle(&client.Subscribed{Position: client.Position{Epoch: "e", Seq: 4}})
	b.handle(message(5, "!help"))
	b.handle(message(6, "hello"))
	if got, err := b.place.load(); err != nil || got.Seq != 4 {
		t.Errorf("saved %v, %v", got, err)
	}
	if err := <-b.failed; err == nil {
		t.Error("nobody was told")
	}
}

func TestHandle_IsDoneWithWhatWasAnsweredInOtherWords(t *testing.T) {
	t.Parallel()
	for _, code := range []chat.Code{chat.CodeConflict, chat.CodeDeleted, chat.CodeNotFound} {
		b, _ := setup(t)
		b.publish = func(context.Context, string, client.Draft) (client.Ack, error) {
			return client.Ack{}, chat.E(code, "refused")
		}
		b.handle(&client.Subscribed{Position: client.Position{Epoch: "e", Seq: 4}})
		b.handle(message(5, "!help"))
		if got, err := b.place.load(); err != nil || got.Seq != 5 {
			t.Errorf("%s: saved %v, %v", code, got, err)
		}
	}
}

func TestPosition_OfNothingIsNone(t *testing.T) {
	t.Parallel()
	if got, err := position(filepath.Join(t.TempDir(), "none")).load(); err != nil || !got.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
}
