package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-chat/parley/bench/load"
)

// A visitor of churn stays so long.
const stay = 2 * time.Second

// churn lets visitors come and go while messages flow among members who stay.
func (r *run) churn(ctx context.Context) error {
	if err := r.populate(ctx, r.Options.Rooms); err != nil {
		return err
	}
	peers := make([]load.Peer, max(int(r.Visits*stay.Seconds()), 1))
	for i := range peers {
		peers[i] = load.Peer{User: fmt.Sprintf("visitor-%d", i), Channel: r.channel(i % len(r.rooms))}
	}
	visitors, err := r.swarm.Add(peers...)
	if err != nil {
		return err
	}
	if err := r.swarm.Reset(); err != nil {
		return err
	}
	visiting, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.visit(visiting, visitors) }()
	err = r.flow(ctx, r.sender)
	cancel()
	return errors.Join(err, <-ended)
}

// visit renews one visitor after the other at the rate of visits.
func (r *run) visit(ctx context.Context, visitors []*load.Conn) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	start, next := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			for due := int(now.Sub(start).Seconds() * r.Visits); next < due; next++ {
				if err := r.swarm.Renew(visitors[next%len(visitors)]); err != nil {
					return err
				}
			}
		}
	}
}
