package bench

import (
	"fmt"
	"io"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/parley-chat/parley/bench/proc"
)

// Report is what a run has measured.
type Report struct {
	Scenario    string
	Server      string
	Options     Options
	Machine     Machine
	Connections int

	Elapsed    time.Duration // of the measured part
	Sent       int           // messages, warm-up included
	Deliveries uint64        // in the measured part
	Acked      uint64        // in the measured part
	Delivery   Quantiles     // from when a message was due until a member had it
	Ack        Quantiles     // from when a message was due until its sender had its ack
	Late       Quantiles     // by how much the generator itself was late

	Lost       uint64 // deliveries that did not happen
	Unacked    uint64 // messages without an ack
	Doubled    uint64
	Misordered uint64
	Missed     uint64 // holes that a connection saw in its channel's seqs
	Errors     uint64
	Dropped    uint64 // connections that the server ended
	Failure    string // the first error's text

	CPU    Usage // in the measured part
	Memory Memory

	Opening  Quantiles     // from a connection's first packet until it was level
	Arrival  Quantiles     // storm: from its beginning until each was level
	CaughtUp time.Duration // storm: until all were

	Started   time.Duration // pages: from starting the server again until it was ready
	Page      Paging        // pages: a page of 50 at some place in the history, over REST, right after that
	PageLevel Paging        // pages: the same when the search index is level, and the server has nothing else to do

	Indexed    float64   // find: messages a second that were indexed anew
	IndexBytes int64     // find: of the index on disk
	Looked     string    // find: for what, in a step
	Found      Quantiles // find: until the first page of what was found, over REST

	Greatest float64  // searches: messages a second
	Ratio    float64  // growth: the last step's cost to the first's
	Steps    []Report // growth: one for each size. Searches: one for each probe. Find: one for each kind of query
}

// Usage is who used the machine's processors, and for how long.
type Usage struct {
	Server    time.Duration
	Generator time.Duration
	Other     time.Duration // all else on the machine: a run beside much of it is disturbed
	Stolen    time.Duration // by the machine's host
}

// Quantiles sum up a histogram.
type Quantiles struct {
	Count                    int64
	P50, P95, P99, P999, Max time.Duration
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	at := func(q float64) time.Duration {
		return time.Duration(h.ValueAtQuantile(q)) * time.Microsecond
	}
	return Quantiles{
		Count: h.TotalCount(), P50: at(50), P95: at(95), P99: at(99), P999: at(99.9),
		Max: time.Duration(h.Max()) * time.Microsecond,
	}
}

// Paging is how long pages took.
type Paging struct {
	Quantiles
	Undisturbed Quantiles // of those in stretches of 100 ms in which no tick was counted that the host took
	Stolen      float64   // of one core, what the host took meanwhile
}

func (p Paging) metrics(prefix string) []Metric {
	m := []Metric{
		{prefix + "page-p50-ms", ms(p.P50)},
		{prefix + "page-p99-ms", ms(p.P99)},
		{prefix + "page-max-ms", ms(p.Max)},
		{prefix + "page-stolen-cpu-%", 100 * p.Stolen},
	}
	if n := p.Undisturbed.Count; n > 0 {
		m = append(m,
			Metric{prefix + "page-undisturbed-p99-ms", ms(p.Undisturbed.P99)},
			Metric{prefix + "page-undisturbed-%", 100 * float64(n) / float64(p.Count)})
	}
	return m
}

// Memory is what connections have added to the server's memory, in bytes.
type Memory struct {
	Connections int
	Before      proc.Memory
	After       proc.Memory
}

func growth(before, after proc.Memory, connections int) Memory {
	return Memory{Connections: connections, Before: before, After: after}
}

// PerConnection is anonymous memory a connection, in bytes.
func (m Memory) PerConnection() float64 {
	return float64(m.After.Anonymous-m.Before.Anonymous) / float64(max(m.Connections, 1))
}

// Machine is where and with what a run was made.
type Machine struct {
	proc.Facts
	Commit string // of the bench; "+dirty" if its tree had changes
}

func machine() Machine {
	m := Machine{Facts: proc.ReadFacts()}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				m.Commit = s.Value + m.Commit
			case s.Key == "vcs.modified" && s.Value == "true":
				m.Commit += "+dirty"
			}
		}
	}
	if m.Commit == "" { // built without it: the tree that the bench stands in
		described, err := exec.Command("git", "describe", "--always", "--dirty=+dirty", "--abbrev=12").Output()
		if err == nil {
			m.Commit = strings.TrimSpace(string(described))
		}
	}
	return m
}

// Metric is one figure of a report. Units are as benchstat writes them.
type Metric struct {
	Unit  string
	Value float64
}

// CPUPerMillion is the server's processor time for a million deliveries, in
// seconds; for the scenario channels, for a million appends.
func (r Report) CPUPerMillion() float64 { return r.perMillion(r.CPU.Server) }

func (r Report) perMillion(used time.Duration) float64 {
	n := r.Deliveries
	if r.Scenario == Channels {
		n = r.Acked
	}
	return used.Seconds() / float64(max(n, 1)) * 1e6
}

