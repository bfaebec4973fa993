package engineio

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// Socket is what speaks over a connection. Like chat.Session it is pulled from.
type Socket interface {
	// Receive takes one message, once Ready has said so; one call at a time,
	// in order. The data is not valid after the call. An error closes the
	// connection.
	Receive(ctx context.Context, m wire.Message) error

	// Ready waits until the socket can take another message. It fails only
	// with ctx or when the socket is closed.
	Ready(ctx context.Context) error

	// Next appends to dst what is to be sent now, in order, and returns it: at
	// least one message, or more is false; about 64 KiB, or one message, at
	// most. Once it said that there is no more, Conn.Wake has to announce the
	// next; it may be called without, too. Nobody changes the data of what it
	// returned, which many connections may share; a text holds no 0x1e. One
	// call at a time.
	Next(ctx context.Context, dst []wire.Message) (batch []wire.Message, more bool)

	// Close is told, once, that the connection is gone. Receive or Next may be
	// under way.
	Close()
}

// Options of a Server. Open is needed; every other zero value works.
type Options struct {
	// Open makes the socket of a new connection. What r asks for is refused if
	// it fails: the client is told the error's message. Of c everything may be
	// called from then on.
	Open func(r *http.Request, c *Conn) (Socket, error)

	// Upgrade makes a WebSocket of a request and has it carry what peer makes,
	// once it has looked at the handshake. It answers the request, unless peer
	// fails: with that error. transport/ws does (Server.Carry). nil: there is
	// only polling.
	Upgrade func(w http.ResponseWriter, r *http.Request, peer func(Link) (Peer, error)) error

	// CheckOrigin refuses, with 403, requests of pages that may not come here.
	// Pages that may get CORS headers that let them in, with credentials. nil:
	// all may.
	CheckOrigin func(r *http.Request) error

	// Credential is what a request shows of who asks. Where the first request
	// of a connection shows something, all others have to show the same. nil:
	// the header Authorization.
	Credential func(r *http.Request) string

	// StatusOf is the HTTP status that stands for the code of an error of
	// Open's. nil: 403 whatever it is.
	StatusOf func(chat.Code) int

	Logger *slog.Logger     // nil: discards
	Now    func() time.Time // nil: time.Now

	PingInterval   time.Duration // from a pong to the next ping; 0: 25 s
	PingTimeout    time.Duration // within which a ping is answered; 0: 60 s
	UpgradeTimeout time.Duration // from a WebSocket's opening to its taking over; 0: 10 s
	CloseWithin    time.Duration // from Conn.Close to the end, whatever the peer does; 0: 3 s
	MaxPayload     int           // bytes of a POST, and of a WebSocket's message; 0: 1 MiB
	MaxPackets     int           // in the answer to a poll; 0: 16
	MaxAnswer      int           // bytes after which an answer to a poll takes no further packet; 0: MaxPayload
	MaxPolling     int           // connections without a WebSocket; 0: 10,000
}

// Peer is what a WebSocket carries: whole messages.
type Peer interface {
	// Receive takes one message; one call at a time, in order. It waits while
	// no more is to be read. The data is not valid after the call. An error
	// closes the WebSocket.
	Receive(ctx context.Context, m wire.Message) error
	// Next calls emit for each message that is to be sent now, which is head
	// and data joined; both may change once emit has returned. Unless there is
	// more, Link.Wake says when to ask again. One call at a time.
	Next(ctx context.Context, emit func(head string, data []byte, binary bool)) (more bool)
	// Close is told, maybe more than once, that the WebSocket is gone.
	Close()
}

// Link is a WebSocket as its Peer sees it. Nothing of it blocks.
type Link interface {
	Wake()                    // Peer.Next has something
	Close(reason *chat.Error) // end after what is queued was sent
	// Moved reports whether anything came from the client, or was taken by its
	// socket, since the last call. One call at a time.
	Moved() bool
}
