package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"

	"github.com/parley-chat/parley/bench/floor"
)

// FloorOptions say which floor to serve, and where.
type FloorOptions struct {
	Addr  string // default 127.0.0.1:0
	Batch bool   // queues and flushers in place of a write per delivery
	Sync  string // the file to which each message is synced before it is acknowledged; "": none
	Log   *slog.Logger
}

// Floor serves a yardstick until ctx ends.
func Floor(ctx context.Context, o FloorOptions) error {
	l, err := net.Listen("tcp", or(o.Addr, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	if o.Log != nil {
		o.Log.Info("serving the floor", "url", "ws://"+l.Addr().String()+"/v1/ws", "batch", o.Batch, "sync", o.Sync)
	}
	if err := floor.Serve(ctx, l, floor.Options{Batch: o.Batch, Log: o.Sync}); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	return nil
}

// ParseTarget reads a server as the command line names it: "floor",
// "floor-batch", "floor-sync" and "floor-sync-batch" are served by own, the
// command that calls Floor; anything else is a command of its own, its
// arguments parted by spaces.
func ParseTarget(server, name string, own ...string) (Target, error) {
	kind, isFloor := strings.CutPrefix(server, "floor")
	if !isFloor || (kind != "" && kind[0] != '-') {
		return Target{Name: name, Command: strings.Fields(server)}, nil
	}
	command := append(slices.Clone(own), "--addr", "{addr}")
	for _, with := range strings.FieldsFunc(kind, func(r rune) bool { return r == '-' }) {
		switch with {
		case "batch":
			command = append(command, "--batch")
		case "sync":
			command = append(command, "--sync", "{data}/log")
		default:
			return Target{}, fmt.Errorf("no floor is called %q", server)
		}
	}
	return Target{Name: or(name, server), Command: command}, nil
}
