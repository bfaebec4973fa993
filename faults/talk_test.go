package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/internal/history"
)

// talker posts through the native door, and edits, deletes, reads and marks
// what it and others wrote.
type talker struct {
	*load
	user   string
	client *client.Client
	mine   [][]string // by channel: its messages that are there
	said   int
}

// talkNative uses the package's client, which sends again until it has an
// answer, with the same nonce.
func (l *load) talkNative(user, token string) {
	p := &talker{load: l, user: user, client: l.client(user, token), mine: make([][]string, len(l.channels))}
	defer p.client.Close()
	for l.rest() {
		p.say(rand.IntN(len(l.channels)))
	}
}

func (p *talker) say(channel int) {
	ctx, cancel := context.WithTimeout(p.living, within)
	defer cancel()
	p.said++
	mine := p.mine[channel]
	switch dice := rand.IntN(100); {
	case dice < 10:
		p.read(ctx, channel)
	case dice < 17:
		p.mark(ctx, channel)
	case dice < 25 && len(mine) > 0:
		p.edit(ctx, channel, mine[rand.IntN(len(mine))])
	case dice < 30 && len(mine) > 0:
		at := rand.IntN(len(mine))
		p.delete(ctx, channel, mine[at])
		p.mine[channel] = append(mine[:at], mine[at+1:]...)
	default:
		p.publish(ctx, channel)
	}
}

func (p *talker) invoke(channel int, op history.Op) (*history.Call, history.Op) {
	op.Client, op.User, op.Channel = p.user, p.user, p.channels[channel]
	if op.Kind == history.Post || op.Kind == history.Edit {
		op.Text = fmt.Sprintf("%s of %s, %d", op.Kind, p.user, p.said)
		op.Nonce = fmt.Sprint(p.user, "-", p.said)
	}
	return p.rec.Invoke(op), op
}

func (p *talker) publish(ctx context.Context, channel int) {
	call, op := p.invoke(channel, history.Op{Kind: history.Post})
	ack, err := p.client.Publish(ctx, op.Channel, client.Draft{Text: op.Text, Nonce: op.Nonce})
	if err != nil {
		fail(call, err)
		return
	}
	p.ok(call, channel, history.Answer{Seq: ack.Seq, ID: ack.ID})
	p.mine[channel] = append(p.mine[channel], ack.ID)
}

func (p *talker) edit(ctx context.Context, channel int, id string) {
	call, op := p.invoke(channel, history.Op{Kind: history.Edit, Target: id})
	ack, err := p.client.Edit(ctx, op.Channel, id, client.Draft{Text: op.Text, Nonce: op.Nonce})
	if err != nil {
		fail(call, err)
		return
	}
	p.ok(call, channel, history.Answer{Seq: ack.Seq, ID: ack.ID})
}

func (p *talker) delete(ctx context.Context, channel int, id string) {
	call, op := p.invoke(channel, history.Op{Kind: history.Delete, Target: id})
	ack, err := p.client.Delete(ctx, op.Channel, id)
	if err != nil {
		fail(call, err)
		return
	}
	p.ok(call, channel, history.Answer{Seq: ack.Seq, ID: ack.ID})
}

// read asks for a page near the end, where most happens.
func (p *talker) read(ctx context.Context, channel int) {
	limit := 1 + rand.IntN(30)
	after := p.heads[channel].Load()
	after -= min(after, rand.N(uint64(40)))
	call, op := p.invoke(channel, history.Op{Kind: history.ReadFrom, Seq: after, Limit: limit})
	page, err := p.client.Events(ctx, op.Channel, after, limit)
	if err != nil {
		fail(call, err)
		return
	}
	answer := history.Answer{}
	for _, e := range page.Events {
		answer.Entries = append(answer.Entries, entryOf(e))
	}
	call.OK(answer)
}

// mark asks for any place, also one behind the cursor.
func (p *talker) mark(ctx context.Context, channel int) {
	head := p.heads[channel].Load()
	if head == 0 {
		return
	}
	call, op := p.invoke(channel, history.Op{Kind: history.MarkRead, Seq: 1 + rand.N(head)})
	cursor, err := p.client.MarkRead(ctx, op.Channel, op.Seq)
	if err != nil {
		fail(call, err)
		return
	}
	call.OK(history.Answer{Seq: cursor.Read})
}

// talkRooms takes the echo of a message for its acknowledgement. There are no
// nonces: what has none when the connection breaks is unknown, and not said
// again.
func (l *load) talkRooms(user, token string) {
	said := 0
	for l.rest() {
		l.roomsConnection(user, token, &said)
	}
}

func (l *load) roomsConnection(user, token string, said *int) {
	ctx := l.living
	s, err := dial(ctx, l.url(), l.door("/rooms", user), token)
	if err != nil {
		return
	}
	defer s.close()
	channel := rand.IntN(len(l.channels))
	if s.send(ctx, object{"type": "join", "userId": user, "username": user, "roomId": l.channels[channel], "timestamp": 1}) != nil {
		return
	}
	if _, err := s.until(ctx, "room_state"); err != nil {
		return
	}
	run := l.rec.Begin(history.Run{Subscriber: user, Channel: l.channels[channel], Numbering: history.ByID})
	for l.rest() {
		*said++
		text := fmt.Sprintf("post of %s, %d", user, *said)
		call := l.rec.Invoke(history.Op{Client: user, User: user, Kind: history.Post, Channel: l.channels[channel], Text: text})
		if s.send(ctx, object{"type": "message", "userId": user, "username": user, "content": text, "timestamp": 1}) != nil {
			return
		}
		for echo := false; !echo; {
			f, err := s.until(ctx, "message")
			if err != nil {
				return
			}
			run.Saw(history.Entry{Kind: chat.KindMessage, ID: f.ID, Sender: f.UserID, Text: f.Content})
			if echo = f.UserID == user && f.Content == text; echo {
				l.ok(call, channel, history.Answer{ID: f.ID})
			}
		}
	}
}

// talkConversations sends a message again, with the same temporary id, until
// it is acknowledged.
func (l *load) talkConversations(user, token string) {
	for said := 0; l.rest(); said++ {
		channel := rand.IntN(len(l.channels))
		op := history.Op{Client: user, User: user, Kind: history.Post, Channel: l.channels[channel], Text: fmt.Sprintf("post of %s, %d", user, said)}
		frame := object{"type": "message", "message": object{
			"id": fmt.Sprint("temp-", said), "conversationId": op.Channel, "senderId": user,
			"text": op.Text, "timestamp": 1, "status": "sending",
		}}
		call := l.rec.Invoke(op)
		ctx, cancel := context.WithTimeout(l.living, within)
		for {
			f, err := l.converse(ctx, user, token, frame)
			if err == nil {
				l.ok(call, channel, history.Answer{ID: f.MessageID})
				break
			}
			if !pause(ctx, rand.N(50*time.Millisecond)) {
				break
			}
		}
		cancel()
	}
}

// converse sends one message over a connection of its own.
func (l *load) converse(ctx context.Context, user, token string, message object) (*frame, error) {
	s, err := dial(ctx, l.url(), l.door("/chat", user), token)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.send(ctx, message); err != nil {
		return nil, err
	}
	f, err := s.until(ctx, "message_ack")
	if err != nil {
		return nil, err
	}
	if want := message["message"].(object)["id"]; f.TempID != want {
		shown, _ := json.Marshal(f)
		l.complain(f.ChannelID, "%s sent %v and was answered with %s", user, want, shown)
	}
	return f, nil
}
