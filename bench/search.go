package bench

import (
	"context"
	"fmt"
	"math"
	"time"
)

// search finds the greatest rate at which every message arrives and p99 of
// their latencies keeps the limit: it doubles the rate until that fails, then
// halves the span between what passed and what failed until they are close.
func (r *run) search(ctx context.Context) error {
	if err := r.populate(ctx, r.Options.Rooms); err != nil {
		return err
	}
	var (
		best            Report
		passed, failed  float64
		rate            = r.Rate
		connections     = r.report.Connections
		memory          = r.report.Memory
		probes          []Report
		retried         bool
		longestSpan     = 24 // probes; a search that takes more has lost its way
		precisionOfSpan = func() bool { return failed > 0 && passed > 0 && failed/passed <= r.Precision }
	)
	for len(probes) < longestSpan && !precisionOfSpan() && rate >= 1 {
		ok, err := r.probe(ctx, rate)
		if err != nil {
			return err
		}
		probe := r.report
		probe.Steps = nil
		probes = append(probes, probe)
		switch {
		case ok:
			passed, best, retried = rate, probe, false
		case !retried && passed > 0:
			retried = true // once more: one hiccup of the machine is no answer
			continue
		default:
			failed, retried = rate, false
		}
		rate = nextRate(passed, failed)
	}
	r.report = best
	r.report.Scenario, r.report.Server, r.report.Machine = r.Scenario, r.Target.name(), machine()
	r.report.Options = r.Options
	r.report.Connections, r.report.Memory = connections, memory
	r.report.Greatest, r.report.Steps = passed, probes
	if passed == 0 {
		return fmt.Errorf("no rate keeps p99 within %v", r.Limit)
	}
	return nil
}

func nextRate(passed, failed float64) float64 {
	switch {
	case failed == 0:
		return passed * 2
	case passed == 0:
		return failed / 2
	}
	return math.Sqrt(passed * failed)
}

// probe reports whether a rate keeps the limit.
func (r *run) probe(ctx context.Context, rate float64) (bool, error) {
	if r.swarmIsHurt() {
		if err := r.newSwarm(); err != nil {
			return false, err
		}
		if err := r.populate(ctx, r.Options.Rooms); err != nil {
			return false, err
		}
	}
	if err := r.swarm.Reset(); err != nil {
		return false, err
	}
	given := r.Rate
	r.Rate = rate
	err := r.flow(ctx, r.sender)
	r.Rate = given
	if err != nil {
		return false, err
	}
	p := r.report
	ok := p.Faults() == 0 && p.Delivery.P99 <= r.Limit && p.Ack.P99 <= r.Limit
	r.Log.Info("probed", "rate", math.Round(rate), "ok", ok, "p99", p.Delivery.P99, "ack-p99", p.Ack.P99,
		"late-p99", p.Late.P99, "cpu-s/M", p.CPUPerMillion(), "faults", p.Faults(), "failure", p.Failure)
	return ok, sleep(ctx, 200*time.Millisecond)
}

// swarmIsHurt reports that an earlier probe has left connections or messages
// behind, which would be counted against the next.
func (r *run) swarmIsHurt() bool { return r.report.Faults() > 0 }
