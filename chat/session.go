package chat

import "context"

// Sink is the transport's end of a session.
type Sink interface {
	// Wake says that Next has something again. It is called once after each
	// time that Next came back empty, under locks: it must not block and must
	// not call the session.
	Wake()

	// Close ends the connection after what is queued was sent. It must not
	// block.
	Close(why *Error)
}

// Session is one connection's state.
type Session struct{}

// ID is the session's own name, a UUID.
func (s *Session) ID() string { return "" }

// Do carries out one request; its Reply, if the command has one, comes through
// Next. It may wait for the store. One call at a time, in the order of frames.
func (s *Session) Do(ctx context.Context, r Request) {}

// Fail queues the answer to a frame that could not be read.
func (s *Session) Fail(err error) {}

// Ready waits until the session can take another request: while too much is
// unsent or uncommitted the transport must not read on. It fails only with ctx
// or when the session is closed.
func (s *Session) Ready(ctx context.Context) error { return nil }

// Next appends to dst what is to be sent now, in order, and returns it. It
// may read the store to catch up. Nothing appended means that the session is
// idle: its Sink will be woken. One call at a time.
func (s *Session) Next(ctx context.Context, dst []*Delivery) []*Delivery { return dst }

// Close ends the session: its connection is gone. It is idempotent.
func (s *Session) Close() {}
