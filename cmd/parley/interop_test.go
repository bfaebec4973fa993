package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/internal/plain"
)

// act is something that one does in a channel.
type act string

const (
	posts   act = "a message"
	hands   act = "a file"
	adds    act = "members of the client's own"
	edits   act = "an edit"
	deletes act = "a deletion"
	reacts  act = "a reaction"
	types   act = "typing"
	stops   act = "the end of typing"
	reads   act = "a receipt"
	comes   act = "who comes"
	goes    act = "who goes"
)

func acts() []act {
	return []act{posts, hands, adds, edits, deletes, reacts, types, stops, reads, comes, goes}
}

// leftOut is all that the clients of a language are not told. Nothing may be
// added here: the documents that the languages are of decide it.
func leftOut(language string, a act) bool {
	switch language {
	case "threads", "rooms", "socketio", "sse":
		return a == reacts || a == reads
	case "conversations":
		return a == reacts
	}
	return false
}

// What is done at each door is told at each door, in that door's words: the
// doors are those of the server's table, and one without its words fails.
func TestInterop_WhatIsDoneAtEachDoorIsToldAtEachDoor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate, c.PostBurst = 0, 0 })
	p := &party{bundle: b, t: t, key: b.secretKey(t), channel: "lobby", lacking: map[string]bool{}}
	all := p.seats()
	for i := range all {
		if all[i].open != nil {
			p.hearings = append(p.hearings, p.sit(&all[i], fmt.Sprint("hears-", i)))
		}
	}
	for i := range all {
		p.speak(&all[i], fmt.Sprint("says-", i))
	}
	t.Logf("%d doors, %d cells", len(all), p.cells)
}

// party is a channel that everybody is in.
type party struct {
	*bundle
	t        *testing.T
	key      string
	channel  string
	hearings []*hearing
	cells    int
	lacking  map[string]bool // by seat and act: who was not told once is not waited for again
}

// seats are the ways into the server's doors.
func (p *party) seats() []seat {
	p.t.Helper()
	var all []seat
	known := seats()
	for _, d := range p.table {
		ways, ok := known[d.pattern]
		if !ok && silent()[d.pattern] == "" {
			p.t.Errorf("%s: a door without its words in the matrix", d.pattern)
		}
		all = append(all, ways...)
		delete(known, d.pattern)
	}
	for pattern := range known {
		p.t.Errorf("%s: words without a door", pattern)
	}
	for _, s := range all {
		words, ok := languages()[s.language]
		if !ok || words.says[posts] == "" && s.language != "sse" {
			p.t.Fatalf("%s: no language", s.name)
		}
		for _, a := range acts() {
			if words.hears[a] == "" && s.open != nil && !leftOut(s.language, a) {
				p.t.Errorf("%s: no words for %s", s.name, a)
			}
			if words.hears[a] != "" && leftOut(s.language, a) && s.language != "sse" {
				p.t.Errorf("%s: %s is told, and need not be left out", s.name, a)
			}
		}
	}
	return all
}

// speak does everything that can be done at a door, and waits until everybody
// was told.
func (p *party) speak(s *seat, user string) {
	words := languages()[s.language]
	var mouth *hearing
	if s.open != nil {
		mouth = p.sit(s, user)
		defer mouth.leave()
	}
	var before []int // they begin to type: it may end by itself
	for _, a := range acts() {
		since := p.marks()
		switch a {
		case types:
			before = since
		case stops:
			since = before
		}
		switch frame := words.says[a]; {
		case a == comes && s.open != nil:
			p.visit(s, user+"-guest")
		case frame != "":
			p.act(s, mouth, user, a, frame, since)
		}
	}
}

// act does one thing, of which everybody is told since the marks.
func (p *party) act(s *seat, mouth *hearing, user string, a act, frame string, marks []int) {
	p.t.Helper()
	m := matter{
		"channel": p.channel, "user": user, "text": fmt.Sprintf("%s by %s", a, user),
		"nonce": rand.Text(), "file": rand.Text(), "token": p.token(p.t, auth.Grant{User: user}),
	}
	m["own"] = m.fill(languages()[s.language].own)
	switch a {
	case edits, deletes:
		m["id"] = p.post(user, "to be changed")
	case reacts, reads:
		m["id"] = p.post("somebody", "to be liked and read")
	}
	if mouth == nil {
		method, rest, _ := strings.Cut(m.fill(frame), " ")
		path, body, _ := strings.Cut(rest, " ")
		if got := p.ask(p.t, m["token"], method, path, body); got.status >= 300 {
			p.t.Errorf("%s at %s: %s", a, s.name, got.text)
			return
		}
	} else if err := mouth.line.Send(p.t.Context(), m.fill(frame)); err != nil {
		p.t.Errorf("%s at %s: %v", a, s.name, err)
		return
	}
	if m["id"] == "" && a != types && a != stops {
		m["id"] = p.find(user, m)
	}
	p.told(s, a, m, marks)
}

// visit comes to the channel, and goes.
func (p *party) visit(s *seat, user string) {
	m := matter{"channel": p.channel, "user": user}
	marks := p.marks()
	guest := p.sit(s, user)
	p.told(s, comes, m, marks)
	marks = p.marks()
	guest.leave()
	p.told(s, goes, m, marks)
}

func (p *party) marks() []int {
	var list []int
	for _, h := range p.hearings {
		list = append(list, h.mark())
	}
	return list
}

