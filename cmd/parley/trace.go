package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-chat/parley/chat"
)

// tracesWithin is how long the last spans may take to be sent when the server
// stops.
const tracesWithin = time.Second

// tracer sends the ways of some events to an OpenTelemetry collector: those
// whose request belongs to a trace already, and of the others a share.
type tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	share    float64
}

// newTracer sends to the collector at endpoint, by OTLP over HTTP. What it
// cannot send is dropped, and logged.
func newTracer(ctx context.Context, endpoint string, share float64, log *slog.Logger) (*tracer, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("--otlp: %w", err)
	}
	if to.Path == "" || to.Path == "/" {
		to.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to.String()))
	if err != nil {
		return nil, fmt.Errorf("--otlp: %w", err)
	}
	// The library's way to say that spans were lost is the process's alone.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are lost", "err", err) }))
	t := &tracer{share: share, provider: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Second)),
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // what is traced was chosen before
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "parley"), attribute.String("service.version", version),
		)),
	)}
	t.tracer = t.provider.Tracer("github.com/parley-chat/parley")
	return t, nil
}

// checkOTLP refuses what newTracer could make nothing of.
func checkOTLP(endpoint string, share float64) error {
	if share < 0 || share > 1 {
		return fmt.Errorf("--otlp-sample: a share is between 0 and 1")
	}
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--otlp: an endpoint reads http://HOST:PORT or https://HOST:PORT, and may have a path")
	}
	return nil
}

// hook is the hub's Trace; nil where nothing is traced.
func (t *tracer) hook() func(context.Context) func(chat.Passage) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context) func(chat.Passage) {
		parent := trace.SpanContextFromContext(ctx)
		if parent.IsValid() && !parent.IsSampled() || !parent.IsValid() && rand.Float64() >= t.share {
			return nil
		}
		m := &message{tracer: t.tracer, ctx: trace.ContextWithSpanContext(context.Background(), parent), request: requestOf(ctx)}
		return m.tell
	}
}

// joining has requests that carry a traceparent take part in that trace.
func (t *tracer) joining(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// stop sends what is left.
func (t *tracer) stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tracesWithin)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

// message turns the passage of one event into spans: receive, commit and
// offer, below one that spans them; and deliver, which may end after it.
type message struct {
	tracer  trace.Tracer
	request string

	mu              sync.Mutex
	ctx             context.Context // the parent's until told, then the message's own
	told, delivered bool
}

// tell is called twice at most, in either order. Both calls know of all but the
// delivery.
func (m *message) tell(p chat.Passage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.told {
		m.told = true
		m.root(p)
	}
	if !m.delivered && !p.Delivered.IsZero() {
		m.delivered = true
		m.span("deliver", p.Committed, p.Delivered)
	}
}

func (m *message) root(p chat.Passage) {
	attributes := []attribute.KeyValue{
		attribute.String("parley.channel", p.Channel.Name),
		attribute.String("parley.kind", kindName(p.Kind)),
		attribute.Int64("parley.seq", int64(p.Seq)),
		attribute.Int("parley.bytes", p.Bytes),
		attribute.Int("parley.recipients", p.Recipients),
	}
	if m.request != "" {
		attributes = append(attributes, attribute.String("parley.request", m.request))
	}
	ctx, root := m.tracer.Start(m.ctx, "message", trace.WithTimestamp(p.Received),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
	m.ctx = ctx
	m.span("receive", p.Received, p.Queued)
	m.span("commit", p.Queued, p.Committed)
	m.span("offer", p.Committed, p.Offered)
	root.End(trace.WithTimestamp(p.Offered))
}

func (m *message) span(name string, from, to time.Time) {
	_, s := m.tracer.Start(m.ctx, name, trace.WithTimestamp(from))
	s.End(trace.WithTimestamp(to))
}
