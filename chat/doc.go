// Package chat is the domain: channels as ordered logs, who may do what in
// them, and the Hub through which sessions and requests do it. It knows no
// wire, no transport and no store; those are built against its dictionary.
//
// Commit, then acknowledge, then deliver: nothing is told to anybody, not even
// to a reader, that a crash could take back. Joining, coming back, being slow
// and a lost hint are one loop (Session.Next): read the log until level, then
// live.
package chat
