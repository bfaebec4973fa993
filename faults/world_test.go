package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// world is one channel with who is in it.
type world struct {
	t       *testing.T
	ctx     context.Context
	server  *server
	rng     *rand.Rand
	writers []*client.Client
	channel string
	stayer  *spectator
	crowd   []*spectator

	mu       sync.Mutex
	messages []string // ids, deleted ones too
}

func (w *world) client(user string) *client.Client {
	c, err := client.New(client.Options{URL: w.server.url(), UserID: user})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return c
}

// move begins another channel: pages stay short enough to compare them often.
func (w *world) move(channel string) {
	for _, r := range append(w.crowd, w.stayer) {
		if r != nil && r.there() {
			r.leave()
		}
	}
	w.channel, w.messages, w.crowd = channel, nil, nil
	w.stayer = &spectator{name: "stayer", client: w.client("stayer-of-" + channel)}
	w.stayer.come(w)
	for i := range returners {
		name := fmt.Sprint(channel, "-returner-", i)
		w.crowd = append(w.crowd, &spectator{name: name, client: w.client(name)})
	}
}

// comeBack has about half of those who are away come, and names everybody who
// is there then.
func (w *world) comeBack() []*spectator {
	var group sync.WaitGroup
	var there []*spectator
	for _, r := range w.crowd {
		switch {
		case r.there():
			there = append(there, r)
		case w.rng.IntN(2) == 0:
			there = append(there, r)
			r.polls = w.rng.IntN(3) == 0 // else by WebSocket
			group.Go(func() { r.come(w) })
		}
	}
	group.Wait()
	return there
}

// writeWhile changes the channel n times while f runs, and waits for both.
func (w *world) writeWhile(n int, f func() []*spectator) []*spectator {
	var group sync.WaitGroup
	for i, c := range w.writers {
		rng := rand.New(rand.NewPCG(w.rng.Uint64(), uint64(i)))
		group.Go(func() {
			for range n / len(w.writers) {
				if err := w.change(c, rng); err != nil && !expected(err) {
					w.t.Errorf("a change: %v", err)
				}
			}
		})
	}
	back := f()
	group.Wait()
	return back
}

// expected reports errors that the random changes deserve.
func expected(err error) bool {
	switch chat.CodeOf(err) {
	case chat.CodeNotFound, chat.CodeDeleted, chat.CodeForbidden: // another's message
		return true
	}
	return false
}

func (w *world) some(rng *rand.Rand) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.messages) == 0 {
		return "00000000-0000-7000-8000-000000000000"
	}
	return w.messages[rng.IntN(len(w.messages))]
}

// change does one thing of all that there are.
func (w *world) change(c *client.Client, rng *rand.Rand) error {
	id, key := w.some(rng), fmt.Sprint("key-", rng.IntN(4))
	var err error
	switch rng.IntN(12) {
	case 0, 1, 2:
		return w.publish(c, client.Draft{Text: fmt.Sprint("message ", rng.Uint32())})
	case 3:
		return w.publish(c, client.Draft{Text: fmt.Sprint("reply ", rng.Uint32()), ParentID: id})
	case 4:
		_, err = c.Edit(w.ctx, w.channel, id, client.Draft{Text: fmt.Sprint("edited ", rng.Uint32())})
	case 5:
		_, err = c.Delete(w.ctx, w.channel, id)
	case 6, 7, 8:
		_, err = c.React(w.ctx, w.channel, id, []string{"👍", "🎉", "👀"}[rng.IntN(3)], rng.IntN(3) > 0)
	case 9:
		_, err = c.PutMember(w.ctx, w.channel, client.Standing{Role: chat.Ordinary})
		if err == nil {
			_, err = c.Pin(w.ctx, w.channel, id, rng.IntN(3) > 0)
		}
	case 10:
		_, err = c.AddState(w.ctx, w.channel, "count", int64(rng.IntN(9)), client.StateOptions{})
	case 11:
		if rng.IntN(4) == 0 {
			_, err = c.DeleteState(w.ctx, w.channel, key, client.StateOptions{})
		} else {
			_, err = c.SetState(w.ctx, w.channel, key, fmt.Appendf(nil, "%d", rng.Uint32()), client.StateOptions{})
		}
	}
	return err
}

func (w *world) publish(c *client.Client, d client.Draft) error {
	ack, err := c.Publish(w.ctx, w.channel, d)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages = append(w.messages, ack.ID)
	return nil
}

func (w *world) head() uint64 {
	p, err := w.writers[0].History(w.ctx, w.channel, client.Range{Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Head.Seq
}

// compareWithServer holds what was replayed against what is read at once.
func (w *world) compareWithServer(stayed string) {
	w.t.Helper()
	page, err := w.writers[0].History(w.ctx, w.channel, client.Range{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	snapshot, err := w.writers[0].State(w.ctx, w.channel)
	if err != nil {
		w.t.Fatal(err)
	}
	var v client.View
	if !v.AddPage(page) || !v.AddState(snapshot) {
		w.t.Fatal("a view that is empty takes neither a page nor a snapshot")
	}
	if got := told(&v, new(words)); got != stayed {
		w.t.Fatalf("the server says\n%s\nthe one who stayed:\n%s", got, stayed)
	}
}
