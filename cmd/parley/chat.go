package main

import (
	"context"
	"strings"
	"time"

	"github.com/parley-chat/parley/cmd/parley/terminal"
)

// chatCommand is the terminal client.
type chatCommand struct {
	Talk talkCommand `cmd:"" default:"withargs" help:"Talk in a channel: parley chat general is enough."`
	Post postCommand `cmd:"" help:"Post what the input says, and print the ids."`
	Tail tailCommand `cmd:"" help:"Print a channel's messages as they come."`

	URL   string `default:"http://127.0.0.1:8080" placeholder:"URL" help:"The server. Default: http://127.0.0.1:8080."`
	Token string `secret:"" placeholder:"TOKEN" help:"The token that says who you are."`
	User  string `placeholder:"ID" help:"Who you are, for a server with --dev. Default: your login name."`
	Name  string `placeholder:"NAME" help:"What to call you, for a server with --dev."`
}

// options are what all of its commands have in common.
func (c *chatCommand) options(p *process, channel string) terminal.Options {
	return terminal.Options{
		URL: c.URL, Token: c.Token, UserID: c.User, UserName: c.Name, Channel: channel,
		Stdin: p.stdin, Stdout: p.stdout, Stderr: p.stderr, Getenv: p.getenv,
	}
}

type talkCommand struct {
	Channel string `arg:"" optional:"" default:"general" help:"The channel. Default: general."`
	Lines   bool   `help:"Plain lines in place of a whole screen, as for a screen reader. So it is without a terminal."`
}

// Run talks until the input ends, /quit, or ctx ends. Where the input is no
// terminal each line is posted as it is, and it fails if one was refused.
func (c *talkCommand) Run(ctx context.Context, p *process, chat *chatCommand) error {
	o := chat.options(p, c.Channel)
	o.Lines = c.Lines
	return terminal.Talk(ctx, o)
}

type postCommand struct {
	Channel string        `arg:"" help:"The channel."`
	Text    []string      `arg:"" optional:"" help:"The message. Without it each line of the input is one."`
	One     bool          `env:"-" help:"The whole input is one message."`
	ReplyTo string        `env:"-" placeholder:"ID" help:"The message that is answered."`
	Within  time.Duration `default:"30s" env:"-" help:"How long to wait for each message to be stored. Default: 30s."`
}

// Run posts, and prints each message's id once it is stored.
func (c *postCommand) Run(ctx context.Context, p *process, chat *chatCommand) error {
	return terminal.Post(ctx, terminal.PostOptions{
		Options: chat.options(p, c.Channel), Text: strings.Join(c.Text, " "), One: c.One, ReplyTo: c.ReplyTo, Within: c.Within,
	})
}

type tailCommand struct {
	Channel string  `arg:"" help:"The channel."`
	JSON    bool    `name:"json" env:"-" help:"Every event, as one JSON object a line: the native protocol's frames."`
	After   *uint64 `env:"-" placeholder:"SEQ" help:"Begin after this seq, 0 for everything that is kept. Default: what comes from now on."`
	Count   int     `env:"-" placeholder:"N" help:"End after so many. Default: never."`
}

// Run prints until there were enough, or ctx ends.
func (c *tailCommand) Run(ctx context.Context, p *process, chat *chatCommand) error {
	return terminal.Tail(ctx, terminal.TailOptions{
		Options: chat.options(p, c.Channel), JSON: c.JSON, After: c.After, Count: c.Count,
	})
}
