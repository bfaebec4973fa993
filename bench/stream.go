package bench

import (
	"context"
	"errors"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/parley-chat/parley/bench/load"
	"github.com/parley-chat/parley/bench/proc"
)

// stream sends at a fixed rate to rooms whose members all listen.
func (r *run) stream(ctx context.Context) error {
	if err := r.populate(ctx, r.Options.Rooms); err != nil {
		return err
	}
	return r.flow(ctx, r.sender)
}

// sample is all counters at one time.
type sample struct {
	at                time.Time
	server, generator time.Duration
	machine           proc.Machine
	tally             load.Tally
}

func (r *run) sample() (sample, error) {
	machine, err := proc.ReadMachine()
	if err != nil {
		return sample{}, err
	}
	tally, err := r.swarm.Tally()
	return sample{
		at: time.Now(), server: r.server.cpu(), generator: proc.Own(), machine: machine, tally: tally,
	}, err
}

// account puts what was used and done from a to b into the report.
func (r *run) account(a, b sample) {
	used := Usage{
		Server: b.server - a.server, Generator: b.generator - a.generator,
		Stolen: b.machine.Stole - a.machine.Stole,
	}
	used.Other = max(b.machine.Busy-a.machine.Busy-used.Server-used.Generator, 0)
	r.report.CPU = used
	r.report.Elapsed = b.at.Sub(a.at)
	r.report.Deliveries = b.tally.Delivered + b.tally.Visited - a.tally.Delivered - a.tally.Visited
	r.report.Acked = b.tally.Acks - a.tally.Acks
}

// flow sends for the warm-up and the duration, waits for what is still under
// way, and fills the report.
func (r *run) flow(ctx context.Context, next func(i int) (*load.Conn, string)) error {
	total := r.Warmup + r.Duration
	count := int(r.Rate * total.Seconds())
	base, err := r.swarm.Tally()
	if err != nil {
		return err
	}
	type end struct {
		late *hdrhistogram.Histogram
		err  error
	}
	sending, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan end, 1)
	go func() {
		late, err := r.swarm.Publish(sending, load.Plan{
			Rate: r.Rate, Count: count, Size: r.Size, Warmup: r.Warmup, Run: r.id, Next: next,
		})
		ended <- end{late, err}
	}()
	first, last, err := r.between(ctx)
	if err != nil {
		cancel()
	}
	sent := <-ended
	if err = errors.Join(err, sent.err); err != nil {
		return err
	}
	r.account(first, last)
	r.report.Sent = count
	r.report.Late = quantiles(sent.late)
	return r.drain(ctx, base, count)
}

// between takes a sample after the warm-up and one after the duration.
func (r *run) between(ctx context.Context) (first, last sample, err error) {
	if err = sleep(ctx, r.Warmup); err != nil {
		return first, last, err
	}
	if first, err = r.sample(); err != nil {
		return first, last, err
	}
	if err = sleep(ctx, r.Duration); err != nil {
		return first, last, err
	}
	last, err = r.sample()
	return first, last, err
}

// drain waits until all that was sent since base has been delivered and
// acknowledged, or for so long that it counts as lost.
func (r *run) drain(ctx context.Context, base load.Tally, count int) error {
	deliveries := base.Delivered + uint64(count*r.listeners())
	acks := base.Acks + uint64(count)
	waiting, cancel := context.WithTimeout(ctx, r.Drain)
	defer cancel()
	err := r.swarm.Until(waiting, func(t *load.Tally) bool {
		return t.Delivered >= deliveries && t.Acks >= acks
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	t, err := r.swarm.Tally()
	if err != nil {
		return err
	}
	p := &r.report
	p.Lost = deliveries - min(t.Delivered, deliveries)
	p.Unacked = acks - min(t.Acks, acks)
	r.faults(t, base)
	p.Delivery, p.Ack, p.Opening = quantiles(t.Delivery), quantiles(t.Ack), quantiles(t.Opening)
	return nil
}

func (r *run) faults(t, base load.Tally) {
	p := &r.report
	p.Doubled = t.Doubled - base.Doubled
	p.Misordered = t.Misordered - base.Misordered
	p.Missed = t.Missed - base.Missed
	p.Errors = t.Errors - base.Errors
	p.Dropped = t.Dropped - base.Dropped
	p.Failure = t.Failure
}

// listeners is how many connections a message goes to.
func (r *run) listeners() int {
	if len(r.rooms) == 0 {
		return 0
	}
	return r.Members
}

// publishAll sends count messages as fast as they are acknowledged, some
// hundred at a time. They are not measured.
func (r *run) publishAll(ctx context.Context, count int, next func(i int) (*load.Conn, string)) error {
	const step = 1000
	for from := 0; from < count; from += step {
		n := min(step, count-from)
		base, err := r.swarm.Tally()
		if err != nil {
			return err
		}
		_, err = r.swarm.Publish(ctx, load.Plan{
			Rate: 1e6, Count: n, Size: r.Size, Run: r.id,
			Next: func(i int) (*load.Conn, string) { return next(from + i) },
		})
		if err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
		err = r.swarm.Until(waiting, func(t *load.Tally) bool { return t.Acks >= base.Acks+uint64(n) })
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}
