package main

import (
	"fmt"
	"net/url"
	"strings"
)

// hostileRequests are requests that no door takes, by the door's pattern.
func hostileRequests() map[string][]hostileRequest {
	return map[string][]hostileRequest{
		"/{$}":        pageRequests(),
		"/threads":    socketRequests("/threads"),
		"/rooms":      socketRequests("/rooms"),
		"/chat":       socketRequests("/chat"),
		"/v1/ws":      socketRequests("/v1/ws"),
		"/v1/poll":    pollRequests(),
		"/events":     streamRequests(),
		"/socket.io/": engineRequests(),
		"/api/upload": uploadRequests(),
		"/api/tus":    tusRequests(),
		"/api/tus/":   tusPieces(),
		"/files/":     fileRequests(),
		"/":           restRequests(),
	}
}

// upgraded is a WebSocket handshake with something in the place of one header.
func upgraded(name, value string) map[string]string {
	return upgrade(map[string]string{name: value})
}

func pageRequests() []hostileRequest {
	return append(socketRequests("/")[1:],
		hostileRequest{kind: outOfOrder, method: "POST", path: "/", status: 405, code: "method_not_allowed"})
}

func socketRequests(path string) []hostileRequest {
	return []hostileRequest{
		{kind: outOfOrder, method: "GET", path: path, status: 426, code: "malformed"},
		{kind: outOfOrder, method: "POST", path: path, header: upgraded("Body", "{}"), status: 405, code: "method_not_allowed"},
		{kind: malformed, method: "GET", path: path, header: upgraded("Sec-WebSocket-Version", "7"), status: 426, code: "unsupported_version"},
		{kind: malformed, method: "GET", path: path, header: upgraded("Sec-WebSocket-Key", "short"), status: 400, code: "malformed"},
		{kind: malformed, method: "GET", path: path, header: upgraded("Authorization", "Bearer nonsense"), status: 401, code: "unauthorized"},
		{kind: oversized, method: "GET", path: path, header: upgraded("Authorization", "Bearer "+strings.Repeat("x", 20_000)), status: 401, code: "unauthorized"},
	}
}

func body(text string) map[string]string { return map[string]string{"Body": text} }

