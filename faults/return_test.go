package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

const (
	returners     = 50
	returnChannel = 20 // rounds until everybody moves on to another channel
	returnChanges = 8  // in a round
)

// Somebody stays, others come and go while messages are posted, edited,
// deleted, answered, reacted to and pinned, and keys are set, counted and
// deleted. Whoever comes back, at whatever place and by whichever door, has the
// state of the one who stayed; and both have what a page and a snapshot of the
// server say.
func TestReturn_WhoComesBackAnywhereHasTheStateOfOneWhoStayed(t *testing.T) {
	t.Parallel()
	s := newServer(t, build(t), t.TempDir(), "--dev")
	s.mustStart()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	w := &world{t: t, ctx: ctx, server: s, rng: rand.New(rand.NewPCG(7, uint64(made(t).returns)))}
	for i := range 4 {
		w.writers = append(w.writers, w.client(fmt.Sprint("writer-", i)))
	}
	cases, replayed := 0, uint64(0)
	for round := 0; cases < made(t).returns; round++ {
		if round%returnChannel == 0 {
			w.move(fmt.Sprint("return-", round/returnChannel))
		}
		back := w.writeWhile(returnChanges, w.comeBack)
		head := w.head()
		stayed := w.stayer.at(w, head)
		for _, r := range back {
			if got := r.at(w, head); got != stayed {
				t.Fatalf("%s, who came back at %d, differs at %d:\n%s\nthe one who stayed:\n%s", r.name, r.from, head, got, stayed)
			}
			cases++
			replayed += head - r.from
			if w.rng.IntN(3) > 0 {
				r.leave()
			}
		}
		if round%returnChannel == returnChannel-1 {
			w.compareWithServer(stayed)
		}
	}
	t.Logf("%d came back, %d events in all", cases, replayed)
}

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

// spectator is somebody with a view of the channel.
type spectator struct {
	name   string
	client *client.Client
	sub    *client.Subscription
	polls  bool   // it came by long-polling, through no client
	poll   string // the name of that session; "": none
	from   uint64 // where it was when it came

	mu    sync.Mutex
	view  client.View
	words words
	seq   uint64
	news  chan struct{} // closed and replaced by each event
}

func (r *spectator) there() bool { return r.sub != nil || r.polls }

// come goes on where the spectator left.
func (r *spectator) come(w *world) {
	r.mu.Lock()
	if r.news == nil {
		r.news = make(chan struct{})
	}
	o := client.SubscribeOptions{From: r.view.Position()}
	r.from = r.seq
	r.mu.Unlock()
	if o.From.IsZero() {
		o.FromStart, r.polls = true, false // only the log's end can be polled for without a position
	}
	if r.polls {
		r.ask(w, 0)
		return
	}
	sub, err := r.client.Subscribe(w.ctx, w.channel, o, r.handle)
	if err != nil {
		w.t.Errorf("%s cannot come back: %v", r.name, err)
		return
	}
	r.sub = sub
}

func (r *spectator) leave() {
	if r.sub != nil {
		r.sub.Close()
	}
	r.sub, r.polls, r.poll = nil, false, ""
}

// ask is one poll, held for so long if there is nothing.
func (r *spectator) ask(w *world, hold time.Duration) {
	body, err := json.Marshal(object{
		"session": r.poll, "hold": hold.Milliseconds(),
		"subscriptions": []object{{"channelId": w.channel, "position": r.view.Position().String()}},
	})
	if err != nil {
		w.t.Error(err)
		return
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.server.url()+"/v1/poll?userId="+r.name, bytes.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Errorf("%s polls: %v", r.name, err)
		return
	}
	defer resp.Body.Close()
	var answer struct {
		Session string            `json:"session"`
		Frames  []json.RawMessage `json:"frames"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Errorf("%s polls: %s, %v", r.name, resp.Status, err)
		return
	}
	r.poll = answer.Session
	for _, f := range answer.Frames {
		e, err := logged(f)
		if err != nil {
			w.t.Errorf("%s polled %s: %v", r.name, f, err)
		}
		if e != nil {
			r.handle(e)
		}
	}
}

// logged is a frame as an entry of the log, or nil if it is none.
func logged(data []byte) (client.Event, error) {
	var f struct {
		Type string `json:"type"`
		Code string `json:"code"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	kinds := map[string]client.Event{
		"message": new(client.Message), "message.update": new(client.Update), "message.delete": new(client.Deletion),
		"reaction": new(client.Reaction), "pin": new(client.Pin), "state": new(client.KeyChange), "member": new(client.Member),
	}
	if f.Type == "error" {
		return nil, errors.New(f.Code)
	}
	e := kinds[f.Type]
	if e == nil {
		return nil, nil
	}
	return e, json.Unmarshal(data, e)
}

func (r *spectator) handle(e client.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.Apply(e)
	if logged, ok := e.(client.Logged); ok {
		r.seq = logged.Place()
		close(r.news)
		r.news = make(chan struct{})
	}
}

// at waits until the spectator is at seq, and is what it sees there.
func (r *spectator) at(w *world, seq uint64) string {
	w.t.Helper()
	for {
		r.mu.Lock()
		if r.seq >= seq {
			defer r.mu.Unlock()
			return told(&r.view, &r.words)
		}
		news, now := r.news, r.seq
		r.mu.Unlock()
		if r.polls {
			r.ask(w, time.Second)
			continue
		}
		select {
		case <-news:
		case <-w.ctx.Done():
			w.t.Fatalf("%s stays at %d, short of %d", r.name, now, seq)
		}
	}
}

// words are what messages look like. A view's messages never change, so most
// of them need not be put into words again.
type words map[*client.Message]string

// told is a view in words: everything that a person could see of it. Those that
// were known are looked up; of what is told now they are all.
func told(v *client.View, known *words) string {
	var out strings.Builder
	line := func(x any) string {
		b, err := json.Marshal(x)
		if err != nil {
			panic(err)
		}
		return string(b) + "\n"
	}
	now := make(words, len(*known))
	for _, m := range v.Messages() {
		said, ok := (*known)[m]
		if !ok {
			seen := *m
			seen.NotesSeq, seen.Redelivered = 0, false
			said = line(seen)
		}
		now[m] = said
		out.WriteString(said)
	}
	*known = now
	for _, k := range v.Keys() {
		out.WriteString(line(k))
	}
	return out.String()
}
