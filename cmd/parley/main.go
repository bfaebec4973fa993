// Command parley is the server and what belongs to it: docs/ says how it is run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set when the binary is built: see the Makefile.
var version = "devel"

// cli is the command line: each flag is also PARLEY_… in the environment and,
// of serve, a key of its --config.
type cli struct {
	Serve   Serve       `cmd:"" help:"Run the server."`
	Token   TokenMaker  `cmd:"" help:"Mint a user's token."`
	Key     keyCommand  `cmd:"" help:"Make, list, rotate and revoke a project's keys."`
	Chat    chatCommand `cmd:"" help:"Talk in a channel, from a terminal or a pipe."`
	Bench   Bench       `cmd:"" help:"Measure a server, beside floors that do the least that can be done."`
	Config  Config      `cmd:"" help:"Check the server's settings, and show them."`
	Inspect Inspect     `cmd:"" help:"Look at what a stopped server, or a backup, holds."`
	Backup  Backup      `cmd:"" help:"Copy a server's data, whether it runs or not, and verify the copy."`
	Restore Restore     `cmd:"" help:"Make a data folder of a backup."`
	Version Version     `cmd:"" help:"Say which version this is."`
}

// process is what a command may touch of the process that it runs in.
type process struct {
	args           []string
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	settings       settings // of the command that was chosen
}

func main() {
	// The first signal drains; stop gives the second its usual meaning.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	p := &process{args: os.Args[1:], getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if err := run(ctx, p); err != nil {
		fmt.Fprintln(os.Stderr, "parley:", err)
		os.Exit(1)
	}
}

// run parses the command line and does what it says, until that is done or
// ctx ends.
func run(ctx context.Context, p *process) error {
	var c cli
	exited := false
	from := &origins{getenv: p.getenv}
	parser, err := kong.New(&c,
		kong.Name("parley"),
		kong.Description("A messaging server: what was acknowledged is on disk, in one order, and nobody misses any of it."),
		kong.DefaultEnvars("PARLEY"),
		kong.Resolvers(from),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { exited = true }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return fmt.Errorf("the command line's grammar: %w", err)
	}
	parsed, err := parser.Parse(p.args)
	if exited {
		return nil // the help was asked for, and given
	}
	if failed, ok := errors.AsType[*kong.ParseError](err); ok {
		return settingsOf(failed.Context, from).blame(err)
	}
	if err != nil {
		return err
	}
	p.settings = settingsOf(parsed, from)
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(p)
}

// Version prints the version.
type Version struct{}

// Run prints it.
func (Version) Run(p *process) error {
	_, err := fmt.Fprintln(p.stdout, "parley", version)
	return err
}