func pollRequests() []hostileRequest {
	var rows []hostileRequest
	for _, r := range []struct {
		kind, body string
		status     int
		code       string
	}{
		{malformed, `nonsense`, 400, "malformed"},
		{malformed, ``, 400, "malformed"},
		{malformed, `{"frames":[{"type":"ping"}`, 400, "malformed"},
		{malformed, `{"hold":0,"hold":0}`, 400, "malformed"},
		{wrongType, `[]`, 400, "invalid"},
		{wrongType, `{"frames":7}`, 400, "invalid"},
		{wrongType, `{"subscriptions":[{"channelId":7}]}`, 400, "invalid"},
		{wrongType, `{"hold":"long"}`, 400, "invalid"},
		{outOfOrder, `{"subscriptions":[{"channelId":"lobby","position":"nowhere"}]}`, 400, "invalid"},
		{outOfOrder, `{"subscriptions":[{"channelId":"lobby"},{"channelId":"lobby"}]}`, 400, "invalid"},
		{oversized, `{"frames":[{"type":"ping"}` + strings.Repeat(`,{"type":"ping"}`, 256) + `]}`, 429, "too_many"},
		{oversized, `{"session":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large"},
	} {
		rows = append(rows, hostileRequest{kind: r.kind, method: "POST", path: "/v1/poll", header: body(r.body), status: r.status, code: r.code})
	}
	return append(rows, hostileRequest{kind: outOfOrder, method: "GET", path: "/v1/poll", status: 405, code: "method_not_allowed"})
}

func streamRequests() []hostileRequest {
	many := "/events?channel=lobby"
	for i := range 32 {
		many += fmt.Sprint("&channel=c", i)
	}
	return []hostileRequest{
		{kind: oversized, method: "GET", path: many, status: 429, code: "too_many"},
		{kind: oversized, method: "GET", path: "/events?channel=" + strings.Repeat("x", 200), status: 400, code: "invalid"},
		{kind: oversized, method: "GET", path: "/events?channel=lobby", header: map[string]string{"Last-Event-ID": strings.Repeat("9", 10_000)}, status: 400, code: "invalid"},
		{kind: malformed, method: "GET", path: "/events?channel=%zz", status: 400, code: "malformed"},
		{kind: malformed, method: "GET", path: "/events?channel=lobby", header: map[string]string{"Last-Event-ID": "nowhere"}, status: 400, code: "invalid"},
		{kind: wrongType, method: "GET", path: "/events?channel=lobby&presence=perhaps", status: 400, code: "invalid"},
		{kind: wrongType, method: "GET", path: "/events?channel=" + url.QueryEscape("a\nb"), status: 400, code: "invalid"},
		{kind: outOfOrder, method: "GET", path: "/events?channel=lobby&channel=lobby", status: 400, code: "invalid"},
		{kind: outOfOrder, method: "POST", path: "/events?channel=lobby", header: body("{}"), status: 405, code: "method_not_allowed"},
	}
}

func engineRequests() []hostileRequest {
	const path = "/socket.io/?EIO=4&transport=polling"
	return []hostileRequest{
		{kind: malformed, method: "GET", path: "/socket.io/?EIO=3&transport=polling", status: 400, code: 5.0},
		{kind: malformed, method: "GET", path: "/socket.io/?EIO=4&transport=pigeon", status: 400, code: 0.0},
		{kind: wrongType, method: "GET", path: path + "&sid=%00", status: 400, code: 1.0},
		{kind: oversized, method: "GET", path: path + "&sid=" + strings.Repeat("x", 10_000), status: 400, code: 1.0},
		{kind: outOfOrder, method: "POST", path: path, header: body("40"), status: 400, code: 2.0},
		{kind: outOfOrder, method: "POST", path: path + "&sid=none", header: body("40"), status: 400, code: 1.0},
		{kind: outOfOrder, method: "GET", path: "/socket.io/?EIO=4&transport=websocket", status: 400, code: 3.0},
	}
}

func uploadRequests() []hostileRequest {
	const border = "multipart/form-data; boundary=b"
	part := func(name, text string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"a.txt\"\r\n\r\n" + text + "\r\n"
	}
	into := func(channel string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"conversationId\"\r\n\r\n" + channel + "\r\n"
	}
	var rows []hostileRequest
	for _, r := range []struct {
		kind, typ, body string
		status          int
		code            string
	}{
		{malformed, "application/json", `{}`, 400, "malformed"},
		{malformed, "multipart/form-data", "x", 400, "malformed"},
		{malformed, border, part("file", "half"), 400, "malformed"},
		{malformed, border, "nonsense", 400, "malformed"},
		{wrongType, border, into("a\nb") + part("file", "x") + "--b--\r\n", 400, "invalid"},
		{wrongType, border, part("picture", "x") + into("lobby") + "--b--\r\n", 400, "invalid"},
		{outOfOrder, border, part("file", "x") + "--b--\r\n", 400, "invalid"},
		{outOfOrder, border, part("file", "x") + part("file", "y") + into("lobby") + "--b--\r\n", 400, "invalid"},
		{outOfOrder, border, part("file", "x") + into("dm:ada:bob") + "--b--\r\n", 403, "forbidden"},
		{oversized, border, into(strings.Repeat("x", 100_000)) + part("file", "x") + "--b--\r\n", 400, "invalid"},
	} {
		rows = append(rows, hostileRequest{
			kind: r.kind, method: "POST", path: "/api/upload", header: map[string]string{"Content-Type": r.typ, "Body": r.body}, status: r.status, code: r.code,
		})
	}
	return append(rows, hostileRequest{kind: outOfOrder, method: "GET", path: "/api/upload", status: 405, code: "method_not_allowed"})
}

func tusHeaders(more ...string) map[string]string {
	h := map[string]string{"Tus-Resumable": "1.0.0"}
	for i := 0; i+1 < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

func tusRequests() []hostileRequest {
	const path, length, metadata = "/api/tus", "Upload-Length", "Upload-Metadata"
	return []hostileRequest{
		{kind: malformed, method: "POST", path: path, status: 412, code: "tus_version"},
		{kind: malformed, method: "POST", path: path, header: tusHeaders(length, "-1"), status: 400, code: "invalid"},
		{kind: malformed, method: "POST", path: path, header: tusHeaders(length, "1", metadata, "channel lobby!"), status: 400, code: "invalid"},
		{kind: wrongType, method: "POST", path: path, header: tusHeaders(length, "one"), status: 400, code: "invalid"},
		{kind: wrongType, method: "POST", path: path, header: tusHeaders(length, "1", metadata, "channel YQpi"), status: 400, code: "invalid"},
		{kind: oversized, method: "POST", path: path, header: tusHeaders(length, "9223372036854775807"), status: 413, code: "too_large"},
		{kind: oversized, method: "POST", path: path, header: tusHeaders(length, "1", metadata, "x "+strings.Repeat("A", 10_000)), status: 413, code: "too_large"},
		{kind: outOfOrder, method: "POST", path: path, header: tusHeaders(length, "1", metadata, "channel ZG06YWRhOmJvYg=="), status: 403, code: "forbidden"},
		{kind: outOfOrder, method: "PATCH", path: path, header: tusHeaders(), status: 405, code: "method_not_allowed"},
	}
}

func tusPieces() []hostileRequest {
	const path = "/api/tus/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	piece := tusHeaders("Content-Type", "application/offset+octet-stream", "Upload-Offset", "0", "Body", "x")
	return []hostileRequest{
		{kind: malformed, method: "PATCH", path: path, status: 412, code: "tus_version"},
		{kind: malformed, method: "PATCH", path: path, header: tusHeaders("Upload-Offset", "-1", "Body", "x"), status: 400, code: "invalid"},
		{kind: wrongType, method: "PATCH", path: path, header: tusHeaders("Upload-Offset", "x"), status: 400, code: "invalid"},
		{kind: oversized, method: "PATCH", path: "/api/tus/" + strings.Repeat("x", 10_000), header: piece, status: 404, code: "not_found"},
		{kind: outOfOrder, method: "PATCH", path: path, header: piece, status: 404, code: "not_found"},
		{kind: outOfOrder, method: "DELETE", path: "/api/tus/..%2f..%2fkeys", header: tusHeaders(), status: 404, code: "not_found"},
		{kind: outOfOrder, method: "GET", path: path, header: tusHeaders(), status: 405, code: "method_not_allowed"},
	}
}

func fileRequests() []hostileRequest {
	return []hostileRequest{
		{kind: malformed, method: "GET", path: "/files/nothing", status: 404, code: "not_found"},
		{kind: malformed, method: "GET", path: "/files/..%2f..%2fetc%2fpasswd", status: 404, code: "not_found"},
		{kind: wrongType, method: "GET", path: "/files/%00", status: 404, code: "not_found"},
		{kind: oversized, method: "GET", path: "/files/" + strings.Repeat("x", 10_000), status: 404, code: "not_found"},
		{kind: outOfOrder, method: "DELETE", path: "/files/nothing", status: 405, code: "method_not_allowed"},
	}
}

func restRequests() []hostileRequest {
	const messages = "/v1/channels/lobby/messages"
	return []hostileRequest{
		{kind: malformed, method: "POST", path: messages, header: body(`nonsense`), status: 400, code: "malformed"},
		{kind: malformed, method: "POST", path: messages, header: body(`{"text":"a","text":"b"}`), status: 400, code: "malformed"},
		{kind: wrongType, method: "POST", path: messages, header: body(`{"text":7}`), status: 400, code: "invalid"},
		{kind: wrongType, method: "GET", path: messages + "?limit=all", status: 400, code: "invalid"},
		{kind: wrongType, method: "PATCH", path: "/v1/channels/lobby/state/k", header: body(`{"add":"1"}`), status: 400, code: "invalid"},
		{kind: oversized, method: "POST", path: messages, header: body(`{"text":"` + strings.Repeat("x", 65_536) + `"}`), status: 413, code: "too_large"},
		{kind: oversized, method: "POST", path: messages, header: body(`{"text":"` + strings.Repeat("x", 2<<20) + `"}`), status: 413, code: "too_large"},
		{kind: outOfOrder, method: "PATCH", path: messages + "/01945a3e-0000-7000-8000-000000000000", header: body(`{"text":"x"}`), status: 404, code: "not_found"},
		{kind: outOfOrder, method: "PUT", path: messages, header: body(`{}`), status: 405, code: "method_not_allowed"},
		{kind: outOfOrder, method: "POST", path: "/v1/channels/dm:ada:bob/messages", header: body(`{"text":"x"}`), status: 403, code: "forbidden"},
		{kind: outOfOrder, method: "GET", path: "/v1/nothing", status: 404, code: "not_found"},
	}
}
