package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// profiler serves the Go runtime's profiles, to this machine alone. They take
// as long as is asked for, and are on no address that serves others.
func (s *server) profiler(ctx context.Context, addr string) error {
	if addr == "" {
		return nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("--pprof: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	// The command line may hold secrets.
	mux.HandleFunc("/debug/pprof/cmdline", http.NotFound)
	s.aside(l, fromLoopback(mux))
	return nil
}

// checkPprof refuses addresses that others can reach.
func checkPprof(addr string) error {
	if addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--pprof: %w", err)
	}
	if !loopbackHost(host) {
		return fmt.Errorf("--pprof: profiles show what the server has in memory, and %s is not a loopback address", addr)
	}
	return nil
}
