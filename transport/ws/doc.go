// Package ws carries sessions over WebSocket (RFC 6455, RFC 7692).
//
// A connection has no goroutine and no buffer while nothing happens on it. One
// poller waits for all sockets and hands those that can be read to a pool of
// readers; what comes alone it reads by itself, and lets another poll when that
// takes a while (lead). A session that has something to send is put before a pool of
// writers, who copy its finished frames into one buffer and write it at once.
// Where sockets cannot be polled (TLS, other systems than Linux) a goroutine
// per connection reads, and writers may block. In place of a session and a codec
// a connection may carry whole messages of a protocol with sessions of its own
// (Server.Carry).
//
// What holds here:
//
//   - One reader and one writer at a time work on a connection (turn), so its
//     frames take effect, and go out, in order.
//   - A frame that is shared by many connections is encoded, framed and
//     compressed once (chat.Delivery.Keep), and copied from there.
//   - A connection that cannot be written to holds one buffer at most and no
//     goroutine; it goes on when its socket says so, and is never cut off for
//     being slow. Whether its peer lives is decided by the pings alone.
//   - Nothing is read from a connection whose session is not Ready.
//   - No size that a peer claims is allocated before the bytes are there.
//   - The socket is closed, and the session told, exactly once (conn.kill).
package ws
