package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/ws"
)

// metrics is what /metrics tells. No user, channel or path is a label: there
// is no end of them.
type metrics struct {
	registry *prometheus.Registry
	now      func() time.Time
	requests *prometheus.HistogramVec
	refusals *prometheus.CounterVec
}

func newMetrics(s *server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		now:      time.Now,
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_http_request_duration_seconds", Help: "Time to answer REST requests.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .025, .05, .1, .25, 1, 5},
		}, []string{"route", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_http_refusals_total", Help: "REST requests refused, by code.",
		}, []string{"code"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.refusals, newGauges(s),
	)
	return m
}

func (m *metrics) refused(code chat.Code) { m.refusals.WithLabelValues(string(code)).Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// timed measures next by route: its pattern, which is one of a few.
func (m *metrics) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := m.now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		m.requests.WithLabelValues(r.Pattern, strconv.Itoa(seen.status)).Observe(m.now().Sub(begun).Seconds())
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// gauge is one figure that is read when /metrics is.
type gauge struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*snapshot) float64
}

// snapshot is all the counts, taken once per scrape.
type snapshot struct {
	hub   chat.Stats
	store pebble.Stats
	ws    ws.Stats
}

// gauges collects what hub, store and transport count themselves.
type gauges struct {
	server      *server
	list        []gauge
	errors      *prometheus.Desc
	connections *prometheus.Desc
}

func newGauges(s *server) *gauges {
	g := &gauges{
		server:      s,
		errors:      prometheus.NewDesc("parley_errors_total", "Errors answered to sessions, by code.", []string{"code"}, nil),
		connections: prometheus.NewDesc("parley_ws_connections", "WebSocket connections, by door.", []string{"door"}, nil),
	}
	count := func(name, help string, value func(*snapshot) float64) {
		g.list = append(g.list, gauge{prometheus.NewDesc("parley_"+name+"_total", help, nil, nil), prometheus.CounterValue, value})
	}
	level := func(name, help string, value func(*snapshot) float64) {
		g.list = append(g.list, gauge{prometheus.NewDesc("parley_"+name, help, nil, nil), prometheus.GaugeValue, value})
	}
	level("sessions", "Sessions.", func(s *snapshot) float64 { return float64(s.hub.Sessions) })
	level("channels_loaded", "Channels in memory.", func(s *snapshot) float64 { return float64(s.hub.Rooms) })
	level("users_online", "Users with a session.", func(s *snapshot) float64 { return float64(s.hub.Users) })
	count("events_committed", "Events that were committed.", func(s *snapshot) float64 { return float64(s.hub.Posts) })
	count("subscriptions_resumed", "Subscriptions that began behind the head.", func(s *snapshot) float64 { return float64(s.hub.Resumes) })
	count("subscriptions_fell_back", "Subscriptions that went from live back to catching up.", func(s *snapshot) float64 { return float64(s.hub.FallBacks) })
	count("catch_up_pages", "Reads of the store for those who catch up.", func(s *snapshot) float64 { return float64(s.hub.PageReads) })
	count("redeliveries", "Subscriptions that were sent again what they had not acknowledged.", func(s *snapshot) float64 { return float64(s.hub.Redeliveries) })
	count("signals_dropped", "Signals dropped under pressure.", func(s *snapshot) float64 { return float64(s.hub.SignalsDropped) })
	level("store_queue", "Writes that wait for the store.", func(s *snapshot) float64 { return float64(s.store.Queued) })
	count("store_batches", "Group commits.", func(s *snapshot) float64 { return float64(s.store.Batches) })
	count("store_syncs", "Syncs of the store's log.", func(s *snapshot) float64 { return float64(s.store.Syncs) })
	count("store_sync_seconds", "Time spent in them.", func(s *snapshot) float64 { return s.store.SyncTime.Seconds() })
	count("ws_opened", "WebSocket connections opened.", func(s *snapshot) float64 { return float64(s.ws.Opened) })
	count("ws_refused", "WebSocket requests not upgraded.", func(s *snapshot) float64 { return float64(s.ws.Refused) })
	count("ws_unanswered", "WebSocket connections ended because a ping was not answered.", func(s *snapshot) float64 { return float64(s.ws.Unanswered) })
	count("ws_frames_in", "Data frames received.", func(s *snapshot) float64 { return float64(s.ws.FramesIn) })
	count("ws_frames_out", "Data frames sent.", func(s *snapshot) float64 { return float64(s.ws.FramesOut) })
	count("ws_bytes_in", "Bytes received.", func(s *snapshot) float64 { return float64(s.ws.BytesIn) })
	count("ws_bytes_out", "Bytes sent.", func(s *snapshot) float64 { return float64(s.ws.BytesOut) })
	count("ws_writes", "System calls that sent them.", func(s *snapshot) float64 { return float64(s.ws.Writes) })
	count("ws_blocked", "Writes that found the socket full.", func(s *snapshot) float64 { return float64(s.ws.Blocked) })
	level("ws_read_queue", "Connections that wait to be read from.", func(s *snapshot) float64 { return float64(s.ws.ReadQueue) })
	level("ws_write_queue", "Connections that wait to be written to.", func(s *snapshot) float64 { return float64(s.ws.WriteQueue) })
	return g
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range g.list {
		ch <- f.desc
	}
	ch <- g.errors
	ch <- g.connections
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	now := &snapshot{hub: g.server.hub.Stats(), store: g.server.store.Stats(), ws: g.server.sockets.Stats()}
	for _, f := range g.list {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(now))
	}
	for code, n := range now.hub.Errors {
		ch <- prometheus.MustNewConstMetric(g.errors, prometheus.CounterValue, float64(n), string(code))
	}
	for door, n := range now.ws.Connections {
		ch <- prometheus.MustNewConstMetric(g.connections, prometheus.GaugeValue, float64(n), door)
	}
}
