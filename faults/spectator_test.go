package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parley-chat/parley/client"
)

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
