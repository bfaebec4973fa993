package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net"

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
