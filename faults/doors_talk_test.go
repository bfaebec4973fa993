package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
	"github.com/parley-chat/parley/internal/plain"
)

// mouth says one message at a door, on a connection of its own. What has a
// nonce there is said again until it is answered; what has none once.
type mouth struct {
	door   string
	nonced bool
	say    func(ctx context.Context, l *load, user, token string, op *history.Op) (history.Answer, error)
}

func mouths() []mouth {
	return []mouth{
		{"rest", true, sayOverREST},
		{"poll", true, sayByPoll},
		{"parley", true, sayAtParley},
		{"socketio", false, sayBySocketIO},
		{"threads", false, sayInThread},
	}
}

func (l *load) talkAtDoors() {
	for _, m := range mouths() {
		for i := range l.crowd.doors {
			l.post(fmt.Sprint(m.door, "-", i), func(user, token string) { l.talk(m, user, token) })
		}
	}
}

func (l *load) talk(m mouth, user, token string) {
	for said := 0; l.rest(); said++ {
		channel := rand.IntN(len(l.channels))
		op := history.Op{Client: user, User: user, Kind: history.Post, Channel: l.channels[channel], Text: fmt.Sprintf("post of %s, %d", user, said)}
		if m.nonced {
			op.Nonce = fmt.Sprint(user, "-", said)
		}
		call := l.rec.Invoke(op)
		ctx, cancel := context.WithTimeout(l.living, within)
		for {
			answer, err := m.say(ctx, l, user, token, &op)
			if err == nil {
				l.ok(call, channel, answer)
				break
			}
			if !m.nonced || !pause(ctx, rand.N(l.crowd.pace+1)) {
				break // it is not known
			}
		}
		cancel()
	}
}

// post asks with JSON, and wants JSON.
func (l *load) ask(ctx context.Context, path, token string, request, answer any) error {
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url()+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	r.Header, r.Close = bearer(token), true
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s: %s: %s", path, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}

func sayOverREST(ctx context.Context, l *load, _, token string, op *history.Op) (history.Answer, error) {
	var m frame
	err := l.ask(ctx, "/v1/channels/"+op.Channel+"/messages", token, object{"text": op.Text, "nonce": op.Nonce}, &m)
	return history.Answer{Seq: m.Seq, ID: m.ID}, err
}

func sayByPoll(ctx context.Context, l *load, _, token string, op *history.Op) (history.Answer, error) {
	var answer struct{ Frames []frame }
	err := l.ask(ctx, "/v1/poll", token, object{
		"leave": true, "frames": []object{{"type": "publish", "ref": 1, "channelId": op.Channel, "nonce": op.Nonce, "text": op.Text}},
	}, &answer)
	for _, f := range answer.Frames {
		if f.Type == "ack" {
			return history.Answer{Seq: f.Seq, ID: f.ID}, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("there is no ack in %+v", answer)
	}
	return history.Answer{}, err
}

func sayAtParley(ctx context.Context, l *load, _, token string, op *history.Op) (history.Answer, error) {
	line, err := plain.DialIO(ctx, l.url(), "/parley", fmt.Sprintf(`{"token":%q}`, token))
	if err != nil {
		return history.Answer{}, err
	}
	defer line.Close()
	return acked(ctx, line, fmt.Sprintf(`["publish",{"channelId":%q,"nonce":%q,"text":%q}]`, op.Channel, op.Nonce, op.Text))
}

func sayBySocketIO(ctx context.Context, l *load, _, token string, op *history.Op) (history.Answer, error) {
	line, err := plain.DialIO(ctx, l.url(), "/", fmt.Sprintf(`{"token":%q}`, token))
	if err != nil {
		return history.Answer{}, err
	}
	defer line.Close()
	return acked(ctx, line, fmt.Sprintf(`["join-room",%q]`, op.Channel), fmt.Sprintf(`["message",{"text":%q}]`, op.Text))
}

// acked sends events, and waits for the acknowledgement of the last.
func acked(ctx context.Context, line *plain.IO, events ...string) (history.Answer, error) {
	for _, event := range events {
		if err := line.Send(ctx, event); err != nil {
			return history.Answer{}, err
		}
	}
	for {
		data, err := line.Next(ctx)
		if err != nil {
			return history.Answer{}, err
		}
		var e []json.RawMessage
		var name string
		var n int
		if json.Unmarshal(data, &e) != nil || len(e) < 3 || json.Unmarshal(e[0], &name) != nil || name != "ack" ||
			json.Unmarshal(e[1], &n) != nil || n != len(events)-1 {
			continue
		}
		var ack struct {
			ID   string
			Seq  uint64
			Code chat.Code
		}
		if err := json.Unmarshal(e[2], &ack); err != nil || ack.Seq == 0 {
			return history.Answer{}, fmt.Errorf("acknowledged with %s: %w", data, err)
		}
		return history.Answer{Seq: ack.Seq, ID: ack.ID}, nil
	}
}

// sayInThread takes the echo of a message for its acknowledgement.
func sayInThread(ctx context.Context, l *load, user, token string, op *history.Op) (history.Answer, error) {
	line, err := plain.DialSocket(ctx, l.url()+"/threads", bearer(token))
	if err != nil {
		return history.Answer{}, err
	}
	defer line.Close()
	frame := fmt.Sprintf(`{"type":"send_message","threadId":%q,"message":%q,"token":%q}`, op.Channel, op.Text, token)
	if err := line.Send(ctx, frame); err != nil {
		return history.Answer{}, err
	}
	for {
		data, err := line.Next(ctx)
		if err != nil {
			return history.Answer{}, err
		}
		var f struct{ Type, ID, SenderID, Message string }
		if err := json.Unmarshal(data, &f); err != nil {
			return history.Answer{}, err
		}
		if f.Type == "message" && f.SenderID == user && f.Message == op.Text {
			return history.Answer{ID: f.ID}, nil
		}
	}
}
