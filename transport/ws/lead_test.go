package ws

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/chat"
)

// led is a lead whose leaders are away as the test says.
type led struct {
	lead
	leads atomic.Int32 // at the moment
	ended atomic.Int32
	tasks chan func(l *leader) // nil: the leader ends
}

func newLed(t *testing.T) *led {
	l := &led{tasks: make(chan func(*leader))}
	l.begin(t.Context().Done(), func() {
		defer l.ended.Add(1)
		me := leader{lead: &l.lead}
		for {
			if l.leads.Add(1) != 1 {
				t.Error("two lead")
			}
			task := <-l.tasks
			l.leads.Add(-1)
			if task == nil || !me.away(func() { task(&me) }) {
				return
			}
		}
	})
	return l
}

func TestLead_GoesOnWithoutWhoIsAwayForTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLed(t)
		for range 100 {
			l.tasks <- func(*leader) { time.Sleep(time.Millisecond) }
		}
		if n := l.ended.Load(); n != 0 {
			t.Errorf("%d leaders were succeeded who came back at once", n)
		}
		back := make(chan struct{})
		began := time.Now()
		for range 3 {
			l.tasks <- func(*leader) { <-back }
		}
		l.tasks <- func(*leader) {}
		if d := time.Since(began); d < awayFor || d > 7*awayFor { // looks are as far apart
			t.Errorf("after %v another leads in place of three", d)
		}
		close(back)
		time.Sleep(time.Second)
		if n := l.ended.Load(); n != 3 {
			t.Errorf("of those who came back %d ended, not 3", n)
		}
		l.tasks <- nil
	})
}

func TestLead_IsYieldedAtOnceAndOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLed(t)
		began := time.Now()
		back := make(chan struct{})
		for range 10 {
			l.tasks <- func(me *leader) {
				me.yield()
				me.yield()
				<-back
			}
		}
		if time.Since(began) != 0 {
			t.Error("the next had to wait")
		}
		time.Sleep(time.Second) // whoever looks on has nobody succeed the ten
		if n := l.leads.Load(); n != 1 {
			t.Errorf("%d lead", n)
		}
		close(back)
		synctest.Wait()
		if n := l.ended.Load(); n != 10 {
			t.Errorf("of ten %d ended", n)
		}
		l.tasks <- nil
	})
}

func TestLead_IsNotWatchedWhileNobodyLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLed(t)
		for range 3 {
			l.tasks <- func(*leader) {}
			synctest.Wait()
			if !l.overseen.Load() {
				t.Error("nobody looks on")
			}
			time.Sleep(2 * overseenFor * awayFor)
			if l.overseen.Load() {
				t.Error("somebody still looks on")
			}
		}
		l.tasks <- nil
	})
}

// asked is a session that notes what it was asked, and may not be ready.
type asked struct {
	Session
	waits bool
	done  int
}

func (a *asked) Ready(ctx context.Context) error {
	if a.waits && ctx.Err() != nil {
		return errors.New("not yet")
	}
	return nil
}

func (a *asked) Do(context.Context, chat.Request) { a.done++ }

func TestReader_YieldsBeforeItWaits(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	for name, c := range map[string]struct {
		waits   bool
		command chat.Command
		yields  int
	}{
		"a message":                       {false, chat.Post{}, 0},
		"a page":                          {false, chat.History{}, 1},
		"a session that must wait":        {true, chat.Post{}, 1},
		"a page of one that has to, also": {true, chat.History{}, 2},
	} {
		yields := 0
		r := s.newReaderFor(func() { yields++ })
		session := &asked{waits: c.waits}
		r.session = session
		r.do(chat.Request{Command: c.command})
		r.end()
		if yields != c.yields || session.done != 1 {
			t.Errorf("%s: %d yields, done %d times", name, yields, session.done)
		}
	}
}
