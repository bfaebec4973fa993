// Package sse carries sessions in event streams: a GET names channels, and is
// answered for as long as the client stays with what its session is told
// (text/event-stream). It holds a codec, which writes the events' lines, and
// adds what differs from stream to stream: the `id:` of each durable event.
//
// An id tells the places of all the stream's channels, in the order in which
// the request names them. A client that comes back with one, in Last-Event-ID or
// ?lastEventId=, gets what came after. A place that cannot be resumed from is
// told of, and begun again at the oldest event that is kept.
//
// A stream has no goroutine but its handler's. What a client does not read
// waits in its session, which is bounded and catches up from the log.
package sse
