package main

import (
	"context"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
)

// What no connection survives, since what follows it cannot be told from it,
// ends that connection with a reason, and is noticed by nobody else.
func TestHostile_WhatEndsAConnectionEndsItAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	p := &party{bundle: b, t: t, key: b.secretKey(t), channel: "lobby", lacking: map[string]bool{}}
	all := p.seats()
	for i := range all {
		if all[i].open != nil {
			p.hearings = append(p.hearings, p.sit(&all[i], "hears-"+strings.Trim(all[i].name, "/. ")))
		}
	}
	p.visit(&all[0], "usher") // who came before was told of before
	marks := p.marks()
	token := b.token(t, auth.Grant{User: "mallory"})
	for _, path := range []string{"/", "/threads", "/rooms", "/chat", "/v1/ws"} {
		for text, status := range map[string]websocket.StatusCode{
			`{"type":"x","a":"` + strings.Repeat("x", 1<<20) + `"}`: websocket.StatusMessageTooBig,
			"{\"type\":\"\xff\"}": websocket.StatusInvalidFramePayloadData,
		} {
			if got := b.ended(t, path+"?token="+token, text); got != status {
				t.Errorf("%s: %.20q ends the connection with %d, want %d", path, text, got, status)
			}
		}
	}
	const engine = "/socket.io/?EIO=4&transport=websocket"
	for packet, status := range map[string]websocket.StatusCode{
		"x": websocket.StatusPolicyViolation, "7": websocket.StatusPolicyViolation, "49": websocket.StatusPolicyViolation,
		"45x[]": websocket.StatusPolicyViolation, `42["message","before the namespace was asked for"]`: websocket.StatusPolicyViolation,
		"4" + strings.Repeat("x", 2<<20): websocket.StatusMessageTooBig, "4\xff": websocket.StatusInvalidFramePayloadData,
	} {
		if got := b.ended(t, engine, packet); got != status {
			t.Errorf("%.20q ends the connection with %d, want %d", packet, got, status)
		}
	}
	const polling = "/socket.io/?EIO=4&transport=polling"
	for _, payload := range []string{"x", "7", "\x1e\x1e", "b!!!", "49", `42["message","before the namespace was asked for"]`} {
		opened := b.visit(t, "GET", polling, nil).text
		_, sid, _ := strings.Cut(opened, `"sid":"`)
		sid, _, _ = strings.Cut(sid, `"`)
		b.visit(t, "POST", polling+"&sid="+sid, body(payload))
		for got := (answer{}); got.status != 400; {
			if got = b.visit(t, "GET", polling+"&sid="+sid, nil); got.status == 200 && got.text == "2" {
				t.Fatalf("%q does not end the connection", payload)
			}
		}
	}
	m := matter{"channel": p.channel, "user": "after", "text": "still here"}
	m["id"] = p.post("after", m["text"])
	p.alone("all of them", marks, m)
}

// ended sends a text to a door by WebSocket, and reads until the connection is
// ended: with this status.
func (b *bundle) ended(t *testing.T, path, text string) websocket.StatusCode {
	t.Helper()
	s := b.dial(t, path, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_ = s.ws.Write(ctx, websocket.MessageText, []byte(text)) // it may be ended while the rest is on its way
	for {
		_, data, err := s.ws.Read(ctx)
		switch {
		case ctx.Err() != nil, string(data) == "2": // a ping
			t.Fatalf("%s: %.20q does not end the connection", path, text)
		case err != nil:
			return websocket.CloseStatus(err)
		}
	}
}
