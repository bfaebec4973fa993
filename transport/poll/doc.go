// Package poll carries sessions over HTTP requests that are held until there
// is something to say (long-polling), for clients that no WebSocket reaches.
//
// A request says everything that is needed to answer it: who asks, where the
// client stands in each channel, the frames it sends. A session lives from the
// first request on and is kept for a lease between requests, so that presence
// and signals go on; where there is none, because the lease is over, the
// server was started again or another node answers, the request begins
// another from the same positions.
//
// What holds here:
//
//   - What the client says it has counts, not what was sent: a subscription
//     that does not stand where its client does begins again there. The name
//     of a session changes with each answer that told something, so that an
//     answer which did not arrive is noticed even where no position differs.
//   - One request at a time works on a session. One that comes ends the hold
//     of the one before.
//   - One goroutine carries out a request's frames, the request's own drains
//     the session into the answer; both end with the request.
//   - A session acts for who asks now: other credentials make another session.
//   - A request, an answer, and how many sessions wait for their clients are
//     bounded. Beyond the last bound a session ends with its request, and its
//     client is told to come less often.
//   - A session is ended, and told so, exactly once (conn.end).
package poll
