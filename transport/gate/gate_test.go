package gate_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/parley-chat/parley/transport/gate"
)

// is reports whether the channel is closed.
func is(empty <-chan struct{}) bool {
	select {
	case <-empty:
		return true
	default:
		return false
	}
}

func TestGate_IsEmptyWhenItIsShutAndTheLastHasLeft(t *testing.T) {
	t.Parallel()
	var g gate.Gate
	for range 2 {
		if !g.Enter() || !g.Open() {
			t.Fatal("an open gate lets nobody in")
		}
	}
	empty := g.Shut()
	if g.Enter() || g.Open() {
		t.Error("a shut gate lets somebody in")
	}
	for range 2 {
		if is(empty) {
			t.Fatal("it is empty before everybody has left")
		}
		g.Leave()
	}
	if !is(empty) || g.Shut() != empty {
		t.Error("it is not empty when everybody has left")
	}
}

func TestGate_ThatNobodyIsInsideOfIsEmptyAtOnce(t *testing.T) {
	t.Parallel()
	var g gate.Gate
	g.Enter()
	g.Leave()
	if !is(g.Shut()) {
		t.Error("it waits for nobody")
	}
}

func TestGate_WaitsForWhoIsAdmittedBeforeTheLastLeaves(t *testing.T) {
	t.Parallel()
	var g gate.Gate
	if !g.Admit() {
		t.Error("an open gate says that it is shut")
	}
	empty := g.Shut()
	if g.Admit() {
		t.Error("a shut gate says that it is open")
	}
	g.Leave()
	if is(empty) {
		t.Error("it does not wait for who was admitted")
	}
	g.Leave()
	if !is(empty) {
		t.Error("it is not empty")
	}
	g.Admit() // too late to be waited for
	g.Leave()
	if !is(empty) {
		t.Error("it is empty no more")
	}
}

// Whoever waits goes on when the last has left, and not before.
func TestGate_WakesWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate.Gate
		g.Enter()
		var gone atomic.Bool
		go func() {
			<-g.Shut()
			gone.Store(true)
		}()
		synctest.Wait()
		if gone.Load() || g.Open() {
			t.Error("it did not wait")
		}
		g.Leave()
		synctest.Wait()
		if !gone.Load() {
			t.Error("it was not woken")
		}
	})
}

// Visitors come and go while the gate is shut: when it says that it is empty,
// nobody who was let in is inside.
func TestGate_IsEmptyOfEverybodyWhoWasLetIn(t *testing.T) {
	t.Parallel()
	for range 30 {
		var g gate.Gate
		var inside atomic.Int64
		var all sync.WaitGroup
		begun := make(chan struct{}, 1)
		for range 8 {
			all.Go(func() {
				for g.Enter() {
					select {
					case begun <- struct{}{}:
					default:
					}
					inside.Add(1)
					g.Admit() // as a connection that a request makes
					inside.Add(1)
					inside.Add(-1)
					g.Leave()
					inside.Add(-1)
					g.Leave()
				}
			})
		}
		<-begun
		<-g.Shut()
		if n := inside.Load(); n != 0 {
			t.Fatalf("it is empty, and %d are inside", n)
		}
		all.Wait()
	}
}
