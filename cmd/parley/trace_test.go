package main

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/parley-chat/parley/auth"
)

// receiver is an OpenTelemetry collector that keeps what it gets.
func receiver(t *testing.T) (url string, got <-chan *spans.Span) {
	t.Helper()
	all := make(chan *spans.Span, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/traces" || r.Method != http.MethodPost {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		for _, of := range request.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, span := range scope.Spans {
					all <- span
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	return s.URL, all
}

// trace gathers spans until there is one of each name, and returns them by name.
func gather(t *testing.T, got <-chan *spans.Span, names ...string) map[string]*spans.Span {
	t.Helper()
	found := make(map[string]*spans.Span)
	late := time.After(20 * time.Second)
	for {
		missing := ""
		for _, name := range names {
			if found[name] == nil {
				missing = name
			}
		}
		if missing == "" {
			return found
		}
		select {
		case span := <-got:
			found[span.Name] = span
		case <-late:
			t.Fatalf("no span %q came", missing)
		}
	}
}

func TestTrace_OfOneMessageGoesFromReceiptToDelivery(t *testing.T) {
	t.Parallel()
	url, got := receiver(t)
	b := setup(t, func(c *Serve) { c.OTLP, c.OTLPSample = url, 1 })
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	reader := b.dial(t, "/v1/ws?token="+bob, nil)
	reader.send(`{"type":"subscribe","ref":1,"channelId":"general"}`)
	reader.until("level")
	s := b.dial(t, "/v1/ws?token="+ada, nil)
	s.send(`{"type":"publish","ref":1,"channelId":"general","text":"zaubernuss"}`)
	s.until("ack")

	all := gather(t, got, "message", "receive", "commit", "offer", "deliver")
	root := all["message"]
	if len(root.ParentSpanId) != 0 {
		t.Error("a message that nobody traced has a parent")
	}
	attributes := make(map[string]string)
	for _, a := range root.Attributes {
		attributes[a.Key] = a.Value.String()
	}
	for key, want := range map[string]string{
		"parley.channel": `string_value:"general"`, "parley.kind": `string_value:"message"`,
		"parley.seq": "int_value:1", "parley.recipients": "int_value:1",
	} {
		if attributes[key] != want {
			t.Errorf("%s is %s, want %s", key, attributes[key], want)
		}
	}
	if strings.Contains(root.String(), "zaubernuss") || strings.Contains(root.String(), "ada") {
		t.Errorf("who said what is in %v", root)
	}
	last := root.StartTimeUnixNano
	for _, name := range []string{"receive", "commit", "offer"} {
		span := all[name]
		if string(span.TraceId) != string(root.TraceId) || string(span.ParentSpanId) != string(root.SpanId) {
			t.Errorf("%s is not of the message", name)
		}
		if span.StartTimeUnixNano != last || span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%s goes from %d to %d, after %d", name, span.StartTimeUnixNano, span.EndTimeUnixNano, last)
		}
		last = span.EndTimeUnixNano
	}
	if last != root.EndTimeUnixNano {
		t.Error("the message does not end with its offer")
	}
	deliver := all["deliver"]
	if deliver.StartTimeUnixNano != all["commit"].EndTimeUnixNano || deliver.EndTimeUnixNano <= deliver.StartTimeUnixNano {
		t.Errorf("deliver goes from %d to %d", deliver.StartTimeUnixNano, deliver.EndTimeUnixNano)
	}
}

func TestTrace_JoinsTheRequestsOwn(t *testing.T) {
	t.Parallel()
	url, got := receiver(t)
	b := setup(t, func(c *Serve) { c.OTLP, c.OTLPSample = url, 0 })
	key := b.secretKey(t)
	post := func(traceparent string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+general+"?userId=ada", strings.NewReader(`{"text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Traceparent", traceparent)
		r.Header.Set(requestHeader, "request-1")
		do(t, r).want(t, 201, "")
	}
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	post("")
	post("00-" + trace + "-" + parent + "-00") // its trace is not kept: nor is this
	post("00-" + trace + "-" + parent + "-01")
	root := gather(t, got, "message")["message"]
	if hex.EncodeToString(root.TraceId) != trace || hex.EncodeToString(root.ParentSpanId) != parent {
		t.Errorf("it is of %x, below %x", root.TraceId, root.ParentSpanId)
	}
	if !strings.Contains(root.String(), `"request-1"`) || !strings.Contains(root.String(), "int_value:3") {
		t.Errorf("it is %v", root)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.tracer.provider.ForceFlush(ctx); err != nil {
		t.Fatal(err)
	}
	for len(got) > 0 {
		if span := <-got; span.Name == "message" {
			t.Errorf("%v was told, too", span)
		}
	}
}

func TestTrace_ACollectorThatIsNotThereHoldsNothingUp(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.OTLP, c.OTLPSample = "http://127.0.0.1:1", 1 })
	b.ask(t, b.secretKey(t), "POST", general+"?userId=ada", `{"text":"x"}`).want(t, 201, "")
}
