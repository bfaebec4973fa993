package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/parley-chat/parley/bench"
	"github.com/parley-chat/parley/bench/load"
)

// Bench measures servers from outside, beside floors that do the least that
// can be done.
type Bench struct {
	Run   BenchRun   `cmd:"" help:"Measure one server."`
	Pairs BenchPairs `cmd:"" help:"Measure two servers in turn, and compare their medians."`
	Floor BenchFloor `cmd:"" help:"Serve a floor."`
}

// BenchFloor serves a floor until it is stopped.
type BenchFloor struct {
	Addr  string `default:"127.0.0.1:0" help:"Where to listen."`
	Batch bool   `help:"Queues and flushers in place of a write per delivery."`
	Sync  string `placeholder:"FILE" help:"A file to which each message is synced before it is forwarded."`
}

// Run serves.
func (c *BenchFloor) Run(ctx context.Context, p *process) error {
	return bench.Floor(ctx, bench.FloorOptions{Addr: c.Addr, Batch: c.Batch, Sync: c.Sync, Log: benchLog(p)})
}

// Load is what is put on a server; what is zero takes the scenario's default.
type Load struct {
	Scenario    string        `arg:"" help:"fanout, rooms, idle, storm, churn, growth, channels, pages, find, max-fanout or max-rooms."`
	Rooms       int           `help:"Rooms."`
	Members     int           `help:"Members of each."`
	Rate        float64       `help:"Messages a second, over all rooms."`
	Duration    time.Duration `help:"Measured."`
	Warmup      time.Duration `help:"Before that."`
	Settle      time.Duration `help:"How long memory may take to settle; channels: how long the server may go on working when they were made."`
	Visits      float64       `help:"Visitors a second (churn)."`
	Connections []int         `help:"Sizes (growth)."`
	Channels    []int         `help:"Sizes (channels)."`
	Messages    int           `help:"Messages (pages, find)."`
	Concurrency int           `help:"Handshakes under way at once."`
	Bearer      string        `placeholder:"TOKEN" help:"A token that every connection shows; without one they name themselves, as --dev allows."`
	Out         string        `placeholder:"FILE" help:"A file to append results to, in benchstat's form; else standard output."`
}

func (l *Load) options(p *process) bench.Options {
	o := bench.Options{
		Scenario: l.Scenario, Rooms: l.Rooms, Members: l.Members, Rate: l.Rate, Duration: l.Duration,
		Warmup: l.Warmup, Settle: l.Settle, Visits: l.Visits, Connections: l.Connections,
		Channels: l.Channels, Messages: l.Messages, Concurrency: l.Concurrency, Log: benchLog(p),
	}
	if l.Bearer != "" {
		o.Query = func(string) (string, error) { return "token=" + l.Bearer, nil }
	}
	return o
}

// results is where results go.
func (l *Load) results(p *process) (io.Writer, func() error, error) {
	if l.Out == "" {
		return p.stdout, func() error { return nil }, nil
	}
	f, err := os.OpenFile(l.Out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// BenchRun measures one server.
type BenchRun struct {
	Load   `embed:""`
	URL    string `help:"A server that runs, in place of one to start: ws://HOST:PORT/v1/ws."`
	PID    int    `help:"Its process."`
	Server string `default:"parley" help:"A server to start: parley (this one), parley-socketio (the same, its clients speak Socket.IO), floor, floor-batch, floor-sync, socketio (the npm package, see bench/peers), or a command in which {addr} and {data} are replaced."`
	Name   string `help:"Its name in the results."`
}

// Run measures.
func (c *BenchRun) Run(ctx context.Context, p *process) (err error) {
	o := c.options(p)
	if c.URL != "" {
		o.Target = bench.Target{Name: c.Name, URL: c.URL, PID: c.PID}
	} else if o.Target, err = target(c.Server, c.Name); err != nil {
		return err
	}
	out, closeOut, err := c.results(p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOut()) }()
	report, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	if report.Faults() > 0 {
		o.Log.Warn("faults", "lost", report.Lost, "unacked", report.Unacked, "doubled", report.Doubled,
			"missed", report.Missed, "errors", report.Errors, "dropped", report.Dropped, "first", report.Failure)
	}
	return errors.Join(report.Machine.WriteHeader(out), report.Write(out))
}

// BenchPairs measures two servers in turn.
type BenchPairs struct {
	Load  `embed:""`
	A     string `default:"parley" help:"A server to start: parley (this one), parley-socketio (the same, its clients speak Socket.IO), floor, floor-batch, floor-sync, socketio (the npm package, see bench/peers), or a command in which {addr} and {data} are replaced."`
	B     string `default:"floor-sync" help:"The other."`
	NameA string `help:"Its name in the results."`
	NameB string `help:"Its name in the results."`
	N     int    `short:"n" default:"5" help:"Pairs."`
}

// Run measures.
func (c *BenchPairs) Run(ctx context.Context, p *process) (err error) {
	o := bench.PairsOptions{Run: c.options(p), N: c.N, Text: p.stderr}
	if o.A, err = target(c.A, c.NameA); err != nil {
		return err
	}
	if o.B, err = target(c.B, c.NameB); err != nil {
		return err
	}
	out, closeOut, err := c.results(p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOut()) }()
	o.Out = out
	_, err = bench.Pairs(ctx, o)
	return err
}

func benchLog(p *process) *slog.Logger { return slog.New(slog.NewTextHandler(p.stderr, nil)) }

// target reads a server: all but the npm package are this binary.
func target(server, name string) (bench.Target, error) {
	own, err := os.Executable()
	if err != nil {
		return bench.Target{}, err
	}
	t := bench.Target{
		Name:    server,
		Command: []string{own, "serve", "--dev", "--addr", "{addr}", "--data", "{data}/data", "--log", "text"},
	}
	switch server {
	case "parley":
		return t, nil
	case "parley-socketio":
		t.Protocol = load.SocketIO
		return t, nil
	case "socketio":
		return bench.Target{Name: server, Protocol: load.SocketIO, Command: []string{"node", "bench/peers/socketio.mjs", "{addr}"}}, nil
	}
	return bench.ParseTarget(server, name, own, "bench", "floor")
}