// told waits until everybody who hears was told.
func (p *party) told(s *seat, a act, m matter, marks []int) {
	p.t.Helper()
	for i, h := range p.hearings {
		pattern := languages()[h.seat.language].hears[a]
		cell := h.seat.name + string(a)
		if pattern == "" || p.lacking[cell] || a == adds && !kin(s.language, h.seat.language) {
			continue
		}
		p.cells++
		if err := h.until(p.t.Context(), marks[i], m.fill(pattern)); err != nil {
			p.lacking[cell] = true
			p.t.Errorf("%s at %s is not told at %s: %v", a, s.name, h.seat.name, err)
		}
	}
}

// kin reports whether clients of one language get back what clients of the
// other put into their messages: their own do, and those of the native words,
// who get it as meta.
func kin(said, heard string) bool {
	return said == heard || heard == "native" || heard == "parley" || heard == "sse" || heard == "rest"
}

// post says something over REST.
func (p *party) post(user, text string) string {
	p.t.Helper()
	return p.ask(p.t, p.key, "POST", "/v1/channels/"+p.channel+"/messages?userId="+user, `{"text":"`+text+`"}`).
		want(p.t, 201, "").field(p.t, "id")
}

// find waits for the user's newest message to be what was said just now.
func (p *party) find(user string, m matter) string {
	p.t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; {
		page := p.ask(p.t, p.key, "GET", "/v1/channels/"+p.channel+"/messages?limit=5", "").want(p.t, 200, "").list(p.t, "messages")
		for _, message := range slices.Backward(page) {
			text, _ := message["text"].(string)
			if message["senderId"] == user && (strings.Contains(text, m["text"]) || strings.Contains(text, m["file"])) {
				id, _ := message["id"].(string)
				return id
			}
		}
	}
	p.t.Errorf("%q of %s is not in the log", m["text"], user)
	return "none"
}

// patience is how long something that must happen is waited for: the machine
// may be busy.
const patience = 2 * time.Minute

// matter is what an act is about, by the names that patterns have for it.
type matter map[string]string

func (m matter) fill(text string) string {
	var pairs []string
	for name, value := range m {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// hearing is somebody in the channel, and all that they were told.
type hearing struct {
	seat  *seat
	line  plain.Line
	leave func()

	mu     sync.Mutex
	frames []string
	more   chan struct{}
	err    error
}

// sit opens a door for a user, and returns when they are in the channel.
func (p *party) sit(s *seat, user string) *hearing {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	token := p.token(p.t, auth.Grant{User: user})
	line, err := s.open(ctx, p.bundle, token, p.channel)
	if err != nil {
		p.t.Fatalf("%s: %v", s.name, err)
	}
	h := &hearing{seat: s, line: line, more: make(chan struct{})}
	var work sync.WaitGroup
	h.leave = sync.OnceFunc(func() {
		line.Close()
		cancel()
		work.Wait()
	})
	p.t.Cleanup(h.leave)
	work.Go(func() { h.listen(ctx) })
	m := matter{"channel": p.channel, "user": user, "token": token}
	for _, frame := range s.enter {
		if err := line.Send(ctx, m.fill(frame)); err != nil {
			p.t.Fatalf("%s: %v", s.name, err)
		}
	}
	if s.entered != "" {
		if err := h.until(ctx, 0, m.fill(s.entered)); err != nil {
			p.t.Fatalf("%s: %v", s.name, err)
		}
	}
	return h
}

func (h *hearing) listen(ctx context.Context) {
	for {
		frame, err := h.line.Next(ctx)
		h.mu.Lock()
		if err == nil {
			h.frames = append(h.frames, string(frame))
		}
		h.err = err
		close(h.more)
		h.more = make(chan struct{})
		h.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (h *hearing) mark() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.frames)
}

// until waits for a frame after the mark that has all that the pattern has.
func (h *hearing) until(ctx context.Context, mark int, pattern string) error {
	_, err := h.next(ctx, mark, pattern)
	return err
}

// next is until, and the mark after that frame.
func (h *hearing) next(ctx context.Context, mark int, pattern string) (int, error) {
	var want any
	if err := json.Unmarshal([]byte(pattern), &want); err != nil {
		return mark, fmt.Errorf("%s: %w", pattern, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for at := mark; ; {
		h.mu.Lock()
		frames, err, more := h.frames[at:], h.err, h.more
		h.mu.Unlock()
		for i, frame := range frames {
			var got any
			if json.Unmarshal([]byte(frame), &got) == nil && has(got, want) {
				return at + i + 1, nil
			}
		}
		at += len(frames)
		if err != nil {
			return at, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			h.mu.Lock()
			defer h.mu.Unlock()
			return at, fmt.Errorf("no %s in\n%s", pattern, strings.Join(h.frames[mark:], "\n"))
		}
	}
}

// has reports that got is want, or has all that want has: an object its
// members, an array its entries in any place. "*" is any string.
func has(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for name, v := range want {
			if member, there := object[name]; !there || !has(member, v) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if !ok {
			return false
		}
		for _, v := range want {
			if !slices.ContainsFunc(list, func(entry any) bool { return has(entry, v) }) {
				return false
			}
		}
		return true
	case string:
		text, ok := got.(string)
		return ok && (want == "*" || text == want)
	}
	return got == want
}
