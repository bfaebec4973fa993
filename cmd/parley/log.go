package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

// requestHeader carries a request's id, both ways.
const requestHeader = "X-Request-Id"

// maxRequestID bounds an id that a client or a proxy gave, in bytes.
const maxRequestID = 128

// logger is the server's own. What is logged on behalf of a request has its id.
func (c *Serve) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: inOneLine}
	if c.Log == "text" || c.Log == "auto" && isTerminal(w) {
		return slog.New(ofRequests{slog.NewTextHandler(w, o)})
	}
	return slog.New(ofRequests{slog.NewJSONHandler(w, o)})
}

// inOneLine has an error say what it says: as text slog writes Pebble's with the
// stack that they come from.
func inOneLine(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindAny {
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(err.Error())
		}
	}
	return a
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type requestKey struct{}

// requestOf is the id of the request that ctx is of, or "".
func requestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// ofRequests adds the request's id to records of its context.
type ofRequests struct{ slog.Handler }

// Handle implements slog.Handler.
func (h ofRequests) Handle(ctx context.Context, r slog.Record) error {
	if id := requestOf(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h ofRequests) WithAttrs(attrs []slog.Attr) slog.Handler {
	return ofRequests{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h ofRequests) WithGroup(name string) slog.Handler {
	return ofRequests{h.Handler.WithGroup(name)}
}

// requests stands before everything: each HTTP request gets an id, which is in
// its answer and in what is logged about it. What is logged is the route, never
// the path, the query, a header or a body: they hold names, tokens and texts.
type requests struct {
	log  *slog.Logger
	now  func() time.Time
	next http.Handler
}

// ServeHTTP passes the request on.
func (q *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := sane(r.Header.Get(requestHeader))
	if id == "" {
		id = rand.Text()
	}
	w.Header().Set(requestHeader, id)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
	if r.Header.Get("Upgrade") != "" {
		q.next.ServeHTTP(w, r) // takes the connection over, as it is
		return
	}
	begun := q.now()
	seen := &statusWriter{ResponseWriter: w}
	defer q.recover(seen, r)
	q.next.ServeHTTP(seen, r)
	q.tell(seen, r, q.now().Sub(begun))
}

// sane is id if it can be logged and sent back as it is, else "".
func sane(id string) string {
	if len(id) > maxRequestID || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return ""
	}
	return id
}

// tell logs the request: one that failed because of the server where it is
// seen, every other for those who look closely. An internal error was logged
// with its cause where that was known.
func (q *requests) tell(w *statusWriter, r *http.Request, took time.Duration) {
	level := slog.LevelDebug
	if w.status > http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	q.log.Log(r.Context(), level, "request", "method", known(r.Method), "route", r.Pattern, "status", w.answered(), "seconds", took.Seconds())
}

// known is the method if it is one: anything may stand in its place.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recover answers a request whose handler panicked, and logs why.
func (q *requests) recover(w *statusWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && err == http.ErrAbortHandler {
		panic(v)
	}
	q.log.ErrorContext(r.Context(), "a request's handler panicked", "route", r.Pattern, "panic", v, "stack", string(debug.Stack()))
	if w.status == 0 {
		api.Refuse(w, chat.E(chat.CodeInternal, "internal error"))
	}
}
