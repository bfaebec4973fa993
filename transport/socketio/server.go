package socketio

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/socketio"
)

// Transport is a connection of Engine.IO. Neither blocks, and both may be
// called under locks.
type Transport interface {
	Wake()                    // Conn.Next has something
	Close(reason *chat.Error) // end after what is queued was sent
}

// Namespace is an application that clients connect to by its name.
type Namespace interface {
	// Connect lets a client in. The client tells its peer so itself, by the
	// first packet of its Next. An error refuses it: the peer is told.
	Connect(ctx context.Context, h *Handshake, s Socket) (Client, error)
}

// Handshake is what a client comes with.
type Handshake struct {
	Namespace   string
	Auth        []byte // a JSON object, or nothing; not valid after Connect
	Credentials Credentials
}

// Credentials are those of the request that made the connection.
type Credentials struct {
	Token string
	User  string // --dev
	Name  string
	From  *chat.Origin // nil: not known
}

// Socket is a client as its connection sees it. Neither method blocks, and both
// may be called under locks.
type Socket interface {
	Wake() // Client.Next has something
	// End disconnects the client after what its Next has was sent. With
	// CodeGoingAway the connection is closed in place of that, so that its peer
	// comes back. nil: the client has said itself, in what Next returns, that
	// it may not connect.
	End(why *chat.Error)
}

// Client is one in a namespace. Receive is called from where messages are
// read, Next from where they are sent, each one call at a time.
type Client interface {
	// Receive takes an event or an acknowledgement. The packet is not valid
	// after the call.
	Receive(ctx context.Context, p *socketio.Packet)
	// Fail is told of an event that could not be read.
	Fail(p *socketio.Packet, err error)
	// Ready waits until the client can take another packet.
	Ready(ctx context.Context) error
	// Next appends to dst what is to be sent now, in order: at least one
	// message, or more is false.
	Next(ctx context.Context, dst []wire.Message) (batch []wire.Message, more bool)
	// Close is told, once, that the client is gone.
	Close()
}

// Options of a Server. Namespaces is needed; every other zero value works.
type Options struct {
	Namespaces map[string]Namespace // by name, which begins with a slash

	// ConnectWithin is how long a connection may be without a client in any
	// namespace since it was made; 0: 45 s.
	ConnectWithin time.Duration

	// Origin is where a request comes from. nil: nobody asks.
	Origin func(*http.Request) *chat.Origin

	Logger *slog.Logger // nil: discards
}

// Server makes connections.
type Server struct {
	o     Options
	count counts
}

type counts struct {
	connections, clients                 atomic.Int64
	packetsIn, messagesOut, refused, bad atomic.Uint64
}

// Stats are counts since the server began, and what there is now.
type Stats struct {
	Connections, Clients int
	PacketsIn            uint64 // whole packets
	MessagesOut          uint64
	Refused              uint64 // clients that might not connect
	Broken               uint64 // connections closed for what was no packet
}

// New makes a Server.
func New(o Options) *Server {
	if o.ConnectWithin == 0 {
		o.ConnectWithin = 45 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{o: o}
}

// Stats are the counts now.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: int(s.count.connections.Load()), Clients: int(s.count.clients.Load()),
		PacketsIn: s.count.packetsIn.Load(), MessagesOut: s.count.messagesOut.Load(),
		Refused: s.count.refused.Load(), Broken: s.count.bad.Load(),
	}
}

// Open makes what speaks over the transport that r began.
func (s *Server) Open(r *http.Request, t Transport) *Conn {
	c := &Conn{server: s, transport: t, credentials: credentialsOf(r)}
	if s.o.Origin != nil {
		c.credentials.From = s.o.Origin(r)
	}
	s.count.connections.Add(1)
	c.late = time.AfterFunc(s.o.ConnectWithin, c.expire)
	return c
}

// credentialsOf copies what it finds: the request must not live as long as its
// connection.
func credentialsOf(r *http.Request) Credentials {
	query := r.URL.Query()
	first := func(names ...string) string {
		for _, name := range names {
			if v := query.Get(name); v != "" {
				return strings.Clone(v)
			}
		}
		return ""
	}
	c := Credentials{Token: first("token"), User: first("userId"), Name: first("userName", "username", "name")}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		c.Token = strings.Clone(strings.TrimSpace(token))
	}
	return c
}
