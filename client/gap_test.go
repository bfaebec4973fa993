package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// liar is a server that breaks the protocol: it leaves the event 2 out of what
// it sends live, and, as long as it says so, out of what it sends again.
type liar struct {
	mu        sync.Mutex
	positions []string // asked for
	again     int      // how often the event is left out after the first time
	published int      // the first time the connection breaks instead of an answer, then it is refused
}

func (l *liar) serve(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"parley.v1.json"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		l.talk(r.Context(), c)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func (l *liar) talk(ctx context.Context, c *websocket.Conn) {
	for {
		_, data, err := c.Read(ctx)
		if err != nil {
			return
		}
		var f struct {
			Type, Position string
			Ref            int
		}
		if json.Unmarshal(data, &f) != nil {
			return
		}
		answers := l.answer(f.Type, f.Position, f.Ref)
		if answers == nil {
			return
		}
		for _, answer := range answers {
			if c.Write(ctx, websocket.MessageText, []byte(answer)) != nil {
				return
			}
		}
	}
}

func (l *liar) answer(typ, position string, ref int) []string {
	message := func(seq int) string {
		return fmt.Sprintf(`{"type":"message","id":"m%d","channelId":"general","senderId":"x","text":"%d","createdAt":"2026-01-31T12:00:00.000Z","seq":%d,"sequence":%d}`, seq, seq, seq, seq-1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch typ {
	case "connect":
		return []string{fmt.Sprintf(`{"type":"connected","ref":%d,"session":"s","userId":"ada","guest":false,"protocol":1}`, ref)}
	case "publish":
		if l.published++; l.published == 1 {
			return nil
		}
		return []string{fmt.Sprintf(`{"type":"error","ref":%d,"code":"forbidden","message":"no more","retry":false}`, ref)}
	case "subscribe":
		l.positions = append(l.positions, position)
		at := "e:1"
		if position == "" {
			at = "e:0"
		}
		out := []string{fmt.Sprintf(`{"type":"subscribed","ref":%d,"channelId":"general","position":"%s","head":"e:3","role":"","cursor":{"delivered":0,"read":0}}`, ref, at)}
		switch {
		case position == "":
			return append(out, message(1), message(3), message(3))
		case l.again > 0:
			l.again--
			return append(out, `{"type":"level","channelId":"general","position":"e:3"}`)
		}
		return append(out, message(1), message(2), message(2), message(3), `{"type":"level","channelId":"general","position":"e:3"}`)
	}
	return nil
}

func TestSubscription_TellsOfAGapAndFillsIt(t *testing.T) {
	t.Parallel()
	for again := range 3 { // the last of them fills the gap only after a new connection
		t.Run(fmt.Sprint(again), func(t *testing.T) {
			t.Parallel()
			l := &liar{again: again}
			c := dial(t, l.serve(t), "ada", nil)
			w := newWatcher(t)
			if _, err := c.Subscribe(within(t), "general", client.SubscribeOptions{}, w.handle); err != nil {
				t.Fatal(err)
			}
			events := w.until("the end of the log", some[*client.Message](3))
			for i, m := range of[*client.Message](events) {
				if m.Seq != uint64(i+1) {
					t.Fatalf("out of order: %s", show(events))
				}
			}
			gaps := of[*client.Gap](events)
			if len(gaps) != again+1 || gaps[0].After != 1 || gaps[0].Got != 3 {
				t.Errorf("gaps: %s", show(events))
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, p := range l.positions[1:] {
				if p != "e:1" {
					t.Errorf("it asked again from %q", p)
				}
			}
		})
	}
}

func TestPublish_RefusedAfterAnAttemptWithoutAnAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	c := dial(t, new(liar).serve(t), "ada", nil)
	_, err := c.Publish(within(t), "general", client.Draft{Text: "x", Nonce: "n1"})
	unknown, ok := errors.AsType[*client.Unknown](err)
	if !ok || unknown.Nonce != "n1" || chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("got %v", err)
	}
	_, err = c.Publish(within(t), "general", client.Draft{Text: "y"})
	if _, unknown := errors.AsType[*client.Unknown](err); unknown || chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("refused at once: %v", err)
	}
}
