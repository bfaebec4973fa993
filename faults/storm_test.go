package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/bench/fields"
	wsframe "github.com/parley-chat/parley/bench/frame"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

const (
	stormChannels = 50
	stormBehind   = 20 // messages that each client has missed
	stormWithin   = 10 * time.Second
)

// returner is a client of a storm.
type returner struct {
	name     string
	channel  int
	position string
	socket   *lean
	problem  error

	from string // where it went on from when it returned
	got  []history.Entry
}

// record has what the returner got checked, and ends its connection.
func (r *returner) record(l *load) {
	_, digits, _ := strings.Cut(r.from, ":")
	seq, _ := strconv.ParseUint(digits, 10, 64)
	run := l.rec.Begin(history.Run{Subscriber: r.name, Channel: l.channels[r.channel], Numbering: history.BySeq, From: seq})
	for _, e := range r.got {
		run.Saw(e)
	}
	if r.socket != nil {
		r.socket.close()
	}
}

// lean is a WebSocket client that costs next to nothing, so that what a storm
// measures is the server: here the race detector makes every client dear.
type lean struct {
	conn net.Conn
	in   *bufio.Reader
	data []byte // of the frame read last
}

func dialLean(ctx context.Context, l *load, user string) (*lean, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", l.server.addr)
	if err != nil {
		return nil, err
	}
	c := &lean{conn: conn, in: bufio.NewReaderSize(conn, 4096)}
	if err := c.upgrade(l.server.addr, l.door("/v1/ws", user)); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *lean) upgrade(host, path string) error {
	if err := c.conn.SetDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := io.WriteString(c.conn, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: parley.v1.json\r\n\r\n")
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 101 ")):
			return fmt.Errorf("the upgrade was answered with %q", line)
		case len(line) <= len("\r\n"):
			return nil
		}
	}
}

func (c *lean) send(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.conn.Write(wsframe.AppendMasked(nil, wsframe.Text, data, 1))
	return err
}

// next is the next frame; a storm is over before any ping must be answered.
func (c *lean) next() (returned, error) {
	for {
		h, err := c.header()
		if err != nil {
			return returned{}, err
		}
		c.data = slices.Grow(c.data[:0], h.Length)[:h.Length]
		if _, err := io.ReadFull(c.in, c.data); err != nil {
			return returned{}, err
		}
		if h.Opcode == wsframe.Text {
			return parseReturned(c.data), nil
		}
	}
}

func (c *lean) header() (wsframe.Header, error) {
	for size := 2; ; size++ {
		b, err := c.in.Peek(size)
		if err != nil {
			return wsframe.Header{}, err
		}
		if h, ok := wsframe.Parse(b); ok {
			_, err := c.in.Discard(h.Size)
			return h, err
		}
	}
}

// returned is what a storm looks at in a frame.
type returned struct {
	kind     string
	position string
	entry    history.Entry
	raw      []byte
}

func parseReturned(data []byte) returned {
	r := returned{raw: data}
	members := fields.Of(data)
	for {
		name, value, ok := members.Next()
		if !ok {
			return r
		}
		switch string(name) {
		case "type":
			r.kind = string(fields.Text(value))
		case "position":
			r.position = string(fields.Text(value))
		case "id":
			r.entry.ID = string(fields.Text(value))
		case "senderId":
			r.entry.Sender = string(fields.Text(value))
		case "nonce":
			r.entry.Nonce = string(fields.Text(value))
		case "text":
			r.entry.Text = brief(string(fields.Text(value)))
		case "seq":
			r.entry.Seq, _ = fields.Number(value)
		case "sequence":
			r.entry.Sequence, _ = fields.Number(value)
		}
	}
}

func (c *lean) close() { _ = c.conn.Close() }

// come connects and subscribes, from the position if there is one, and returns
// what came up to level. A connection that breaks is tried again.
func (r *returner) come(ctx context.Context, l *load) ([]history.Entry, error) {
	for {
		entries, err := r.attempt(ctx, l)
		if err == nil || ctx.Err() != nil {
			return entries, err
		}
		r.problem = err
		pause(ctx, 50*time.Millisecond)
	}
}

func (r *returner) attempt(ctx context.Context, l *load) ([]history.Entry, error) {
	s, err := dialLean(ctx, l, r.name)
	if err != nil {
		return nil, err
	}
	r.socket = s
	subscribe := object{"type": "subscribe", "ref": 1, "channelId": l.channels[r.channel]}
	if r.position != "" {
		subscribe["position"] = r.position
	}
	if err := s.send(subscribe); err != nil {
		s.close()
		return nil, err
	}
	var entries []history.Entry
	for {
		f, err := s.next()
		if err != nil {
			s.close()
			return nil, err
		}
		switch f.kind {
		case "message":
			f.entry.Kind = chat.KindMessage
			entries = append(entries, f.entry)
		case "error":
			s.close()
			return nil, fmt.Errorf("refused: %s", f.raw)
		case "level":
			r.position = f.position
			return entries, nil
		}
	}
}

