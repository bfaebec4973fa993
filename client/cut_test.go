package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/internal/faultnet"
)

// breaking cuts connections at random until stop is called: all at once by FIN
// or RST, or the next ones after so many bytes. It does so less and less often,
// so that what is said under way comes to an end on a slow machine too.
func breaking(proxy *faultnet.Proxy, most int) (stop func()) {
	over := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-over:
				proxy.CutAfter(0)
				return
			case <-time.After(time.Duration(5+rand.IntN(30)+n) * time.Millisecond):
			}
			switch n % 3 {
			case 0:
				proxy.Cut()
			case 1:
				proxy.Reset()
			default:
				proxy.CutAfter(int64(500 + rand.IntN(most)))
			}
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		work.Wait()
	})
}

// write publishes messages; some are under way together, some are not.
func write(ctx context.Context, t *testing.T, c *client.Client, name, messages int) {
	var sent []*client.Pending
	for n := range messages {
		p, err := c.Send("general", client.Draft{Text: fmt.Sprintf("%d/%d", name, n)})
		if err != nil {
			t.Error(err)
			return
		}
		sent = append(sent, p)
		if n%10 == 0 {
			<-p.Done()
		}
	}
	for _, p := range sent {
		if _, err := p.Wait(ctx); err != nil {
			t.Error(err)
		}
	}
}

// By either transport a subscriber has the log, and it holds what was written,
// in the order in which each writer wrote.
func TestClient_LosesDoublesAndMisordersNothingWhenCutAtRandom(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		transport client.Transport
		messages  int
		most      int // bytes: an answer to a poll arrives whole or not at all, and the longest must fit now and then
	}{{client.WebSocket, 150, 8_000}, {client.Polling, 60, 150_000}} {
		t.Run(string(way.transport), func(t *testing.T) {
			t.Parallel()
			const writers = 3
			s, ctx := servePolls(t), within(t)
			proxy, address := through(t, s.server)
			use := func(o *client.Options) { o.Transport = way.transport }
			w := newWatcher(t)
			o := client.SubscribeOptions{Acks: true, Presence: way.transport == client.Polling}
			if _, err := dial(t, address, "bob", use).Subscribe(ctx, "general", o, w.handle); err != nil {
				t.Fatal(err)
			}
			stop := breaking(proxy, way.most)
			defer stop()
			var writing sync.WaitGroup
			for i := range writers {
				c := dial(t, address, fmt.Sprint("writer", i), use)
				writing.Go(func() { write(ctx, t, c, i, way.messages) })
			}
			writing.Wait()
			got := texts(t, w.until("all messages", some[*client.Message](way.messages*writers)))
			stop()
			if proxy.Accepted() < 6 {
				t.Errorf("only %d connections were made: nothing was cut", proxy.Accepted())
			}
			if diff := cmp.Diff(log(t, s.server, "general", way.messages*writers), got); diff != "" {
				t.Errorf("the subscriber's list is not the log: %s", diff)
			}
			inOrder(t, got, writers)
		})
	}
}

// inOrder wants each writer's messages to be 0, 1, 2 …
func inOrder(t *testing.T, texts []string, writers int) {
	t.Helper()
	next := make([]int, writers)
	for _, text := range texts {
		var i, n int
		if _, err := fmt.Sscanf(text, "%d/%d", &i, &n); err != nil {
			t.Fatal(err)
		}
		if n != next[i] {
			t.Fatalf("writer %d's message %d came in place of %d", i, n, next[i])
		}
		next[i]++
	}
}
