package pebble

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/parley-chat/parley/chat"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ch := chat.ChannelID{Project: "p", Name: "general"}
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Add(1)
		s.Append(&chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: "ann", Body: []byte(`"x"`), Nonce: fmt.Sprint(i)}, func(c chat.Committed, err error) {
			defer wg.Done()
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h, err := s.Head(ctx, ch)
	t.Log(h, err)
	es, err := s.Events(ctx, ch, 990, 50)
	t.Log(len(es), err, es[0])
	ms, err := s.Messages(ctx, ch, chat.Page{After: 5, Before: 9, BySequence: true, Limit: 50})
	t.Log(len(ms), err, ms[0])
	epoch := s.Epoch()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Epoch() != epoch {
		t.Fatal("epoch")
	}
	if _, err := Open(ctx, dir, Options{}); err == nil {
		t.Fatal("double")
	} else {
		t.Log(err)
	}
	h2, err := s.Head(ctx, ch)
	if h2 != h {
		t.Fatal("h2 ", fmt.Sprintf("%+v %v", h2, err))
	}
	done := make(chan struct{})
	s.Append(&chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: "ann", Body: []byte(`"x"`), Nonce: "5"}, func(c chat.Committed, err error) {
		t.Log(c.Repeated, c.Event, err)
		close(done)
	})
	<-done
	t.Logf("%+v", s.Stats())
	t.Log(s.Expire(ctx, h.LastTime.AddDate(1, 0, 0)))
	t.Log(s.Head(ctx, ch))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
