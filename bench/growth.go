package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-chat/parley/bench/load"
)

// growth measures the cost of a delivery with more and more connections, while
// the rate of deliveries stays the same.
func (r *run) growth(ctx context.Context) error {
	for _, connections := range r.Options.Connections {
		if err := r.populate(ctx, max(connections/r.Members, 1)); err != nil {
			return err
		}
		r.Options.Rooms = len(r.rooms)
		if err := r.step(ctx, r.sender); err != nil {
			return err
		}
	}
	r.compare()
	return nil
}

// channels measures the cost of an append with more and more channels that
// nobody listens to.
func (r *run) channels(ctx context.Context) error {
	publishers, err := r.publishers(ctx, r.Members)
	if err != nil {
		return err
	}
	made := 0
	for _, channels := range r.Options.Channels {
		err := r.publishAll(ctx, channels-made, func(i int) (*load.Conn, string) {
			return publishers[i%len(publishers)], r.channel(made + i)
		})
		if err != nil {
			return fmt.Errorf("make %d channels: %w", channels, err)
		}
		made = max(made, channels)
		r.Options.Rooms = made
		r.Log.Info("made", "channels", made)
		took, err := r.server.quiet(ctx, r.Settle)
		if err != nil {
			return err
		}
		r.Log.Info("quiet", "after", took.Round(time.Second))
		err = r.step(ctx, func(i int) (*load.Conn, string) {
			// Knuth's multiplier visits the channels in no order that a cache likes.
			return publishers[i%len(publishers)], r.channel(int(uint64(i) * 2654435761 % uint64(made)))
		})
		if err != nil {
			return err
		}
	}
	r.compare()
	return nil
}

// step measures one size and adds its report.
func (r *run) step(ctx context.Context, next func(i int) (*load.Conn, string)) error {
	if err := r.swarm.Reset(); err != nil {
		return err
	}
	if err := r.flow(ctx, next); err != nil {
		return err
	}
	step := r.report
	step.Options, step.Steps = r.Options, nil
	r.report.Steps = append(r.report.Steps, step)
	r.Log.Info("measured", "connections", step.Connections, "channels", r.Options.Rooms,
		"cpu-s/M", step.CPUPerMillion(), "p99", step.Delivery.P99, "faults", step.Faults())
	return nil
}

func (r *run) compare() {
	steps := r.report.Steps
	r.report.Options = r.Options
	if len(steps) > 1 && steps[0].CPUPerMillion() > 0 {
		r.report.Ratio = steps[len(steps)-1].CPUPerMillion() / steps[0].CPUPerMillion()
	}
}
