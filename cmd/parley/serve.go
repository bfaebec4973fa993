package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"
)

// Serve is the server's settings.
type Serve struct {
	Addr         []string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen; repeatable. Default: 127.0.0.1:8080."`
	Data         string     `default:"data" placeholder:"DIR" help:"The folder that holds everything. Default: data."`
	Config       string     `placeholder:"FILE" help:"A YAML file with these settings by name."`
	Dev          bool       `help:"Believe names and take any token, from this machine only. Never where others come."`
	DevAnywhere  bool       `help:"Let --dev listen on other addresses than loopback's too: everybody who reaches it can be anybody."`
	Origin       []string   `placeholder:"URL" help:"An origin whose pages may come here besides this server's own; repeatable; * is all."`
	PostRate     float64    `default:"50" help:"Messages and signals a second that a user may send; 0: any number. Default: 50; with --dev any number."`
	PostBurst    float64    `default:"100" help:"How many of them at once. Default: 100."`
	ChannelRate  float64    `default:"1000" help:"Messages a second that a channel takes of all its users together, and signals besides; 0: any number. Default: 1000; with --dev any number."`
	ChannelBurst float64    `default:"2000" help:"How many of them at once. Default: 2000."`
	Compression  bool       `default:"true" negatable:"" help:"Compress WebSocket messages for clients that offer it."`
	Log          string     `default:"auto" enum:"auto,text,json" help:"The log's format, on standard error: text, json, or auto: text on a terminal."`
	LogLevel     slog.Level `default:"info" placeholder:"LEVEL" help:"What is logged: debug (every request), info, warn or error. Default: info."`
	Pprof        string     `placeholder:"HOST:PORT" help:"Serve Go's profiles under /debug/pprof/ there, a loopback address. Default: nowhere."`
	OTLP         string     `name:"otlp" placeholder:"URL" help:"Send traces of messages to the OpenTelemetry collector there, by OTLP over HTTP. Default: none."`
	OTLPSample   float64    `name:"otlp-sample" default:"0.01" help:"Of what share of messages, besides those whose request has a sampled traceparent. Default: 0.01."`
	Keys         `embed:""`
	Trust        `embed:""`
	SocketIO     `embed:""`
	ICE          `embed:""`
	Uploads      `embed:""`
	Search       `embed:""`
	Pushes       `embed:""`
	Previews     `embed:""`
	Addresses    `embed:""`

	now      func() time.Time // the hub's clock; nil: time.Now
	settings settings         // these, and where each comes from; nil: nobody knows
}

// Run serves until ctx ends, then drains. It fails if the server cannot start,
// or must stop because its store has.
func (c *Serve) Run(ctx context.Context, p *process) error {
	log := c.logger(p.stderr)
	c.settings = p.settings
	s, err := c.start(ctx, log)
	if err != nil {
		return p.settings.blame(err)
	}
	c.announce(p.stdout, s)
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	}
	return s.stop(err)
}

// check refuses settings that contradict each other.
func (c *Serve) check() error {
	if len(c.Addr) == 0 {
		return fmt.Errorf("--addr: there must be one")
	}
	if c.DevAnywhere && !c.Dev {
		return fmt.Errorf("--dev-anywhere says something of --dev only")
	}
	if err := c.checkRates(); err != nil {
		return err
	}
	if err := c.checkTrust(); err != nil {
		return err
	}
	if err := c.checkSocketIO(); err != nil {
		return err
	}
	if err := c.checkICE(); err != nil {
		return err
	}
	if err := c.checkUploads(); err != nil {
		return err
	}
	if err := c.checkPushes(); err != nil {
		return err
	}
	if err := c.checkAddresses(); err != nil {
		return err
	}
	if err := checkPprof(c.Pprof); err != nil {
		return err
	}
	if err := checkOTLP(c.OTLP, c.OTLPSample); err != nil {
		return err
	}
	for _, addr := range c.Addr {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return fmt.Errorf("--addr: %w", err)
		}
		if c.Dev && !c.DevAnywhere && !loopbackHost(host) {
			return fmt.Errorf("--addr: --dev believes anybody, and %s is not a loopback address: if everybody who can reach it may be anybody, say --dev-anywhere too", addr)
		}
	}
	return nil
}

// checkRates refuses rates below nothing.
func (c *Serve) checkRates() error {
	for _, rate := range []struct {
		name  string
		value float64
	}{
		{"--post-rate", c.PostRate},
		{"--post-burst", c.PostBurst},
		{"--channel-rate", c.ChannelRate},
		{"--channel-burst", c.ChannelBurst},
	} {
		if rate.value < 0 {
			return fmt.Errorf("%s is not negative", rate.name)
		}
	}
	return nil
}

// announce tells the person who started the server where to go.
func (c *Serve) announce(w io.Writer, s *server) {
	var text strings.Builder
	for _, addr := range s.addrs() {
		fmt.Fprintf(&text, "Parley %s: open http://%s/\n", version, addr)
	}
	if s.keysPath != "" {
		fmt.Fprintf(&text, "The keys are in %s; `parley token --data %s --user NAME` mints a token.\n", s.keysPath, c.Data)
	}
	if c.Dev {
		text.WriteString("\n*** --dev: ANYBODY who reaches this server can be ANYBODY. Never run it like this for others. ***\n\n")
	}
	_, _ = io.WriteString(w, text.String()) // the server runs, whoever listens
}
