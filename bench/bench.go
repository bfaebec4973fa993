// Package bench measures a server from outside, over the native protocol: how
// much processor time a delivery costs it, how much memory a connection, how
// long messages take, and whether any is lost, doubled or out of order. Beside
// it stand two floors (package floor) as yardsticks; figures mean something as
// ratios to them, taken in turn on one machine.
package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/parley-chat/parley/bench/load"
)

// Scenarios by name.
const (
	Fanout    = "fanout"     // one room of 1000, 20 messages a second
	Rooms     = "rooms"      // 1000 rooms of 10, 500 messages a second
	Idle      = "idle"       // 10,000 connections: memory
	Storm     = "storm"      // 10,000 come back at once, each 20 messages behind
	Churn     = "churn"      // visitors come and go while messages flow
	Growth    = "growth"     // the cost of a delivery as connections grow
	Channels  = "channels"   // the cost of an append as channels grow
	Pages     = "pages"      // a channel of a million messages: its history's pages, and starting with it
	Find      = "find"       // a million messages: finding some of them
	MaxFanout = "max-fanout" // the greatest rate at which p99 keeps a limit
	MaxRooms  = "max-rooms"  // the same over many rooms
)

// Options say what to measure. What is zero takes the scenario's default.
type Options struct {
	Scenario string
	Target   Target

	Rooms    int
	Members  int           // in each room
	Rate     float64       // messages a second, over all rooms; where a search for the greatest rate begins
	Size     int           // bytes of a message's text; default 200
	Duration time.Duration // measured; default 10 s, in a search 4 s a probe
	Warmup   time.Duration // before; default 2 s, in a search 1 s
	// Settle is how long memory may take to settle after connecting, by default
	// 2 s, idle 15 s; channels: how long the server may go on working when they
	// were made, by default 10 min.
	Settle time.Duration
	Drain  time.Duration // how long the last deliveries may take; default 10 s

	Away        int           // storm: messages missed by each; default 20
	Visits      float64       // churn: visitors a second, each of whom stays 2 s; default 100
	Connections []int         // growth: default 100, 1000, 5000, 10000, 19000
	Messages    int           // pages: in the channel; find: in all; default 1,000,000
	Channels    []int         // channels: default 1, 1000, 100000
	Limit       time.Duration // searches: of p99; default 100 ms
	Precision   float64       // searches: end when what passed and what failed are this close; default 1.06

	Concurrency int // handshakes under way at once; default 256

	// Query is the raw query of a connection's URL, with the credentials of a
	// user; nil: userId=USER, for servers started with --dev.
	Query func(user string) (string, error)

	Log *slog.Logger // progress; nil: none
}

func defaults(scenario string) (Options, bool) {
	byName := map[string]Options{
		Fanout:    {Rooms: 1, Members: 1000, Rate: 20},
		Rooms:     {Rooms: 1000, Members: 10, Rate: 500},
		Idle:      {Rooms: 1000, Members: 10, Settle: 15 * time.Second},
		Storm:     {Rooms: 1000, Members: 10},
		Churn:     {Rooms: 100, Members: 10, Rate: 500},
		Growth:    {Members: 10, Rate: 500},
		Channels:  {Members: 100, Rate: 2000, Settle: 10 * time.Minute},
		Pages:     {Members: 10},
		Find:      {Rooms: 1000, Members: 1},
		MaxFanout: {Rooms: 1, Members: 1000, Rate: 20, Duration: 4 * time.Second, Warmup: time.Second},
		MaxRooms:  {Rooms: 1000, Members: 10, Rate: 500, Duration: 4 * time.Second, Warmup: time.Second},
	}
	o, ok := byName[scenario]
	return o, ok
}

