package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
)

// Options say who talks where, and on what. URL and Channel are needed.
type Options struct {
	URL      string
	Token    string // who one is; without one UserID and UserName are told, which a server with --dev believes
	UserID   string // "": the login name, where there is no Token
	UserName string
	Channel  string
	Lines    bool // plain lines, even where there is a screen

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string // nil: nothing is set
	Now            func() time.Time    // nil: time.Now
}

// Talk shows a conversation until it is left or ctx ends. Where the input or
// the output is no terminal it is plain lines: each line of the input is
// posted, and the error says how many were refused.
func Talk(ctx context.Context, o Options) error {
	if !o.Lines && isTerminal(o.Stdin) && isTerminal(o.Stdout) && o.getenv("TERM") != "dumb" {
		return screen(ctx, o)
	}
	return lines(ctx, o)
}

func (o *Options) getenv(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}

func (o *Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// dial starts a client, of which who calls sets what it is to be told.
func (o *Options) dial(c client.Options) (*client.Client, error) {
	c.URL, c.Token = o.URL, o.Token
	if o.Token == "" {
		c.UserID, c.UserName = o.UserID, o.UserName
		if c.UserID == "" {
			c.UserID = orElse(o.getenv("USER"), "somebody")
		}
	}
	started, err := client.New(c)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	return started, nil
}

// fault is err as it is told to the user who did what: why the client gave up,
// if it did.
func (o *Options) fault(what string, c *client.Client, err error) error {
	if why := c.Err(); why != nil {
		err = why
	}
	switch chat.CodeOf(err) {
	case chat.CodeUnauthorized:
		return fmt.Errorf("%w\n(`parley token --user NAME` mints one, for --token or PARLEY_TOKEN)", err)
	case chat.CodeTokenExpired:
		return fmt.Errorf("%w\n(`parley token --user NAME` mints another)", err)
	}
	if what != "" {
		return fmt.Errorf("%s: %w", oneLine(what), err)
	}
	return err
}

// root is what went wrong, without what was being done.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if _, told := err.(*chat.Error); next == nil || told { //nolint:errorlint // this link of the chain, not those behind it
			return err
		}
		err = next
	}
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
