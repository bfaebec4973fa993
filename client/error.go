package client

import (
	"errors"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Errors of calls that surely had no effect.
var (
	// ErrClosed says that the Client was closed, or gave up; see [Client.Err].
	ErrClosed = errors.New("the client is closed")
	// ErrQueueFull says that too much is waiting for an answer; see
	// Options.MaxPending.
	ErrQueueFull = errors.New("too many requests are waiting for an answer")
)

// Unknown is the outcome of a request that was sent and not answered: it may
// have taken effect. Sending it again with the same nonce is harmless, and
// tells. Look for it before looking for a *chat.Error: a refusal that followed
// an attempt without an answer is its cause.
type Unknown struct {
	Nonce string // what to send it again with
	Err   error  // why there was no answer
}

func (u *Unknown) Error() string { return "the outcome is unknown: " + u.Err.Error() }

func (u *Unknown) Unwrap() error { return u.Err }

// fault is what an error frame, and every frame like it, says.
type fault struct {
	Code       chat.Code `json:"code"`
	Message    string    `json:"message"`
	Retry      bool      `json:"retry"`
	RetryAfter int64     `json:"retryAfter"`
	Expired    *struct {
		Reason string   `json:"reason"`
		Oldest Position `json:"oldest"`
		Head   Position `json:"head"`
	} `json:"expired"`
}

func (f *fault) err() *chat.Error {
	e := &chat.Error{Code: f.Code, Message: f.Message, RetryAfter: time.Duration(f.RetryAfter) * time.Millisecond}
	if x := f.Expired; x != nil {
		e.Expired = &chat.Expired{Reason: x.Reason, Oldest: chat.Position(x.Oldest), Head: chat.Position(x.Head)}
	}
	return e
}

// surely reports that a request refused with code had no effect, although it
// is worth sending again: the store was not asked, or said no.
func surely(code chat.Code) bool {
	return code == chat.CodeRateLimited || code == chat.CodeStorageFull
}
