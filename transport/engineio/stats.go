package engineio

import "sync/atomic"

// Stats are counters since the server's start, and what is at the moment. What
// goes over WebSockets is counted by their server.
type Stats struct {
	Polling    int // connections at the moment, without a WebSocket
	WebSockets int // connections at the moment, over one
	Polls      int // that wait, at the moment
	Posts      int // at work, at the moment
	Opened     uint64
	Upgraded   uint64 // connections that went from polling to a WebSocket
	Refused    uint64 // requests
	Unanswered uint64 // connections ended because a ping was not answered

	PacketsIn, PacketsOut uint64 // of polling
	BytesIn, BytesOut     uint64 // of bodies
}

type tally struct {
	polls, posts                             atomic.Int64
	opened, upgraded, refused, unanswered    atomic.Uint64
	packetsIn, packetsOut, bytesIn, bytesOut atomic.Uint64
}

// Stats are the server's counters.
func (s *Server) Stats() Stats {
	t := &s.count
	st := Stats{
		Polls: int(t.polls.Load()), Posts: int(t.posts.Load()),
		Opened: t.opened.Load(), Upgraded: t.upgraded.Load(), Refused: t.refused.Load(), Unanswered: t.unanswered.Load(),
		PacketsIn: t.packetsIn.Load(), PacketsOut: t.packetsOut.Load(), BytesIn: t.bytesIn.Load(), BytesOut: t.bytesOut.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Polling, st.WebSockets = s.polling, len(s.conns)-s.polling
	return st
}
