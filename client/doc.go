// Package client speaks Parley's native protocol (docs/protocol.md) from Go.
//
// A Client keeps one connection and brings it back by itself. What holds:
//
//   - A subscription's handler gets every event of its channel after the
//     position it began at, once and in the order of seq, whatever happens to
//     the connection. Where that cannot be kept it is told so ([Gap], [Reset],
//     [Dropped]); there is no silent hole.
//   - What is published is sent again, in order and with its nonce, until it is
//     answered or given up: it is stored at most once.
//   - A call's error is a *[chat.Error] if the server refused it, an *[Unknown]
//     if nobody can say whether it took effect, or says that it never left
//     ([ErrClosed], [ErrQueueFull], a context's error).
//   - Handlers run on goroutines of their own and may call the Client (but for
//     Close). A slow one costs bounded memory: its subscription is ended, and
//     begun again where it stopped once the handler has caught up.
package client
