// Command bench is the bench without the server: it serves the floors and
// measures any server that speaks the native protocol.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/parley-chat/parley/bench"
)

type cli struct {
	Profile string `type:"path" help:"A file for this process's CPU profile."`

	Floor floorCommand `cmd:"" help:"Serve a floor."`
	Run   runCommand   `cmd:"" help:"Measure one server."`
	Pairs pairsCommand `cmd:"" help:"Measure two servers in turn, and compare."`
}

type floorCommand struct {
	Addr  string `default:"127.0.0.1:0" help:"Address to listen on."`
	Batch bool   `help:"Queues and flushers in place of a write per delivery."`
	Sync  string `type:"path" help:"A file to which each message is synced before it is acknowledged."`
}

// load is what run and pairs have in common.
type load struct {
	Scenario    string        `arg:"" enum:"fanout,rooms,idle,storm,churn,growth,channels,pages,max-fanout,max-rooms" help:"One of ${enum}."`
	Rooms       int           `help:"Rooms."`
	Members     int           `help:"Members of each."`
	Rate        float64       `help:"Messages a second, over all rooms."`
	Duration    time.Duration `help:"Measured."`
	Warmup      time.Duration `help:"Before."`
	Settle      time.Duration `help:"How long memory may take to settle."`
	Visits      float64       `help:"Visitors a second (churn)."`
	Connections []int         `help:"Sizes (growth)."`
	Channels    []int         `help:"Sizes (channels)."`
	Concurrency int           `help:"Handshakes under way at once."`
	Token       string        `help:"A token that every connection shows. Without it they name themselves."`
	Out         string        `type:"path" help:"A file to append the result to, in benchstat's form."`
}

type runCommand struct {
	load
	URL    string `help:"A server that runs: ws://HOST:PORT/v1/ws."`
	PID    int    `help:"Its process."`
	Server string `help:"A server to start: floor, floor-batch, floor-sync, or a command in which {addr} and {data} are replaced."`
	Name   string `help:"The server's name in the result."`
}

type pairsCommand struct {
	load
	A     string `required:"" help:"A server to start, as --server of run."`
	B     string `required:"" help:"The other."`
	NameA string `help:"Its name in the result."`
	NameB string `help:"Its name in the result."`
	N     int    `short:"n" default:"5" help:"Pairs."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Name("bench"), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	k.FatalIfErrorf(profiled(c.Profile, func() error { return k.Run() }))
}

func profiled(path string, run func() error) error {
	if path == "" {
		return run()
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	err = run()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

func (c *floorCommand) Run(ctx context.Context, log *slog.Logger) error {
	return bench.Floor(ctx, bench.FloorOptions{Addr: c.Addr, Batch: c.Batch, Sync: c.Sync, Log: log})
}

func (l load) options(log *slog.Logger) bench.Options {
	o := bench.Options{
		Scenario: l.Scenario, Rooms: l.Rooms, Members: l.Members, Rate: l.Rate, Duration: l.Duration,
		Warmup: l.Warmup, Settle: l.Settle, Visits: l.Visits, Connections: l.Connections,
		Channels: l.Channels, Concurrency: l.Concurrency, Log: log,
	}
	if l.Token != "" {
		o.Query = func(string) (string, error) { return "token=" + l.Token, nil }
	}
	return o
}

func (l load) out() (io.Writer, func() error, error) {
	if l.Out == "" {
		return os.Stdout, func() error { return nil }, nil
	}
	f, err := os.OpenFile(l.Out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// target reads --server: a floor of this binary, or a command.
func target(server, name string) (bench.Target, error) {
	own, err := os.Executable()
	if err != nil {
		return bench.Target{}, err
	}
	return bench.ParseTarget(server, name, own, "floor")
}

func (c *runCommand) Run(ctx context.Context, log *slog.Logger) (failure error) {
	t, err := target(c.Server, c.Name)
	if err != nil {
		return err
	}
	t.URL, t.PID = c.URL, c.PID
	o := c.options(log)
	o.Target = t
	report, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	out, done, err := c.out()
	if err != nil {
		return err
	}
	defer func() {
		if err := done(); failure == nil {
			failure = err
		}
	}()
	if err := report.Machine.WriteHeader(out); err != nil {
		return err
	}
	if report.Faults() > 0 {
		log.Warn("faults", "lost", report.Lost, "unacked", report.Unacked, "doubled", report.Doubled,
			"missed", report.Missed, "errors", report.Errors, "dropped", report.Dropped, "first", report.Failure)
	}
	return report.Write(out)
}

func (c *pairsCommand) Run(ctx context.Context, log *slog.Logger) (failure error) {
	a, err := target(c.A, c.NameA)
	if err != nil {
		return err
	}
	b, err := target(c.B, c.NameB)
	if err != nil {
		return err
	}
	out, done, err := c.out()
	if err != nil {
		return err
	}
	defer func() {
		if err := done(); failure == nil {
			failure = err
		}
	}()
	_, err = bench.Pairs(ctx, bench.PairsOptions{Run: c.options(log), A: a, B: b, N: c.N, Out: out, Text: os.Stderr})
	return err
}
