package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// At every door of the server's table somebody sends what is malformed, too
// large, of a wrong type, out of order, and again and again. Each is answered
// with an error and its code, those in the channel at every other door are told
// nothing of it, and what is said next is heard by all.
func TestHostile_WhatIsSentAtADoorCostsItsSenderAnErrorAndNobodyElseAnything(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.ChannelRate = 0, 0 })
	p := &party{bundle: b, t: t, key: b.secretKey(t), channel: "lobby", lacking: map[string]bool{}}
	all := p.seats()
	for i := range all {
		if all[i].open != nil {
			p.hearings = append(p.hearings, p.sit(&all[i], fmt.Sprint("hears-", i)))
		}
	}
	p.visit(&all[0], "usher") // who came before was told of before
	for i, d := range b.table {
		requests, ok := hostileRequests()[d.pattern]
		if !ok && !strings.HasPrefix(d.pattern, "GET ") { // for who operates the server
			t.Errorf("%s: a door at which nothing hostile is tried", d.pattern)
		}
		p.besiege(d.pattern, fmt.Sprint("after-", i), requests)
	}
	for i := range all {
		if all[i].open != nil && all[i].language != "sse" { // a stream goes one way
			p.assail(&all[i], fmt.Sprint("mallory-", i))
		}
	}
}

// Kinds of what is hostile. What is sent again and again is what is of a wrong
// type.
const (
	malformed  = "malformed"
	oversized  = "oversized"
	wrongType  = "of a wrong type"
	outOfOrder = "out of order"
	again      = 30 // times
)

// blow is a hostile frame, and the code of the error that answers it.
type blow struct {
	kind, frame, code string
	first             string // what is sent before it, and is no blow
	outside           bool   // by a connection that has not entered the channel
}

// hostileRequest is a hostile request, and the problem that answers it.
type hostileRequest struct {
	kind, method, path string
	header             map[string]string
	status             int
	code               any // of Engine.IO a number
}

// besiege makes the requests, as somebody who may send.
func (p *party) besiege(door, user string, requests []hostileRequest) {
	p.t.Helper()
	marks := p.marks()
	token := p.token(p.t, auth.Grant{User: user})
	for _, r := range requests {
		header := map[string]string{"Authorization": "Bearer " + token}
		for name, value := range r.header {
			header[name] = value
		}
		for range 3 {
			got := p.bundle.visit(p.t, r.method, r.path, header)
			if message := fmt.Sprint(got.body["detail"], got.body["message"]); got.status != r.status || got.body["code"] != r.code || message == "" {
				p.t.Errorf("%s %.80s, which is %s, is answered by %d %.200s; want %d %v", r.method, r.path, r.kind, got.status, got.text, r.status, r.code)
			}
		}
	}
	m := matter{"channel": p.channel, "user": user, "text": "said after " + door}
	m["id"] = p.post(user, m["text"])
	p.alone(door, marks, m)
}

// assail sits down and sends whatever is hostile in the door's language.
func (p *party) assail(s *seat, user string) {
	p.t.Helper()
	var list []string
	for i := range 101 {
		list = append(list, fmt.Sprintf(`{"nonce":"n%d","text":"x"}`, i))
	}
	m := matter{
		"channel": p.channel, "user": user, "token": p.token(p.t, auth.Grant{User: user}), "list": strings.Join(list, ","),
		"body": strings.Repeat("x", 65_536), "meta": strings.Repeat("x", 16_384), "name": strings.Repeat("x", 200),
	}
	coming := p.marks()
	mallory := p.sit(s, user)
	p.told(s, comes, m, coming)
	marks := p.marks()
	tried := map[string]bool{}
	for _, b := range p.blows(s) {
		tried[b.kind] = true
		h := mallory
		if b.outside {
			h = p.stand(s, user)
		}
		if p.strike(h, m, b, 1); b.kind == wrongType {
			p.strike(h, m, b, again)
		}
		if b.outside {
			h.leave()
		}
	}
	for _, kind := range []string{malformed, oversized, wrongType, outOfOrder} {
		if !tried[kind] {
			p.t.Errorf("%s: nothing that is %s is tried", s.name, kind)
		}
	}
	m["text"], m["nonce"] = "by "+user, user
	if err := mallory.line.Send(p.t.Context(), m.fill(languages()[s.language].says[posts])); err != nil {
		p.t.Fatalf("%s: %v", s.name, err)
	}
	m["id"] = p.find(user, m)
	p.alone(s.name, marks, m)
	going := p.marks()
	mallory.leave()
	p.told(s, goes, m, going)
}

// stand opens a door without entering the channel.
func (p *party) stand(s *seat, user string) *hearing {
	p.t.Helper()
	outside := *s
	outside.enter, outside.entered = nil, ""
	if s.language == "socketio" || s.language == "parley" {
		outside.entered = `["connect"]`
	}
	return p.sit(&outside, user)
}

// strike sends a blow so often, and waits until each was answered.
func (p *party) strike(h *hearing, m matter, b blow, times int) {
	p.t.Helper()
	pattern := fmt.Sprintf(`{"type":"error","code":%q,"message":"*"}`, b.code)
	if h.seat.language == "socketio" || h.seat.language == "parley" {
		pattern = fmt.Sprintf(`[{"code":%q}]`, b.code)
	}
	mark := h.mark()
	var frames []string
	if b.first != "" {
		frames = append(frames, b.first)
	}
	for range times {
		frames = append(frames, b.frame)
	}
	for _, frame := range frames {
		if err := h.line.Send(p.t.Context(), m.fill(frame)); err != nil {
			p.t.Fatalf("%s: %v", h.seat.name, err)
		}
	}
	for range times {
		var err error
		if mark, err = h.next(p.t.Context(), mark, pattern); err != nil {
			p.t.Fatalf("%s: %.100s, which is %s: %.1000v", h.seat.name, b.frame, b.kind, err)
		}
	}
}

// alone wants everybody to have been told of the message, and of nothing else.
func (p *party) alone(door string, marks []int, m matter) {
	p.t.Helper()
	for i, h := range p.hearings {
		at, err := h.next(p.t.Context(), marks[i], m.fill(languages()[h.seat.language].hears[posts]))
		if err != nil {
			p.t.Fatalf("after what was sent at %s, %s is not told: %v", door, h.seat.name, err)
		}
		h.mu.Lock()
		if at != marks[i]+1 {
			p.t.Errorf("what was sent at %s is noticed at %s: %.500s", door, h.seat.name, h.frames[marks[i]:at])
		}
		h.mu.Unlock()
	}
}
