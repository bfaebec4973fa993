// Command bot answers commands in a channel of a Parley server. It goes on
// where it was when it was stopped or killed: every command is answered, and
// none twice.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/parley-chat/parley/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil {
		fmt.Fprintln(os.Stderr, "bot:", err)
		os.Exit(1)
	}
}

// run answers until ctx ends or the server wants the bot no more.
func run(ctx context.Context, log *slog.Logger) error {
	url := flag.String("url", "http://127.0.0.1:8080", "the server")
	user := flag.String("user", "bot", "the bot's name, which a server with --dev believes; elsewhere PARLEY_TOKEN says it")
	channel := flag.String("channel", "general", "where it answers")
	file := flag.String("position", "bot.position", "the file that keeps how far it has come")
	flag.Parse()

	o := client.Options{URL: *url, Logger: log}
	if o.Token = os.Getenv("PARLEY_TOKEN"); o.Token == "" {
		o.UserID = *user
	}
	c, err := client.New(o)
	if err != nil {
		return err
	}
	defer c.Close()

	place := position(*file)
	from, err := place.load()
	if err != nil {
		return err
	}
	b := &bot{ctx: ctx, channel: *channel, publish: c.Publish, place: place, log: log, failed: make(chan error, 1)}
	if _, err := c.Subscribe(ctx, *channel, client.SubscribeOptions{From: from}, b.handle); err != nil {
		return err
	}
	log.Info("listening", "channel", *channel, "from", from)
	select {
	case err := <-b.failed:
		if ctx.Err() == nil {
			return err
		}
		return nil
	case <-ctx.Done():
		return nil
	}
}
