package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-chat/parley/bench/load"
)

// idle connects, and looks at the memory when it has settled.
func (r *run) idle(ctx context.Context) error {
	return r.populate(ctx, r.Options.Rooms)
}

// storm cuts all connections, publishes while they are away, and lets all come
// back at once, each from its position.
func (r *run) storm(ctx context.Context) error {
	if err := r.populate(ctx, r.Options.Rooms); err != nil {
		return err
	}
	conns := r.all()
	if err := r.swarm.Cut(conns); err != nil {
		return err
	}
	publishers, err := r.publishers(ctx, 10)
	if err != nil {
		return err
	}
	err = r.publishAll(ctx, r.Away*len(r.rooms), func(i int) (*load.Conn, string) {
		return publishers[i%len(publishers)], r.rooms[i%len(r.rooms)][0].Channel()
	})
	if err != nil {
		return fmt.Errorf("publish while they are away: %w", err)
	}
	if err := r.swarm.Expect(conns, uint64(r.Away)); err != nil {
		return err
	}
	if _, err := r.server.settled(ctx, r.Settle); err != nil {
		return err
	}
	if err := r.swarm.Reset(); err != nil {
		return err
	}
	return r.comeBack(ctx, conns)
}

func (r *run) comeBack(ctx context.Context, conns []*load.Conn) error {
	before, err := r.sample()
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := r.swarm.Open(waiting, conns); err != nil {
		return err
	}
	after, err := r.sample()
	if err != nil {
		return err
	}
	r.account(before, after)
	p, t := &r.report, after.tally
	p.Arrival, p.Opening = quantiles(t.Arrival), quantiles(t.Opening)
	p.CaughtUp = p.Arrival.Max
	expected := uint64(len(conns) * r.Away)
	p.Lost = expected - min(expected, t.Delivered)
	r.faults(t, before.tally)
	return nil
}

// publishers opens connections that are in no channel.
func (r *run) publishers(ctx context.Context, n int) ([]*load.Conn, error) {
	peers := make([]load.Peer, n)
	for i := range peers {
		peers[i].User = fmt.Sprintf("publisher-%d", i)
	}
	conns, err := r.swarm.Add(peers...)
	if err != nil {
		return nil, err
	}
	return conns, r.swarm.Open(ctx, conns)
}
