package socketio

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// Auth is what a client says of itself when it connects to a namespace.
type Auth struct {
	Token    string
	User     string // under --dev who it is; else the token's user, or it is refused
	Name     string
	Recovery bool   // it wants to go on after a cut: it takes an offset as its events' last argument
	Ticket   string // `pid`: what it was told when it connected before
	Offset   string // how far it came then
}

// ParseAuth reads the payload of a packet that connects.
func ParseAuth(payload []byte) (Auth, error) {
	var a Auth
	var f frame.Fields
	if len(payload) == 0 {
		return a, nil
	}
	err := new(frame.Pool).Object(payload, func(name []byte, v frame.Value) {
		switch string(name) {
		case "token":
			a.Token = f.String("auth.token", v)
		case "userId":
			a.User = f.String("auth.userId", v)
		case "username", "userName":
			a.Name = f.String("auth.username", v)
		case "recovery":
			a.Recovery = f.Bool("auth.recovery", v)
		case "pid":
			a.Ticket, _ = v.Text()
		case "offset":
			a.Offset, _ = v.Text()
		}
	})
	if err == nil {
		err = f.Err
	}
	return a, err
}

// A socket's id is kept with the messages that came by it, in their meta, where
// clients of other doors may write too. So it is bound to its user: the end of
// an id is a hash of its beginning and the user's name, and nobody can give a
// message the id of another user's socket.

const (
	nonceLen = 26 // of 130 random bits in base 32
	bindLen  = 8  // of 40 bits
)

// NewID is the id of a new socket of the user's.
func NewID(user string) string {
	nonce := rand.Text()
	return nonce + binding(nonce, user)
}

// NewID is the id of a new socket of the user's in the dialect's namespace. It
// says which, unless that is the main one.
func (d *Dialect) NewID(user string) string {
	if d.Namespace == Main {
		return NewID(user)
	}
	return strings.TrimPrefix(d.Namespace, "/") + elsewhere + NewID(user)
}

// elsewhere ends the name of a namespace that is not the main one, in an id.
const elsewhere = "."

// binds reports whether id is of a socket of the user's.
func binds(id []byte, user string) bool {
	return len(id) == nonceLen+bindLen && string(id[nonceLen:]) == binding(string(id[:nonceLen]), user)
}

func binding(nonce, user string) string {
	sum := sha256.Sum256([]byte(nonce + user))
	return base32.StdEncoding.EncodeToString(sum[:5])
}

// opening travels through a session with the first request.
type opening struct{}

// Opening says how a client comes in.
type Opening struct {
	Session string // chat's name of the session
	Device  string // the socket's id; see NewID
	User    string // whom the client claims to be, or ""
	Name    string
	Recover bool           // offer recovery
	From    *chat.Recovery // where the client left off, or nil
	Ticket  string         // the new ticket's id, if Recover
}

// Request is what a session is asked first.
func (o *Opening) Request() chat.Request {
	r := chat.Request{Ref: opening{}, User: o.User, Name: o.Name, Command: chat.SetDevice{ID: o.Device}}
	if o.Recover {
		r.Command = chat.Keep{Ticket: o.Ticket, Device: o.Device, Recovery: o.From}
	}
	return r
}
