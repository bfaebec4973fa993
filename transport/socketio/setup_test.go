package socketio_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/native"
	protocol "github.com/parley-chat/parley/wire/socketio"
)

// bundle is a hub behind Socket.IO, without what carries its messages.
type bundle struct {
	hub    *chat.Hub
	server *socketio.Server
	ahead  atomic.Int64 // of the hub's clock, in nanoseconds
}

func setup(t testing.TB) *bundle {
	t.Helper()
	return setupOn(t, nil)
}

// setupOn keeps what it stores in the file system; nil: on the disk.
func setupOn(t testing.TB, fs vfs.FS) *bundle {
	t.Helper()
	b := &bundle{}
	now := func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	store, err := pebble.Open(t.Context(), t.TempDir(), pebble.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	b.hub = chat.NewHub(chat.Options{Store: store, Now: now})
	t.Cleanup(func() {
		b.hub.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	application := func(d *protocol.Dialect) socketio.Namespace {
		return &socketio.Chat{
			Dialect:  d,
			Open:     func(id chat.Identity, sink chat.Sink) (socketio.Session, error) { return b.hub.Connect(id, sink) },
			Identify: identify,
		}
	}
	b.server = socketio.New(socketio.Options{Namespaces: map[string]socketio.Namespace{
		"/": application(protocol.Events()), "/parley": application(protocol.Frames("/parley", native.Dialect())),
	}})
	return b
}

// identify believes tokens: they are users' names.
func identify(_ context.Context, c socketio.Credentials) (chat.Identity, error) {
	if c.Token == "" {
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "a token is needed")
	}
	return chat.Identity{Project: chat.DefaultProject, User: c.Token, Scopes: []string{chat.ScopeRead, chat.ScopeSend}}, nil
}

func user(name string) *chat.Identity {
	id, _ := identify(context.Background(), socketio.Credentials{Token: name})
	return &id
}

// line is a Transport with its peer.
type line struct {
	t      testing.TB
	conn   *socketio.Conn
	woken  chan struct{}
	closed chan *chat.Error
	told   []string
	inbox  []wire.Message
}

func (l *line) Wake() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

func (l *line) Close(why *chat.Error) {
	l.closed <- why
	l.Wake()
}

func (b *bundle) line(t testing.TB) *line {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/socket.io/", nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t, woken: make(chan struct{}, 1), closed: make(chan *chat.Error, 1)}
	l.conn = b.server.Open(r, l)
	t.Cleanup(l.conn.Close)
	return l
}

// come is a client of the user's in the main namespace.
func (b *bundle) come(t testing.TB, name string) *line {
	t.Helper()
	l := b.line(t)
	l.say(`0{"token":"` + name + `"}`)
	l.until(`0{"sid":`)
	return l
}

func (l *line) say(packets ...string) {
	l.t.Helper()
	for _, p := range packets {
		if err := l.conn.Ready(l.t.Context()); err != nil {
			l.t.Fatal(err)
		}
		if err := l.conn.Receive(l.t.Context(), wire.Message{Data: []byte(p)}); err != nil {
			l.t.Fatal(err)
		}
	}
}

// take moves what there is into the inbox.
func (l *line) take() {
	for more := true; more; {
		var batch []wire.Message
		batch, more = l.conn.Next(l.t.Context(), nil)
		l.inbox = append(l.inbox, batch...)
	}
}

// message is the next one.
func (l *line) message() wire.Message {
	l.t.Helper()
	late := time.After(30 * time.Second)
	for {
		if l.take(); len(l.inbox) > 0 {
			m := l.inbox[0]
			l.inbox = l.inbox[1:]
			if !m.Binary {
				l.told = append(l.told, string(m.Data))
			}
			return m
		}
		select {
		case <-l.woken:
		case <-late:
			l.t.Fatalf("nothing more; told %s", strings.Join(l.told, "\n"))
		}
	}
}

// until is the next packet that begins so.
func (l *line) until(head string) string {
	l.t.Helper()
	for {
		if m := l.message(); !m.Binary && strings.HasPrefix(string(m.Data), head) {
			return string(m.Data)
		}
	}
}

// ask says an event and wants this acknowledgement, or one that begins so.
func (l *line) ask(event, want string) string {
	l.t.Helper()
	l.say(`277` + event)
	if got := l.until(`377[`); !strings.HasPrefix(got, `377[`+want) {
		l.t.Fatalf("%s: answered %s", event, got)
		return ""
	} else {
		return got
	}
}

func (b *bundle) post(t *testing.T, name, channel, text string) *chat.Event {
	t.Helper()
	c, err := b.hub.Post(t.Context(), user(name), chat.Post{Channel: channel, Body: []byte(`"` + text + `"`)})
	if err != nil {
		t.Fatal(err)
	}
	return c.Event
}
