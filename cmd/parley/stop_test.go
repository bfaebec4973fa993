package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
)

func TestStop_KeepsWhatItAcknowledgedAndEndsInTime(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	ada := b.token(t, auth.Grant{User: "ada"})
	deaf := b.dial(t, "/v1/ws?token="+ada, nil) // never reads: it must not hold the server up
	deaf.send(`{"type":"subscribe","channelId":"general"}`)
	news := b.dial(t, "/v1/ws?token="+ada, nil)

	var acked atomic.Int64
	var senders sync.WaitGroup
	for range 8 {
		s := b.dial(t, "/v1/ws?token="+ada, nil)
		senders.Go(func() {
			for s.post(t.Context()) == nil {
				acked.Add(1)
			}
		})
	}
	for acked.Load() < 200 {
		time.Sleep(time.Millisecond) // the load is real, and so is its clock
	}
	begun := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- b.stop(nil) }()
	if bye := news.until("going_away"); bye["retryAfter"] == nil {
		t.Errorf("told %v", bye)
	}
	_, _, err := news.ws.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("closed with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > stopWithin {
		t.Errorf("it took %v", took)
	}
	senders.Wait()

	again, err := b.config.start(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.stop(nil); err != nil {
			t.Error(err)
		}
	}()
	after := bundle{server: again, config: b.config, url: "http://" + again.addrs()[0]}
	last := after.ask(t, ada, "GET", general+"?limit=1", "").want(t, 200, "").list(t, "messages")
	if len(last) != 1 || last[0]["seq"].(float64) < float64(acked.Load()) {
		t.Errorf("%d were acknowledged; the last is %v", acked.Load(), last)
	}
}

func TestStop_IsNotReadyAndTakesNobodyMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.visit(t, "GET", "/readyz", nil).want(t, 200, "")
	b.draining.Store(true)
	b.visit(t, "GET", "/readyz", nil).want(t, 503, "going_away")
	b.visit(t, "GET", "/healthz", nil).want(t, 200, "")
}

func TestServe_EndsWhenItsStoreHas(t *testing.T) {
	t.Parallel()
	c := &Serve{Addr: []string{"127.0.0.1:0"}, Data: t.TempDir(), Log: "json"}
	s, err := c.start(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.storeFailed(errors.New("input/output error"))
	url := "http://" + s.addrs()[0] + "/readyz"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	do(t, r).want(t, 503, "unavailable")
	err = s.stop(<-s.failed)
	if err == nil || !strings.Contains(err.Error(), "the store has stopped: input/output error") {
		t.Errorf("it says %v", err)
	}
}

func TestServe_RefusesAnAddressInUse(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	second := &Serve{Addr: b.addrs(), Data: t.TempDir()}
	if _, err := second.start(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("it says %v", err)
	}
	third := &Serve{Addr: []string{"127.0.0.1:0"}, Data: b.config.Data}
	if _, err := third.start(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("it says %v", err)
	}
}

func TestServe_ListensOnEachAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Addr = []string{"127.0.0.1:0", "127.0.0.1:0"} })
	for _, addr := range b.addrs() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		do(t, r).want(t, 200, "")
	}
	if len(b.addrs()) != 2 {
		t.Errorf("it listens on %v", b.addrs())
	}
}

func TestMetrics_CountWhatHappens(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "POST", general, `{"text":"x"}`).want(t, 201, "")
	b.ask(t, "", "POST", general, `{"text":"x"}`).want(t, 401, "unauthorized")
	s := b.dial(t, "/v1/ws?token="+ada, nil)
	s.until("connected")
	got := b.visit(t, "GET", "/metrics", nil).want(t, 200, "")
	for _, line := range []string{
		"parley_events_committed_total 1\n", "parley_sessions 1\n", `parley_ws_connections{door="native"} 1` + "\n",
		`parley_http_refusals_total{code="unauthorized"} 1` + "\n", "parley_store_syncs_total ", "go_goroutines ", "process_cpu_seconds_total ",
		`parley_http_request_duration_seconds_count{route="POST /v1/channels/{channel}/messages",status="201"} 1` + "\n",
	} {
		if !strings.Contains(got.text, line) {
			t.Errorf("no %q", line)
		}
	}
	if strings.Contains(got.text, `"general"`) || strings.Contains(got.text, `"ada"`) {
		t.Error("a name is a label")
	}
}

func TestDocument_IsServed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	got := b.visit(t, "GET", "/openapi.json", nil)
	if got.status != 200 || got.body["openapi"] != "3.1.0" {
		t.Errorf("%d %.100s", got.status, got.text)
	}
}

func TestTokens_EndTheConnectionThatTheyOpened(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.dial(t, "/v1/ws?token="+b.token(t, auth.Grant{User: "ada", TTL: 8 * time.Second}), nil)
	s.until("connected")
	s.until("expiring")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, _, err := s.ws.Read(ctx); websocket.CloseStatus(err) != 4001 {
		t.Errorf("closed with %v", err)
	}
}
