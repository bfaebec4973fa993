package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/parley-chat/parley/client"
)

const (
	shownAtFirst = 20                     // messages of the past
	pendingAfter = 700 * time.Millisecond // a message that takes longer is shown as waiting
	shownAgain   = 10 * time.Second       // how often the same user is shown typing
)

// lines is a conversation in plain lines, until the input ends, /quit, or ctx
// ends.
func lines(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := newTalk(o)
	var err error
	t.client, err = o.dial(client.Options{OnState: func(s client.Status) { t.put(ctx, s) }})
	if err != nil {
		return err
	}
	defer func() {
		cancel()
		t.client.Close()
		t.work.Wait()
	}()
	input, ended := make(chan string), make(chan error, 1)
	// Reading the input cannot be interrupted: this ends with the input or with
	// the process.
	go func() { ended <- read(ctx, o.Stdin, input) }()
	return t.run(ctx, input, ended)
}

// read sends the input's lines. It closes lines where the input ends or breaks,
// and not where ctx ends.
func read(ctx context.Context, r io.Reader, lines chan<- string) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, mostInput)
	for s.Scan() {
		select {
		case lines <- s.Text():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	close(lines)
	return s.Err()
}

// talk is one run of the terminal client. Its loop owns all that it holds.
type talk struct {
	o       Options
	client  *client.Client
	channel string
	screen  *paper
	typed   bool // the input is a person at a terminal
	updates chan any
	work    sync.WaitGroup

	me     string
	trying bool // there is no connection, and that was said
	people map[string]client.Presence
	typing map[string]time.Time // when a user was last shown typing
	mine   []*client.Message    // own messages that still stand, oldest first
	seen   uint64               // the seq of the last event that was shown

	waiting int    // lines without an ack
	newest  uint64 // the greatest seq that was acknowledged
	refused int
	broken  error // why the input ended early
}

func newTalk(o Options) *talk {
	return &talk{
		o: o, channel: o.Channel, screen: newPaper(o), typed: isTerminal(o.Stdin),
		updates: make(chan any), people: make(map[string]client.Presence), typing: make(map[string]time.Time),
	}
}

// posted is what became of one line.
type posted struct {
	text string
	ack  client.Ack
	err  error
}

// slow says that a line has waited for its ack for a while.
type slow struct{ text string }

// put hands v to the loop.
func (t *talk) put(ctx context.Context, v any) {
	select {
	case t.updates <- v:
	case <-ctx.Done():
	}
}

// run is the loop: first the past, then everything as it comes. Once lines is
// closed why says whether that was the input's end.
func (t *talk) run(ctx context.Context, lines <-chan string, why <-chan error) error {
	input := (<-chan string)(nil) // nothing is read before the past was shown
	ended := false
	for {
		if ended && t.waiting == 0 && t.seen >= t.newest {
			return t.result()
		}
		ready := input
		if !t.typed && t.waiting > 0 {
			ready = nil // one line after the other: their order is kept whatever happens
		}
		select {
		case <-ctx.Done():
			return t.interrupted()
		case line, more := <-ready:
			switch {
			case !more:
				input, ended, t.broken = nil, true, <-why
			case !t.typed:
				t.post(ctx, line)
			case t.command(ctx, line):
				return t.result()
			}
		case update := <-t.updates:
			switch u := update.(type) {
			case error:
				return u
			case *client.Page:
				t.past(u)
				input = lines
			default:
				if err := t.update(ctx, u); err != nil {
					return err
				}
			}
		}
		if input != nil && t.typed {
			t.screen.prompt()
		}
	}
}

// begin reads the last messages and subscribes to what follows them.
func (t *talk) begin(ctx context.Context) {
	page, err := t.client.History(ctx, t.channel, client.Range{Limit: shownAtFirst})
	if err != nil {
		t.put(ctx, t.fault(err))
		return
	}
	t.put(ctx, page)
	o := client.SubscribeOptions{From: page.Head, Presence: true, ResetToHead: true}
	if _, err := t.client.Subscribe(ctx, t.channel, o, func(e client.Event) { t.put(ctx, e) }); err != nil {
		t.put(ctx, t.fault(err))
	}
}

func (t *talk) fault(err error) error { return t.o.fault("", t.client, err) }

func (t *talk) past(page *client.Page) {
	t.seen = page.Head.Seq
	for _, m := range page.Messages {
		t.message(m)
	}
}

// post sends a line. Its fate comes as an update.
func (t *talk) post(ctx context.Context, line string) {
	if strings.TrimSpace(line) == "" {
		return
	}
	p, err := t.client.Send(t.channel, client.Draft{Text: line})
	if err != nil {
		t.sent(posted{text: line, err: err})
		return
	}
	t.waiting++
	t.work.Go(func() {
		timer := time.NewTimer(pendingAfter)
		defer timer.Stop()
		select {
		case <-p.Done():
		case <-timer.C:
			t.put(ctx, slow{line})
		case <-ctx.Done():
		}
		ack, err := p.Wait(ctx)
		t.put(ctx, posted{line, ack, err})
	})
}

func (t *talk) sent(p posted) {
	if p.err != nil {
		t.refused++
		t.screen.alert("not sent: %s (%v)", p.text, p.err)
		return
	}
	t.newest = max(t.newest, p.ack.Seq)
}

// result is what the process ends with.
func (t *talk) result() error {
	var refused, broken error
	if t.refused > 0 {
		refused = fmt.Errorf("%d messages were not sent", t.refused)
	}
	if t.broken != nil {
		broken = fmt.Errorf("read the input: %w", t.broken)
	}
	return errors.Join(refused, broken)
}

func (t *talk) interrupted() error {
	if t.waiting > 0 {
		return fmt.Errorf("%d messages were not confirmed", t.waiting)
	}
	return t.result()
}