// Metrics are the report's figures, the telling ones first.
func (r Report) Metrics() []Metric {
	var m []Metric
	add := func(unit string, value float64) { m = append(m, Metric{unit, value}) }
	switch r.Scenario {
	case Idle:
		add("B/conn", r.Memory.PerConnection())
	case Storm:
		add("storm-s", r.CaughtUp.Seconds())
		add("arrival-p50-ms", ms(r.Arrival.P50))
	case Pages:
		add("start-ms", ms(r.Started))
		m = append(append(m, r.Page.metrics("")...), r.PageLevel.metrics("level-")...)
	case Find:
		m = append(m, r.found()...)
	case Growth, Channels:
		if r.Ratio > 0 {
			add("growth-ratio", r.Ratio)
		}
	case MaxFanout, MaxRooms:
		add("max-publishes/s", r.Greatest)
		add("max-deliveries/s", r.Greatest*float64(r.Options.Members))
	}
	if r.Elapsed > 0 {
		add("server-cpu-s/M", r.CPUPerMillion())
		add("generator-cpu-s/M", r.perMillion(r.CPU.Generator))
		add("other-cpu-%", 100*r.CPU.Other.Seconds()/r.Elapsed.Seconds())
		add("stolen-cpu-%", 100*r.CPU.Stolen.Seconds()/r.Elapsed.Seconds())
	}
	if r.Delivery.Count > 0 {
		add("p50-ms", ms(r.Delivery.P50))
		add("p99-ms", ms(r.Delivery.P99))
		add("max-ms", ms(r.Delivery.Max))
		add("deliveries/s", float64(r.Deliveries)/r.Elapsed.Seconds())
	}
	if r.Ack.Count > 0 {
		add("ack-p50-ms", ms(r.Ack.P50))
		add("ack-p99-ms", ms(r.Ack.P99))
		add("ack-max-ms", ms(r.Ack.Max))
		add("late-p99-ms", ms(r.Late.P99))
	}
	if r.Scenario == Churn {
		add("open-p50-ms", ms(r.Opening.P50))
		add("open-p99-ms", ms(r.Opening.P99))
	}
	add("faults", float64(r.Faults()))
	return m
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// found are the figures of a search for one kind of thing, or of the index.
func (r Report) found() []Metric {
	if r.Looked == "" {
		return []Metric{
			{"indexed-messages/s", r.Indexed},
			{"index-MB", float64(r.IndexBytes) / 1e6},
			{"server-MB", float64(r.Memory.After.Anonymous) / 1e6},
		}
	}
	return []Metric{
		{"find-p50-ms", ms(r.Found.P50)},
		{"find-p95-ms", ms(r.Found.P95)},
		{"find-p99-ms", ms(r.Found.P99)},
		{"find-max-ms", ms(r.Found.Max)},
	}
}

// Faults is how many deliveries and acks were missing, doubled or out of
// order, and how many errors and lost connections there were. A good run has
// none.
func (r Report) Faults() uint64 {
	return r.Lost + r.Unacked + r.Doubled + r.Misordered + r.Missed + r.Errors + r.Dropped
}

// name is the run's in benchstat's form.
func (r Report) name() string {
	title := ""
	for part := range strings.SplitSeq(r.Scenario, "-") {
		title += strings.ToUpper(part[:1]) + part[1:]
	}
	name := fmt.Sprintf("Benchmark%s/server=%s", title, strings.ReplaceAll(r.Server, " ", "_"))
	o := r.Options
	switch r.Scenario {
	case Channels:
		return fmt.Sprintf("%s/channels=%d/rate=%g", name, o.Rooms, o.Rate)
	case Pages:
		return fmt.Sprintf("%s/messages=%d", name, o.Messages)
	case Find:
		return fmt.Sprintf("%s/messages=%d/channels=%d/looked=%s", name, o.Messages, o.Rooms, or(r.Looked, "all"))
	case MaxFanout, MaxRooms:
		return fmt.Sprintf("%s/rooms=%d/members=%d", name, o.Rooms, o.Members)
	case Idle, Storm:
		return fmt.Sprintf("%s/connections=%d", name, r.Connections)
	}
	return fmt.Sprintf("%s/rooms=%d/members=%d/rate=%g", name, o.Rooms, o.Members, o.Rate)
}

// WriteHeader writes the facts that benchstat files begin with.
func (m Machine) WriteHeader(w io.Writer) error {
	_, err := fmt.Fprintf(w, "goos: linux\npkg: github.com/parley-chat/parley/bench\ncpu: %s\ncores: %d\nkernel: %s\ngo: %s\ncommit: %s\n",
		m.CPU, m.Cores, m.Kernel, m.Go, or(m.Commit, "unknown"))
	return err
}

// Write writes the report's lines in benchstat's form: one for each step, and
// one for the whole.
func (r Report) Write(w io.Writer) error {
	if r.Scenario == Growth || r.Scenario == Channels || r.Scenario == Find {
		for _, step := range r.Steps {
			if err := step.Write(w); err != nil {
				return err
			}
		}
		if len(r.Steps) > 0 && r.Ratio == 0 && r.Scenario != Find {
			return nil
		}
	}
	line := r.name() + "\t1"
	for _, m := range r.Metrics() {
		line += "\t" + strconv.FormatFloat(m.Value, 'f', decimals(m.Value), 64) + " " + m.Unit
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

func decimals(v float64) int {
	switch {
	case v >= 1000:
		return 0
	case v >= 10:
		return 1
	}
	return 3
}