// together runs f for each, at most so many at a time.
func together(all []*returner, most int, f func(*returner)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, most)
	for _, r := range all {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			f(r)
		})
	}
	group.Wait()
}

// Everybody was there; the server died, twice, and what was said in between is
// in no memory. Then they all return at once.
func TestStorm_EverybodyResumesAndTheStoreIsReadByChannel(t *testing.T) {
	s := newServer(t, build(t), t.TempDir(), "--dev")
	s.mustStart()
	l := gather(t, s, crowd{channels: stormChannels})
	ctx, cancel := context.WithTimeout(l.living, 5*within)
	defer cancel()
	all := make([]*returner, made(t).storm)
	for i := range all {
		all[i] = &returner{name: fmt.Sprint("returner-", i), channel: i % stormChannels}
	}
	together(all, 64, func(r *returner) {
		if _, err := r.come(ctx, l); err != nil {
			l.complain(l.channels[r.channel], "%s cannot come: %v, %v", r.name, err, r.problem)
		}
	})
	// What else the machine does can only make it slower: one storm of three that
	// is over in time is enough. Nothing may be lost in any.
	took := l.storm(ctx, all, "first")
	for _, name := range []string{"second", "third"} {
		if took > stormWithin && !t.Failed() {
			took = l.storm(ctx, all, name)
		}
	}
	l.check()
	if took > stormWithin {
		t.Errorf("%d clients took %v to resume, more than %v", len(all), took, stormWithin)
	}
}

// storm has everybody return at once, and is how long that took.
func (l *load) storm(ctx context.Context, all []*returner, name string) time.Duration {
	l.t.Helper()
	l.restart(all)
	l.sayInEach(ctx, name, stormBehind)
	l.restart(nil)

	before := l.server.metric("parley_catch_up_pages_total")
	began := time.Now()
	together(all, len(all), func(r *returner) {
		from := r.position
		entries, err := r.come(ctx, l)
		r.got, r.from = entries, from
		if err != nil || len(entries) != stormBehind {
			l.complain(l.channels[r.channel], "%s got %d of %d messages: %v, %v", r.name, len(entries), stormBehind, err, r.problem)
		}
	})
	took := time.Since(began)
	pages := l.server.metric("parley_catch_up_pages_total") - before
	for _, r := range all {
		r.record(l)
	}
	// A page is read once for all who need it at about the same time: a storm
	// may take long enough for that to be several times.
	if most := float64(10 * stormChannels); pages > most {
		l.t.Errorf("%d clients of %d channels had the store read %v times, more than %v", len(all), stormChannels, pages, most)
	}
	l.t.Logf("%d clients, %d messages behind, resumed in %v; the store was read %v times for %d channels",
		len(all), stormBehind, took.Round(time.Millisecond), pages, stormChannels)
	return took
}

// restart kills the server and has it up again; the clients' sockets break.
func (l *load) restart(all []*returner) {
	l.t.Helper()
	if err := l.server.kill(); err != nil {
		l.t.Fatal(err)
	}
	for _, r := range all {
		if r.socket != nil {
			r.socket.close()
		}
	}
	l.server.mustStart()
}

// sayInEach posts n messages in each channel, with nonces that begin with name.
func (l *load) sayInEach(ctx context.Context, name string, n int) {
	l.t.Helper()
	s, err := dial(ctx, l.server.url(), l.door("/v1/ws", "speaker"), "")
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.close()
	calls := make(map[string]*history.Call)
	var order []int
	for i := range n * len(l.channels) {
		channel := i % len(l.channels)
		op := history.Op{
			Client: "speaker", User: "speaker", Kind: history.Post, Channel: l.channels[channel],
			Nonce: fmt.Sprint(name, "-", i), Text: fmt.Sprintf("post of speaker, %s %d", name, i),
		}
		calls[op.Nonce] = l.rec.Invoke(op)
		if err := s.send(ctx, object{"type": "publish", "ref": i, "channelId": op.Channel, "nonce": op.Nonce, "text": op.Text}); err != nil {
			l.t.Fatal(err)
		}
		order = append(order, channel)
	}
	for range order {
		f, err := s.until(ctx, "ack")
		if err != nil {
			l.t.Fatal(err)
		}
		l.ok(calls[f.Nonce], order[f.Ref], history.Answer{Seq: f.Seq, ID: f.ID})
	}
}
