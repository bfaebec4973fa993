// Package engineio carries sockets over Engine.IO, protocol 4: HTTP
// long-polling and WebSocket, and the way from the one to the other.
//
// An idle connection over a WebSocket has no goroutine and no timer: frames are
// pulled by the WebSocket server's writers, and one ticker looks at whoever is
// due. A poll that waits is a request of net/http's.
//
// What holds here:
//
//   - One transport at a time pulls from the socket and feeds it. It changes
//     once, when the client says so (packet 5), while no POST is under way.
//   - What was pulled and did not fit into an answer goes out first with the
//     next one, or over the WebSocket.
//   - A poll that comes in mid-upgrade waits a moment for the 5, which ends it
//     with an error, and is otherwise answered with a noop.
//   - A client's close that overtook its own poll is still told to that poll.
//   - A connection's id is a capability. Where its first request showed a
//     credential, all others have to show the same.
//   - Nothing is taken in while the socket is not Ready: a WebSocket is not
//     read, a POST is not answered.
//   - The socket is told its end exactly once (Conn.end).
package engineio
