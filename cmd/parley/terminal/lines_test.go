package terminal

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/client"
)

// After a restore the log ends before what was acknowledged: that does not
// come any more, and is not waited for.
func TestLines_EndAfterALogThatWasSetBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		o := Options{URL: "http://nowhere", UserID: "ada", Channel: "general", Stdout: io.Discard, Stderr: io.Discard}
		c, err := o.dial(client.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("there is no network")
		}})
		if err != nil {
			t.Fatal(err)
		}
		talk := newTalk(o)
		talk.client, talk.waiting = c, 1
		defer func() {
			cancel()
			c.Close()
			talk.work.Wait()
		}()
		input, why, done := make(chan string), make(chan error, 1), make(chan error)
		go func() { done <- talk.run(ctx, input, why) }()
		talk.put(ctx, &client.Page{Head: client.Position{Epoch: "e", Seq: 99}})
		talk.put(ctx, posted{ack: client.Ack{Seq: 100}})
		talk.put(ctx, &client.Reset{Reason: "epoch"})
		talk.put(ctx, &client.Page{Head: client.Position{Epoch: "f", Seq: 50}})
		why <- nil
		close(input)
		if err := <-done; err != nil || ctx.Err() != nil {
			t.Errorf("it ends with %v, %v", err, ctx.Err())
		}
	})
}
