package terminal

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-chat/parley/client"
)

// TailOptions say what is written, and when to end.
type TailOptions struct {
	Options
	JSON  bool
	After *uint64 // what comes after this seq, the past included; nil: what comes from now on
	Count int     // end after so many; 0: never
}

// Tail writes a channel's log as it grows, each entry once and in order
// whatever happens to the connection: messages as lines, or with JSON every
// event as one object a line. It ends with ctx, after Count, or where the log
// cannot be followed.
func Tail(ctx context.Context, o TailOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &tail{o: o, paper: newPaper(o.Options), events: make(chan client.Event), states: make(chan client.Status)}
	var err error
	t.client, err = o.dial(client.Options{OnState: func(s client.Status) {
		select {
		case t.states <- s:
		case <-ctx.Done():
		}
	}})
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	work.Go(func() {
		readerGone(ctx, o.Stdout)
		cancel()
	})
	err = t.run(ctx)
	cancel()
	t.client.Close()
	work.Wait()
	return err
}

type tail struct {
	o       TailOptions
	client  *client.Client
	paper   *paper
	events  chan client.Event
	states  chan client.Status
	trying  bool
	written int
}

func (t *tail) run(ctx context.Context) error {
	begun := make(chan error, 1)
	go func() { begun <- t.begin(ctx) }()
	for t.o.Count == 0 || t.written < t.o.Count {
		select {
		case <-ctx.Done():
			return nil
		case err := <-begun:
			if err != nil && ctx.Err() == nil {
				return t.o.fault("#"+t.o.Channel, t.client, err)
			}
		case s := <-t.states:
			if err := t.state(s); err != nil {
				return err
			}
		case e := <-t.events:
			if err := t.event(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin subscribes. Which epoch the log is in only the server knows: a page
// tells it.
func (t *tail) begin(ctx context.Context) error {
	o := client.SubscribeOptions{}
	if t.o.After != nil {
		page, err := t.client.History(ctx, t.o.Channel, client.Range{Limit: 1})
		if err != nil {
			return err
		}
		o.From = client.Position{Epoch: page.Head.Epoch, Seq: *t.o.After}
	}
	_, err := t.client.Subscribe(ctx, t.o.Channel, o, func(e client.Event) {
		select {
		case t.events <- e:
		case <-ctx.Done():
		}
	})
	return err
}

func (t *tail) state(s client.Status) error {
	switch {
	case s.State == client.Closed && s.Err != nil:
		return t.o.fault("", t.client, s.Err)
	case s.State == client.Connected && t.trying:
		t.trying = false
		t.paper.status("connected")
	case s.State != client.Connected && s.Err != nil && !t.trying:
		t.trying = true
		t.paper.status("no connection to %s (%v); trying again until there is one", t.o.URL, root(s.Err))
	}
	return nil
}

func (t *tail) event(e client.Event) error {
	switch e := e.(type) {
	case *client.Reset:
		t.paper.alert("the log cannot be resumed (%s): from %s on it is complete again", e.Reason, e.From)
	case *client.Dropped:
		return fmt.Errorf("#%s: %w", oneLine(t.o.Channel), e.Err)
	case client.Logged:
		return t.logged(e)
	}
	return nil
}

func (t *tail) logged(e client.Logged) error {
	if t.o.JSON {
		line, err := line(e)
		if err != nil {
			return err
		}
		if _, err := t.o.Stdout.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write an event: %w", err)
		}
		t.written++
		return nil
	}
	m, ok := e.(*client.Message)
	if !ok || !m.DeletedAt.IsZero() {
		return nil
	}
	t.written++
	t.paper.message(m.CreatedAt, m.SenderID, orElse(m.SenderName, m.SenderID), m.Text, false)
	return t.paper.err
}

// line is an event as the native protocol writes it: members that say nothing
// are left out.
func line(e client.Logged) ([]byte, error) {
	raw, err := json.Marshal(e)
	if o, ok := e.(*client.Other); ok {
		raw, err = o.Raw, nil
	}
	if err != nil {
		return nil, fmt.Errorf("an event as JSON: %w", err)
	}
	out := []byte("{")
	member := func(name, value []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	if kind := kind(e); kind != "" {
		member([]byte(`"type"`), []byte(`"`+kind+`"`))
	}
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	if _, err := d.ReadToken(); err != nil {
		return nil, fmt.Errorf("an event as JSON: %w", err)
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("an event as JSON: %w", err)
		}
		name = name.Clone() // the decoder's own is gone with the next
		value, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("an event as JSON: %w", err)
		}
		if !empty(string(name), string(value)) {
			member(name, value)
		}
	}
	return escape(append(out, '}')), nil
}

// empty reports a member that the protocol leaves out.
func empty(name, value string) bool {
	switch value {
	case "null", `""`, "[]", `"0001-01-01T00:00:00Z"`:
		return true
	case "0":
		return name == `"editSeq"` || name == `"notesSeq"`
	case "false":
		return name == `"redelivered"` || name == `"deleted"`
	}
	return false
}

// escape writes what a terminal would obey, which in JSON is inside of strings
// only, as \u escapes.
func escape(line []byte) []byte {
	if plain(string(line)) == string(line) {
		return line
	}
	var out []byte
	for _, r := range string(line) {
		if r <= 0xFFFF && plain(string(r)) != string(r) {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// kind is the type of the frame that e was.
func kind(e client.Logged) string {
	switch e.(type) {
	case *client.Message:
		return "message"
	case *client.Update:
		return "message.update"
	case *client.Deletion:
		return "message.delete"
	case *client.Reaction:
		return "reaction"
	case *client.Pin:
		return "pin"
	case *client.KeyChange:
		return "state"
	case *client.Member:
		return "member"
	}
	return "" // what it was is in it
}
