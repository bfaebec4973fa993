package chat

import (
	"errors"
	"fmt"
	"time"
)

// Code is the stable name of what went wrong. The same codes go over every
// wire and in every problem document; clients may branch on them.
type Code string

// The codes. The comment says when the sender sees one.
const (
	CodeInternal       Code = "internal"            // a fault of the server; logged with its cause
	CodeMalformed      Code = "malformed"           // the frame or request cannot be read
	CodeInvalid        Code = "invalid"             // it can be read, but a value is out of bounds
	CodeUnknownType    Code = "unknown_type"        // a frame of a type that the dialect does not have
	CodeTooLarge       Code = "too_large"           // the body is over MaxBody
	CodeUnauthorized   Code = "unauthorized"        // no credentials, or none that count
	CodeTokenExpired   Code = "token_expired"       // the credentials were good once
	CodeTokenRevoked   Code = "token_revoked"       // the token, its user or its key was revoked
	CodeForbidden      Code = "forbidden"           // known, but without the right
	CodeForeignSender  Code = "foreign_sender"      // the frame claims another user than the token's
	CodeNotFound       Code = "not_found"           // no such channel, message, member or user
	CodeDeleted        Code = "deleted"             // the message was deleted, or the channel
	CodeNotSubscribed  Code = "not_subscribed"      // the operation needs a subscription to the channel
	CodeConflict       Code = "nonce_conflict"      // the nonce was used for other content
	CodeVersion        Code = "version_conflict"    // the key's version is not the one expected; a member draft's Was does not hold
	CodeBlocked        Code = "blocked"             // the other user wants nothing of the sender
	CodeExists         Code = "exists"              // it is there already, with other properties
	CodeExpired        Code = "expired"             // the position can no longer be resumed from; see Error.Expired
	CodeRateLimited    Code = "rate_limited"        // too many; see Error.RetryAfter
	CodeTooMany        Code = "too_many"            // a bound on how many (subscriptions, typists) is reached
	CodeStorageFull    Code = "storage_full"        // the disk is full: writes are refused, reads go on
	CodeUnavailable    Code = "unavailable"         // the store is stopped or out of reach
	CodeGoingAway      Code = "going_away"          // the server is draining
	CodeChannelNeeded  Code = "channel_required"    // the short form was used with more than one channel joined
	CodeMuted          Code = "muted"               // a moderator has muted the sender in this channel
	CodeBanned         Code = "banned"              // a moderator has banned the user from this channel
	CodeMethodNotFound Code = "method_not_allowed"  // REST: the path exists, the method does not
	CodeDisconnected   Code = "disconnected"        // an operator, or another device of the user's, ended the session
	CodeUnsupported    Code = "unsupported_version" // no protocol version in common
	CodeType           Code = "unsupported_type"    // files of this type are not taken
	CodeQuota          Code = "quota_exceeded"      // the user's or the project's files leave no room for this one
	CodeTimeout        Code = "timeout"             // the request took too long to come
	CodeTus            Code = "tus_version"         // an upload in pieces: not the version of tus that is spoken here
	CodeOffset         Code = "offset_conflict"     // an upload in pieces: what came goes on from another offset
	CodeLocked         Code = "locked"              // an upload in pieces: another request is at it
	CodeChecksum       Code = "checksum_mismatch"   // an upload in pieces: what came has another checksum
)

// Error is what a caller is told: a code to branch on and a sentence for a
// person. Its cause, if any, is for the log and never leaves the server.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // when trying again makes sense; 0: it says nothing
	Expired    *Expired      // set with CodeExpired
	Cause      error
}

// Expired says where a client whose position is gone may start again.
type Expired struct {
	Reason string   // "epoch", "horizon" or "ahead"
	Oldest Position // resuming from here yields every event that is still kept
	Head   Position // resuming from here yields what comes next
}

// E makes an Error without a cause.
func E(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return string(e.Code) + ": " + e.Message + ": " + e.Cause.Error()
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Retryable reports whether the same request may succeed later unchanged.
func (e *Error) Retryable() bool {
	switch e.Code {
	case CodeInternal, CodeRateLimited, CodeStorageFull, CodeUnavailable, CodeGoingAway, CodeTimeout, CodeLocked, CodeChecksum:
		return true
	}
	return false
}

// AsError finds the *Error in err's chain; any other error is CodeInternal
// with err as its cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Message: "internal error", Cause: err}
}

// CodeOf is AsError(err).Code, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
