package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parley-chat/parley/chat"
)

// metrics is what /metrics tells. No user, channel or path is a label: there
// is no end of them.
type metrics struct {
	registry *prometheus.Registry
	now      func() time.Time
	requests *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	refusing tally // refusals once more, for those who do not ask Prometheus
	backups  *prometheus.CounterVec
	backedUp prometheus.Gauge
}

// faults are the codes that are of the server's own making. They are told from
// the start, as 0: a series that begins with 1 has not increased, and whoever
// waits for an increase would miss the first.
var faults = [...]chat.Code{chat.CodeInternal, chat.CodeStorageFull, chat.CodeUnavailable}

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
		backups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_backups_total", Help: "Online backups, by how they ended: done or failed.",
		}, []string{"result"}),
		backedUp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "parley_backup_last_success_timestamp_seconds", Help: "When this server last wrote an online backup; 0: not since it started.",
		}),
	}
	for _, code := range faults {
		m.refusals.WithLabelValues(string(code))
	}
	m.backups.WithLabelValues("done")
	m.backups.WithLabelValues("failed")
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.refusals, m.backups, m.backedUp, newFigures(s),
	)
	return m
}

func (m *metrics) refused(code chat.Code) {
	m.refusals.WithLabelValues(string(code)).Inc()
	m.refusing.count(code)
}

// backup notes how one ended.
func (m *metrics) backup(err error) {
	if err != nil {
		m.backups.WithLabelValues("failed").Inc()
		return
	}
	m.backups.WithLabelValues("done").Inc()
	m.backedUp.Set(float64(m.now().Unix()))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// timed measures next by route: its pattern, which is one of a few.
func (m *metrics) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := m.now()
		seen := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		m.requests.WithLabelValues(r.Pattern, strconv.Itoa(seen.answered())).Observe(m.now().Sub(begun).Seconds())
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int // 0: nothing was written
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answered is the status that the client got, or will when its handler returns.
func (w *statusWriter) answered() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
