package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
)

// returning is how a client of a JSON dialect enters a channel at a position,
// and what a frame tells it.
type returning struct {
	path  string
	enter func(position string) string
	read  func(frame map[string]any) (position, text string)
}

func returnings() map[string]returning {
	str := func(v any) string { s, _ := v.(string); return s }
	return map[string]returning{
		"rooms": {
			path: "/rooms?userId=ada",
			enter: func(p string) string {
				return fmt.Sprintf(`{"type":"join","userId":"ada","username":"Ada","roomId":"seam","position":%q}`, p)
			},
			read: func(f map[string]any) (string, string) { return str(f["position"]), str(f["content"]) },
		},
		"threads": {
			path:  "/threads?userId=ada",
			enter: func(p string) string { return fmt.Sprintf(`{"type":"join_thread","threadId":"seam","position":%q}`, p) },
			read:  func(f map[string]any) (string, string) { return str(f["position"]), str(f["message"]) },
		},
		"threads at /": {
			path:  "/?userId=ada",
			enter: func(p string) string { return fmt.Sprintf(`{"type":"join_thread","threadId":"seam","position":%q}`, p) },
			read:  func(f map[string]any) (string, string) { return str(f["position"]), str(f["message"]) },
		},
		"conversations": {
			path: "/chat?userId=ada",
			enter: func(p string) string {
				return fmt.Sprintf(`{"type":"subscribe","conversationId":"seam","position":%q}`, p)
			},
			read: func(f map[string]any) (string, string) {
				m, _ := f["message"].(map[string]any)
				return str(f["position"]), str(m["text"])
			},
		},
	}
}

// A client that is cut off at random, and goes on from the last position it was
// told, misses nothing and gets nothing twice.
func TestNoSeam_AtTheJSONDoors(t *testing.T) {
	t.Parallel()
	const messages = 300
	for name, way := range returnings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dev)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			seed := rand.Uint64()
			dice := rand.New(rand.NewPCG(seed, 1))
			c := &comeback{t: t, way: way, url: b.url, seed: seed, want: messages}
			for c.position == "" { // where it begins
				c.visit(ctx, 1)
			}
			wrote := make(chan error, 1)
			go func() { wrote <- b.write(ctx, "seam", messages) }()
			for c.got < messages {
				c.visit(ctx, dice.IntN(40))
			}
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// write posts numbered messages, with what clients are not told of in between.
func (b *bundle) write(ctx context.Context, channel string, n int) error {
	id := chat.Identity{Project: chat.DefaultProject, User: "bob", Scopes: []string{chat.ScopeRead, chat.ScopeSend}}
	for i := range n {
		c, err := b.hub.Post(ctx, &id, chat.Post{Channel: channel, Body: fmt.Appendf(nil, `"%d"`, i)})
		if err != nil {
			return err
		}
		if i%3 == 0 {
			if _, err := b.hub.React(ctx, &id, chat.React{Channel: channel, ID: c.Event.ID, Name: "+1", On: true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// comeback is a client, and what it has got over all its connections.
type comeback struct {
	t        *testing.T
	way      returning
	url      string
	position string
	seed     uint64
	got      int // messages, in their order
	want     int // how many there will be
}

// visit connects, enters where it left off, reads so many frames, if there are
// so many, and is cut.
func (c *comeback) visit(ctx context.Context, frames int) {
	c.t.Helper()
	conn, _, err := websocket.Dial(ctx, c.url+c.way.path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte(c.way.enter(c.position))); err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < frames && c.got < c.want; i++ {
		_, data, err := conn.Read(ctx)
		if err != nil {
			c.t.Fatal(err)
		}
		var frame map[string]any
		if err := json.Unmarshal(data, &frame); err != nil {
			c.t.Fatal(err)
		}
		if frame["type"] == "error" {
			c.t.Fatalf("at %q: %s", c.position, data)
		}
		position, text := c.way.read(frame)
		if position != "" {
			c.position = position
		}
		if text == "" {
			continue
		}
		if text != fmt.Sprint(c.got) {
			c.t.Fatalf("seed %d: at %q, in place of message %d: %s", c.seed, c.position, c.got, data)
		}
		c.got++
	}
}