func (o Options) filled() (Options, error) {
	d, ok := defaults(o.Scenario)
	if !ok {
		return o, fmt.Errorf("no scenario is called %q", o.Scenario)
	}
	o.Rooms = or(o.Rooms, or(d.Rooms, 1))
	o.Members = or(o.Members, d.Members)
	o.Rate = or(o.Rate, d.Rate)
	o.Size = or(o.Size, 200)
	o.Duration = or(o.Duration, or(d.Duration, 10*time.Second))
	o.Warmup = or(o.Warmup, or(d.Warmup, 2*time.Second))
	o.Settle = or(o.Settle, or(d.Settle, 2*time.Second))
	o.Drain = or(o.Drain, 10*time.Second)
	o.Away = or(o.Away, 20)
	o.Messages = or(o.Messages, 1_000_000)
	o.Visits = or(o.Visits, 100)
	o.Limit = or(o.Limit, 100*time.Millisecond)
	o.Precision = or(o.Precision, 1.06)
	if len(o.Connections) == 0 {
		o.Connections = []int{100, 1000, 5000, 10000, 19000}
	}
	if len(o.Channels) == 0 {
		o.Channels = []int{1, 1000, 100000}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func or[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}

// Run measures one scenario. The server, if Run started it, has ended when Run
// returns.
func Run(ctx context.Context, o Options) (Report, error) {
	o, err := o.filled()
	if err != nil {
		return Report{}, err
	}
	if o.Target.Protocol == load.SocketIO && o.Scenario != Fanout && o.Scenario != Rooms && o.Scenario != Idle {
		return Report{}, fmt.Errorf("over Socket.IO there are the scenarios %s, %s and %s", Fanout, Rooms, Idle)
	}
	target, err := start(ctx, o.Target, o.Log)
	if err != nil {
		return Report{}, fmt.Errorf("start the server: %w", err)
	}
	r := &run{Options: o, server: target, id: strconv.FormatInt(time.Now().UnixNano(), 36)}
	r.report = Report{Scenario: o.Scenario, Server: o.Target.name(), Options: o, Machine: machine()}
	err = r.measure(ctx)
	if r.swarm != nil {
		r.swarm.Close()
	}
	if stopped := target.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return r.report, fmt.Errorf("%s of %s: %w", o.Scenario, o.Target.name(), err)
	}
	return r.report, nil
}

// run is one measurement under way.
type run struct {
	Options
	server *server
	id     string // part of every channel's name, so that a server may be measured twice
	swarm  *load.Swarm
	rooms  [][]*load.Conn
	report Report
}

func (r *run) measure(ctx context.Context) error {
	if err := r.newSwarm(); err != nil {
		return err
	}
	switch r.Scenario {
	case Fanout, Rooms:
		return r.stream(ctx)
	case Idle:
		return r.idle(ctx)
	case Storm:
		return r.storm(ctx)
	case Churn:
		return r.churn(ctx)
	case Growth:
		return r.growth(ctx)
	case Channels:
		return r.channels(ctx)
	case Pages:
		return r.pages(ctx)
	case Find:
		return r.find(ctx)
	}
	return r.search(ctx)
}

func (r *run) newSwarm() error {
	if r.swarm != nil {
		r.swarm.Close()
	}
	r.rooms = nil
	var err error
	r.swarm, err = load.New(load.Options{URL: r.server.url, Query: r.Query, Concurrency: r.Concurrency, Protocol: r.Target.Protocol})
	return err
}

// populate opens connections until there are so many rooms, each full.
func (r *run) populate(ctx context.Context, rooms int) error {
	var fresh []*load.Conn
	for n := len(r.rooms); n < rooms; n++ {
		peers := make([]load.Peer, r.Members)
		for m := range peers {
			peers[m] = load.Peer{User: fmt.Sprintf("u%d-%d", n, m), Channel: r.channel(n)}
		}
		members, err := r.swarm.Add(peers...)
		if err != nil {
			return err
		}
		r.rooms = append(r.rooms, members)
		fresh = append(fresh, members...)
	}
	before := r.server.memory()
	if err := r.swarm.Open(ctx, fresh); err != nil {
		return err
	}
	r.report.Connections += len(fresh)
	r.Log.Info("connected", "connections", r.report.Connections)
	after, err := r.server.settled(ctx, r.Settle)
	if err != nil {
		return err
	}
	r.report.Memory = growth(before, after, len(fresh))
	return nil
}

func (r *run) channel(n int) string { return fmt.Sprintf("bench-%s-%d", r.id, n) }

// sender spreads messages over the rooms, and within a room over its members.
func (r *run) sender(i int) (*load.Conn, string) {
	room := r.rooms[i%len(r.rooms)]
	c := room[i/len(r.rooms)%len(room)]
	return c, c.Channel()
}

// all is every member of every room.
func (r *run) all() []*load.Conn {
	var out []*load.Conn
	for _, room := range r.rooms {
		out = append(out, room...)
	}
	return out
}
