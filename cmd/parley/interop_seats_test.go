package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/parley-chat/parley/internal/plain"
)

// seat is one way into a channel: a door and a language.
type seat struct {
	name     string
	language string
	open     func(ctx context.Context, b *bundle, token, channel string) (plain.Line, error) // nil: nobody is told anything
	enter    []string                                                                        // what is sent first
	entered  string                                                                          // what says that one is in the channel, and live
}

// silent are the doors through which nothing is said, and why.
func silent() map[string]string {
	return map[string]string{
		"GET /healthz": "for who operates the server",
		"GET /readyz":  "for who operates the server",
		"GET /metrics": "for who operates the server",
		"/api/upload":  "a file is taken here, and told of by a message that names it",
		"/api/tus":     "a file is taken here in pieces, and told of by a message that names it",
		"/api/tus/":    "each of them",
		"/files/":      "a file is got here",
	}
}

// seats are the ways in, by the pattern of the door in the server's table.
func seats() map[string][]seat {
	joins := []string{`{"type":"join","userId":"{user}","username":"{user}","roomId":"{channel}"}`}
	enters := []string{`{"type":"user_connected","userId":"{user}"}`, `{"type":"join_thread","threadId":"{channel}","position":null}`}
	return map[string][]seat{
		"/{$}": {
			{name: "/ by rooms", language: "rooms", open: socketAt("/"), enter: joins, entered: `{"type":"room_state"}`},
			{name: "/ by threads", language: "threads", open: socketAt("/"), enter: enters, entered: inThread},
		},
		"/rooms":   {{name: "/rooms", language: "rooms", open: socketAt("/rooms"), enter: joins, entered: `{"type":"room_state"}`}},
		"/threads": {{name: "/threads", language: "threads", open: socketAt("/threads"), enter: enters, entered: inThread}},
		"/chat": {{
			name: "/chat", language: "conversations", open: socketAt("/chat"),
			enter: []string{`{"type":"subscribe","conversationId":"{channel}"}`}, entered: `{"type":"subscribed"}`,
		}},
		"/v1/ws": {{
			name: "/v1/ws", language: "native", open: socketAt("/v1/ws", "parley.v1.json"),
			enter: []string{`{"type":"subscribe","channelId":"{channel}","presence":true}`}, entered: `{"type":"level"}`,
		}},
		"/v1/poll": {{name: "/v1/poll", language: "native", open: pollAt, entered: `{"type":"level"}`}},
		"/events":  {{name: "/events", language: "sse", open: streamAt, entered: `{"data":{"type":"connected"}}`}},
		"/socket.io/": {
			{
				name: "/socket.io/", language: "socketio", open: ioAt("/"),
				enter: []string{`["join-room","{channel}"]`}, entered: `["ack",{"ok":true}]`,
			},
			{
				name: "/socket.io/ in /parley", language: "parley", open: ioAt("/parley"),
				enter: []string{`["subscribe",{"channelId":"{channel}","presence":true}]`}, entered: `["level",{"channelId":"{channel}"}]`,
			},
		},
		"/": {{name: "REST", language: "rest"}},
	}
}

// inThread: a join that speaks of its position is answered.
const inThread = `{"type":"thread_joined","threadId":"{channel}"}`

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func socketAt(path string, subprotocols ...string) func(context.Context, *bundle, string, string) (plain.Line, error) {
	return func(ctx context.Context, b *bundle, token, _ string) (plain.Line, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return plain.DialSocket(ctx, b.url+path, bearer(token), subprotocols...)
	}
}

func streamAt(ctx context.Context, b *bundle, token, channel string) (plain.Line, error) {
	return plain.DialStream(ctx, b.url+"/events?channel="+url.QueryEscape(channel), bearer(token), "")
}

func pollAt(_ context.Context, b *bundle, token, channel string) (plain.Line, error) {
	return plain.NewPoll(b.url, bearer(token), channel, ""), nil
}

func ioAt(namespace string) func(context.Context, *bundle, string, string) (plain.Line, error) {
	return func(ctx context.Context, b *bundle, token, _ string) (plain.Line, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return plain.DialIO(ctx, b.url, namespace, `{"token":"`+token+`"}`)
	}
}
