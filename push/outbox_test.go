package push

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

func subscribed(user string, n int) *Subscription {
	return &Subscription{ID: fmt.Sprintf("%s-%d", user, n), as: chat.Identity{Project: "default", User: user}}
}

func about(sub *Subscription, channel int, settled func()) *delivery {
	return &delivery{sub: sub, notice: &notice{channel: chat.ChannelID{Project: "default", Name: fmt.Sprint(channel)}}, settled: settled}
}

// Endpoints that are slow on purpose, more of them than there are workers, cost
// their own user time and nobody else.
func TestOutbox_SlowEndpointsHoldUpTheirUserAlone(t *testing.T) {
	t.Parallel()
	told, release := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	slow, most := 0, 0
	o := newOutbox(func(_ context.Context, d *delivery) verdict {
		if d.sub.as.User == "ada" {
			close(told)
			return verdict{}
		}
		mu.Lock()
		slow++
		most = max(most, slow)
		mu.Unlock()
		<-release
		mu.Lock()
		slow--
		mu.Unlock()
		return verdict{}
	}, time.Millisecond, new(counters))
	var all, work sync.WaitGroup
	for range workers {
		work.Go(func() { o.work(t.Context()) })
	}
	for n := range 2 * workers {
		all.Add(1)
		o.put(about(subscribed("mallory", n), n, all.Done))
	}
	all.Add(1)
	o.put(about(subscribed("ada", 0), 0, all.Done))
	select {
	case <-told:
	case <-time.After(time.Minute):
		t.Error("ada waits for others")
	}
	close(release)
	all.Wait()
	o.close()
	work.Wait()
	if most > atOnce {
		t.Errorf("%d of one user's at once", most)
	}
	if len(o.boxes) != 0 || len(o.lanes) != 0 || o.waiting != 0 {
		t.Errorf("left over: %d boxes, %d lanes, %d waiting", len(o.boxes), len(o.lanes), o.waiting)
	}
}

// What waits has bounded room, and one user cannot take that of all.
func TestOutbox_OneUserHasBoundedRoom(t *testing.T) {
	t.Parallel()
	stats := new(counters)
	o := newOutbox(func(context.Context, *delivery) verdict { return verdict{} }, time.Millisecond, stats)
	settled := 0
	note := func() { settled++ }
	for n := range maxOfUser + 100 {
		o.put(about(subscribed("mallory", 0), n, note))
	}
	if list := o.boxes["mallory-0"].list; len(list) != maxOfUser || list[0].notice.channel.Name != "100" {
		t.Errorf("%d wait, the first of channel %s", len(list), list[0].notice.channel.Name)
	}
	o.put(about(subscribed("mallory", 1), 0, note))
	if settled != 101 || stats.dropped.Load() != 101 || o.boxes["mallory-1"] != nil {
		t.Errorf("%d settled, %d dropped", settled, stats.dropped.Load())
	}
	for n := range maxWaiting {
		o.put(about(subscribed(fmt.Sprintf("user %d", n/100), n%100), n, note))
	}
	if o.length() != maxWaiting || len(o.lanes) > maxWaiting/100 {
		t.Errorf("%d wait, of %d users", o.length(), len(o.lanes))
	}
}
