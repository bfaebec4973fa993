package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/client"
)

// PostOptions say what is posted, and how long to wait.
type PostOptions struct {
	Options
	Text    string        // "": what the input says
	One     bool          // the whole input is one message, not one a line
	ReplyTo string        // the id of the message that is answered, or ""
	Within  time.Duration // what one message's ack may take, however many connections that needs
}

// mostInput bounds what is read for one message, in bytes: more than any
// message has, so that it is refused and not cut short.
const mostInput = 1 << 20

// Post posts what the input says and writes each message's id once it is
// stored, one a line. It ends with the first message that was refused or not
// confirmed in time: none after it was sent.
func Post(ctx context.Context, o PostOptions) error {
	p := poster{o: o}
	c, err := o.dial(client.Options{OnState: func(s client.Status) { p.trying.Store(&s) }})
	if err != nil {
		return err
	}
	defer c.Close()
	p.client = c
	switch {
	case o.Text != "":
		return p.post(ctx, o.Text, "the message")
	case o.One:
		text, err := io.ReadAll(io.LimitReader(o.Stdin, mostInput))
		if err != nil {
			return fmt.Errorf("read the input: %w", err)
		}
		return p.post(ctx, strings.TrimRight(string(text), "\r\n"), "the message")
	}
	input, ended := make(chan string), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Reading the input cannot be interrupted: this ends with the input or with
	// the process.
	go func() { ended <- read(ctx, o.Stdin, input) }()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case line, more := <-input:
			if !more {
				return <-ended
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			if err := p.post(ctx, line, fmt.Sprintf("line %d", n)); err != nil {
				return err
			}
		}
	}
}

type poster struct {
	o      PostOptions
	client *client.Client
	trying atomic.Pointer[client.Status] // how the connection stands
}

// post stores one message.
func (p *poster) post(ctx context.Context, text, what string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("there is nothing to post: the input is empty")
	}
	within, cancel := context.WithTimeout(ctx, p.o.Within)
	defer cancel()
	ack, err := p.client.Publish(within, p.o.Channel, client.Draft{Text: text, ParentID: p.o.ReplyTo})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return fmt.Errorf("%s was not confirmed: interrupted", what)
	case within.Err() != nil:
		err := fmt.Errorf("%s was not confirmed by %s within %v", what, p.o.URL, p.o.Within)
		if s := p.trying.Load(); s != nil && s.Err != nil {
			err = fmt.Errorf("%w: %w", err, root(s.Err))
		}
		return err
	default:
		return p.o.fault(what+" was not posted", p.client, err)
	}
	if _, err := fmt.Fprintln(p.o.Stdout, ack.ID); err != nil {
		return fmt.Errorf("write the id: %w", err)
	}
	return nil
}
