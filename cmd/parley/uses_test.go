package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// use is one thing that the server is for, played through the doors that fit
// it.
type use struct {
	name  string
	cast  map[string]string // who sits at which seat; without one they ask over REST
	steps []step
}

// step is one thing that somebody says, and what it is answered with and heard
// as. Frames and patterns are as in the interop matrix; over REST what is said
// is METHOD PATH BODY, and the answer STATUS PATTERN.
type step struct {
	who, says string
	answer    string            // the pattern that the speaker gets; "": none is waited for
	hears     map[string]string // the patterns that others get
	keeps     string            // the name under which the answer's id is known from then on
}

// Each use is played by a server of its own, in a channel that is new: so the
// seqs are known.
func TestC11_EachUseIsServedThroughTheDoorsThatFitIt(t *testing.T) {
	t.Parallel()
	for _, u := range uses() {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			p := &play{party: &party{bundle: b, t: t, key: b.secretKey(t), channel: "stage"}, present: map[string]*hearing{}, known: matter{}}
			p.enter(u.cast)
			for i, s := range u.steps {
				p.take(fmt.Sprintf("step %d, %s", i+1, s.who), s)
			}
		})
	}
}

// play is a use under way.
type play struct {
	*party
	present map[string]*hearing
	known   matter
}

func (p *play) enter(cast map[string]string) {
	p.t.Helper()
	var all []seat
	for _, ways := range seats() {
		all = append(all, ways...)
	}
	for who, name := range cast {
		for i := range all {
			if all[i].name == name {
				p.present[who] = p.sit(&all[i], who)
			}
		}
		if p.present[who] == nil {
			p.t.Fatalf("%s: there is no seat %s", who, name)
		}
	}
}

func (p *play) take(at string, s step) {
	p.t.Helper()
	m := matter{"channel": p.channel, "user": s.who, "token": p.token(p.t, auth.Grant{User: s.who})}
	for name, value := range p.known {
		m[name] = value
	}
	marks := map[string]int{}
	for who, h := range p.present {
		marks[who] = h.mark()
	}
	if h := p.present[s.who]; h == nil {
		p.request(at, m, s)
	} else {
		if err := h.line.Send(p.t.Context(), m.fill(s.says)); err != nil {
			p.t.Fatalf("%s: %v", at, err)
		}
		if s.answer != "" {
			s.hears = with(s.hears, s.who, s.answer)
		}
	}
	for who, pattern := range s.hears {
		if err := p.present[who].until(p.t.Context(), marks[who], p.known.fill(m.fill(pattern))); err != nil {
			p.t.Fatalf("%s: %s is not told: %v", at, who, err)
		}
	}
}

// request asks over REST: as the application's own server if it is "backend",
// else as the user.
func (p *play) request(at string, m matter, s step) {
	p.t.Helper()
	token := m["token"]
	if s.who == "backend" {
		token = p.key
	}
	method, rest, _ := strings.Cut(m.fill(s.says), " ")
	path, body, _ := strings.Cut(rest, " ")
	var header []string
	if name, value, tagged := strings.Cut(body, " "); tagged && strings.HasPrefix(name, "If-") {
		tag, rest, _ := strings.Cut(value, " ")
		header, body = []string{name, tag}, rest
	}
	got := p.ask(p.t, token, method, path, body, header...)
	status, pattern, _ := strings.Cut(m.fill(s.answer), " ")
	if fmt.Sprint(got.status) != status {
		p.t.Fatalf("%s: answered %d: %s", at, got.status, got.text)
	}
	var want any
	if pattern != "" && (json.Unmarshal([]byte(pattern), &want) != nil || !has(any(got.body), want)) {
		p.t.Fatalf("%s: answered %s, want %s", at, got.text, pattern)
	}
	if s.keeps != "" {
		p.known[s.keeps] = got.field(p.t, "id")
	}
}

func with(hears map[string]string, who, pattern string) map[string]string {
	more := map[string]string{who: pattern}
	for name, heard := range hears {
		more[name] = heard
	}
	return more
}

func uses() []use {
	return slices.Concat(talking(), editing(), playing(), reporting(), sensing())
}

// talking is what people say to each other.
func talking() []use {
	return []use{{
		name: "chat",
		cast: map[string]string{"ada": "/rooms", "bob": "/chat", "cyd": "/socket.io/", "dan": "/threads"},
		steps: []step{
			{who: "ada", says: `{"type":"typing","userId":"ada"}`, hears: map[string]string{
				"bob": `{"type":"typing","userId":"ada"}`, "cyd": `["user-typing",{"user":"ada","isTyping":true}]`,
				"dan": `{"type":"typing","userId":"ada","typing":true}`,
			}},
			{who: "ada", says: `{"type":"message","userId":"ada","content":"lunch?","timestamp":5}`, hears: map[string]string{
				"ada": `{"type":"message","userId":"ada","content":"lunch?"}`, "bob": `{"type":"message","message":{"text":"lunch?","sequence":0}}`,
				"cyd": `["message",{"text":"lunch?","user":"ada"}]`, "dan": `{"type":"message","senderId":"ada","message":"lunch?"}`,
			}},
			{
				who: "bob", says: `{"type":"message","message":{"id":"temp-1","conversationId":"{channel}","senderId":"bob","text":"at one"}}`,
				answer: `{"type":"message_ack","tempId":"temp-1","sequence":1}`,
				hears:  map[string]string{"ada": `{"type":"message","userId":"bob","content":"at one"}`, "cyd": `["message",{"text":"at one","user":"bob"}]`},
			},
			{who: "erin", says: `GET /v1/channels/{channel}/messages`, answer: `200 {"messages":[{"text":"lunch?","seq":1},{"text":"at one","seq":2}]}`},
		},
	}, {
		name: "notifications",
		cast: map[string]string{"ada": "/v1/ws", "bob": "/v1/poll", "cyd": "/socket.io/ in /parley"},
		steps: []step{
			{
				who: "backend", says: `POST /v1/users/ada/signals {"type":"order.shipped","data":{"order":7}}`, answer: `204`,
				hears: map[string]string{"ada": `{"type":"signal","event":"order.shipped","data":{"order":7}}`},
			},
			{
				who: "ada", says: `{"type":"signal","ref":1,"userId":"cyd","event":"poke","data":1}`, answer: `{"type":"ok","ref":1}`,
				hears: map[string]string{"cyd": `["signal",{"event":"poke","userId":"ada","data":1}]`},
			},
			{ // what has to arrive is said directly: it waits for who is away
				who: "backend", says: `POST /v1/channels/dm:bob:zoe/messages?userId=bob {"text":"your table is ready"}`, answer: `201 {"seq":1}`,
				hears: map[string]string{"bob": `{"type":"message","channelId":"dm:bob:zoe","text":"your table is ready"}`},
			},
			{who: "zoe", says: `GET /v1/users/zoe/channels`, answer: `200 {"channels":[{"id":"dm:bob:zoe","unread":1,"last":{"text":"your table is ready"}}]}`},
			{
				who: "backend", says: `POST /v1/channels/broadcast/messages?userId=desk {"text":"closing at six"}`, answer: `201`,
			},
			{who: "zoe", says: `GET /v1/channels/broadcast/messages`, answer: `200 {"messages":[{"text":"closing at six"}]}`},
		},
	}}
}

// editing is several writing at one thing.
func editing() []use {
	return []use{{
		name: "collaborative editing",
		cast: map[string]string{"ada": "/v1/ws", "bob": "/v1/poll", "cyd": "/socket.io/ in /parley"},
		steps: []step{
			{
				who: "ada", says: `{"type":"state.set","ref":1,"channelId":"{channel}","key":"line/1","value":"Dear","if":0,"nonce":"a1"}`,
				answer: `{"type":"ack","ref":1,"key":"line/1","seq":1}`,
				hears: map[string]string{
					"bob": `{"type":"state","key":"line/1","value":"Dear","userId":"ada","seq":1}`,
					"cyd": `["state",{"key":"line/1","value":"Dear","userId":"ada","seq":1}]`,
				},
			},
			{
				who: "bob", says: `{"type":"state.set","ref":2,"channelId":"{channel}","key":"line/1","value":"Dear Ann","if":1,"nonce":"b1"}`,
				answer: `{"type":"ack","ref":2,"seq":2}`,
				hears:  map[string]string{"ada": `{"type":"state","value":"Dear Ann","seq":2}`, "cyd": `["state",{"value":"Dear Ann","seq":2}]`},
			},
			{ // who had not seen that is told, and merges
				who: "cyd", says: `["state.set",{"channelId":"{channel}","key":"line/1","value":"Dear Bea","if":1}]`,
				answer: `["ack",{"type":"error","code":"version_conflict"}]`,
			},
			{
				who: "cyd", says: `["state.set",{"channelId":"{channel}","key":"line/1","value":"Dear Ann and Bea","if":2}]`,
				answer: `["ack",{"type":"ack","seq":3}]`,
				hears:  map[string]string{"ada": `{"type":"state","value":"Dear Ann and Bea","seq":3}`, "bob": `{"type":"state","value":"Dear Ann and Bea","seq":3}`},
			},
			{
				who: "ada", says: `{"type":"signal","channelId":"{channel}","event":"cursor","data":{"line":1,"column":5}}`,
				hears: map[string]string{"bob": `{"type":"signal","event":"cursor","userId":"ada","data":{"line":1,"column":5}}`, "cyd": `["signal",{"event":"cursor"}]`},
			},
			{who: "erin", says: `GET /v1/channels/{channel}/state`, answer: `200 {"keys":[{"key":"line/1","value":"Dear Ann and Bea","version":3}]}`},
		},
	}}
}

// playing is several who want the same thing.
func playing() []use {
	return []use{{
		name: "game",
		cast: map[string]string{"ada": "/v1/ws", "bob": "/v1/ws", "watcher": "/v1/poll"},
		steps: []step{
			{
				who: "ada", says: `{"type":"signal","channelId":"{channel}","event":"move","data":{"x":1,"y":2}}`,
				hears: map[string]string{"bob": `{"type":"signal","event":"move","userId":"ada","data":{"x":1,"y":2}}`, "watcher": `{"type":"signal","event":"move"}`},
			},
			{ // two take the same square: one has it
				who: "ada", says: `{"type":"state.set","ref":1,"channelId":"{channel}","key":"square/5","value":"ada","if":0}`, answer: `{"type":"ack","ref":1,"seq":1}`,
				hears: map[string]string{"bob": `{"type":"state","key":"square/5","value":"ada"}`, "watcher": `{"type":"state","key":"square/5","value":"ada"}`},
			},
			{
				who: "bob", says: `{"type":"state.set","ref":2,"channelId":"{channel}","key":"square/5","value":"bob","if":0}`,
				answer: `{"type":"error","ref":2,"code":"version_conflict"}`,
			},
			{
				who: "bob", says: `{"type":"state.set","ref":3,"channelId":"{channel}","key":"score/bob","add":10,"nonce":"hit-1"}`,
				answer: `{"type":"ack","ref":3,"value":10}`, hears: map[string]string{"watcher": `{"type":"state","key":"score/bob","value":10}`},
			},
			{ // a hit that is sent again counts once
				who: "bob", says: `{"type":"state.set","ref":4,"channelId":"{channel}","key":"score/bob","add":10,"nonce":"hit-1"}`,
				answer: `{"type":"ack","ref":4,"value":10,"repeated":true}`,
			},
		},
	}, {
		name: "auction",
		cast: map[string]string{"ada": "/v1/ws", "bob": "/socket.io/ in /parley", "crowd": "/events"},
		steps: []step{
			{who: "backend", says: `PUT /v1/channels/{channel}/state/bid?userId=house If-None-Match * {"value":{"by":"","price":100}}`, answer: `200 {"version":1}`, hears: map[string]string{
				"ada": `{"type":"state","key":"bid","value":{"price":100},"seq":1}`, "bob": `["state",{"key":"bid","seq":1}]`, "crowd": `{"data":{"type":"state","key":"bid","value":{"price":100}}}`,
			}},
			{
				who: "ada", says: `{"type":"state.set","ref":1,"channelId":"{channel}","key":"bid","value":{"by":"ada","price":110},"if":1}`, answer: `{"type":"ack","ref":1,"seq":2}`,
				hears: map[string]string{"bob": `["state",{"value":{"by":"ada","price":110},"seq":2}]`, "crowd": `{"data":{"type":"state","value":{"by":"ada","price":110},"seq":2}}`},
			},
			{who: "cyd", says: `PUT /v1/channels/{channel}/state/bid If-Match "1" {"value":{"by":"cyd","price":110}}`, answer: `412 {"code":"version_conflict"}`},
			{who: "bob", says: `["state.set",{"channelId":"{channel}","key":"bid","value":{"by":"bob","price":105},"if":1}]`, answer: `["ack",{"type":"error","code":"version_conflict"}]`},
			{
				who: "cyd", says: `PUT /v1/channels/{channel}/state/bid If-Match "2" {"value":{"by":"cyd","price":120}}`, answer: `200 {"version":3}`,
				hears: map[string]string{"ada": `{"type":"state","value":{"by":"cyd","price":120},"seq":3}`, "crowd": `{"data":{"type":"state","value":{"by":"cyd","price":120},"seq":3}}`},
			},
			{who: "backend", says: `GET /v1/channels/{channel}/events?after=0`, answer: `200 {"events":[{"seq":1,"userId":"house"},{"seq":2,"userId":"ada"},{"seq":3,"userId":"cyd"}]}`},
		},
	}}
}

// reporting is what goes from few to many.
func reporting() []use {
	return []use{{
		name: "dashboard",
		cast: map[string]string{"wall": "/events", "desk": "/v1/ws", "phone": "/v1/poll"},
		steps: []step{
			{who: "backend", says: `PUT /v1/channels/{channel}/state/load?userId=probe {"value":0.7}`, answer: `200 {"version":1}`, hears: map[string]string{
				"wall": `{"data":{"type":"state","key":"load","value":0.7}}`, "desk": `{"type":"state","key":"load","value":0.7}`, "phone": `{"type":"state","key":"load","value":0.7}`,
			}},
			{who: "backend", says: `PATCH /v1/channels/{channel}/state/orders?userId=probe {"add":3}`, answer: `200 {"value":3}`, hears: map[string]string{
				"wall": `{"data":{"type":"state","key":"orders","value":3}}`,
			}},
			{ // who comes late asks for it as it is
				who: "desk", says: `{"type":"state.get","ref":1,"channelId":"{channel}"}`,
				answer: `{"type":"snapshot","ref":1,"keys":[{"key":"load","value":0.7,"version":1},{"key":"orders","value":3,"version":2}]}`,
			},
		},
	}, {
		name: "ticker",
		cast: map[string]string{"ann": "/events", "ben": "/events", "tv": "/v1/ws"},
		steps: []step{
			{who: "backend", says: `POST /v1/channels/{channel}/signals?userId=exchange {"type":"tick","data":{"PRL":101.5}}`, answer: `204`, hears: map[string]string{
				"ann": `{"event":"tick","data":{"data":{"PRL":101.5}}}`, "ben": `{"event":"tick","data":{"data":{"PRL":101.5}}}`, "tv": `{"type":"signal","event":"tick","data":{"PRL":101.5}}`,
			}},
			{who: "backend", says: `POST /v1/channels/{channel}/messages?userId=exchange {"body":{"close":102}}`, answer: `201 {"seq":1}`, hears: map[string]string{
				"ann": `{"data":{"type":"message","seq":1,"body":{"close":102}}}`, "ben": `{"data":{"type":"message","seq":1,"body":{"close":102}}}`,
			}},
		},
	}}
}

// sensing is what many tell of themselves, as it is now.
func sensing() []use {
	return []use{{
		name: "devices",
		cast: map[string]string{"desk": "/v1/ws"},
		steps: []step{
			{who: "sensor-1", says: `POST /v1/channels/{channel}/messages {"nonce":"r1","body":{"celsius":21.5},"ttl":86400000}`, answer: `201 {"seq":1,"senderId":"sensor-1"}`, hears: map[string]string{
				"desk": `{"type":"message","senderId":"sensor-1","body":{"celsius":21.5},"seq":1}`,
			}},
			// A device that got no answer says it again, and it is the same report.
			{who: "sensor-1", says: `POST /v1/channels/{channel}/messages {"nonce":"r1","body":{"celsius":21.5},"ttl":86400000}`, answer: `201 {"seq":1}`},
			// One that was offline brings what it has gathered, in order.
			{who: "sensor-2", says: `POST /v1/channels/{channel}/messages/batch {"messages":[{"nonce":"r1","body":{"celsius":4}},{"nonce":"r2","body":{"celsius":5}}]}`, answer: `200 {"results":[{"message":{"seq":2}},{"message":{"seq":3}}]}`, hears: map[string]string{
				"desk": `{"type":"message","senderId":"sensor-2","body":{"celsius":5},"seq":3}`,
			}},
			{who: "sensor-2", says: `PUT /v1/channels/{channel}/state/sensor-2 {"value":"on","ttl":60000}`, answer: `200 {"version":4}`, hears: map[string]string{
				"desk": `{"type":"state","key":"sensor-2","value":"on"}`,
			}},
			{who: "backend", says: `GET /v1/channels/{channel}/messages?after=1`, answer: `200 {"messages":[{"seq":2},{"seq":3}]}`},
			{ // the way back
				who: "desk", says: `{"type":"signal","ref":1,"userId":"sensor-2","event":"reboot"}`, answer: `{"type":"ok","ref":1}`,
			},
		},
	}, {
		name: "live location",
		cast: map[string]string{"courier": "/v1/ws", "ann": "/v1/ws", "map": "/events", "ben": "/v1/poll", "cyd": "/socket.io/"},
		steps: []step{
			{who: "courier", says: `{"type":"signal","channelId":"{channel}","event":"location","data":{"lat":52.52,"lng":13.405}}`, hears: map[string]string{
				"ann": `{"type":"signal","event":"location","userId":"courier","data":{"lat":52.52,"lng":13.405}}`,
				"map": `{"event":"location","data":{"userId":"courier","data":{"lat":52.52,"lng":13.405}}}`,
				"ben": `{"type":"signal","event":"location","data":{"lat":52.52,"lng":13.405}}`,
				"cyd": `["signal",{"event":"location","user":"courier","data":{"lat":52.52,"lng":13.405}}]`,
			}},
			// Nothing of it is kept.
			{who: "ann", says: `{"type":"events","ref":1,"channelId":"{channel}","after":0}`, answer: `{"type":"events","ref":1,"head":"*"}`},
			{who: "backend", says: `GET /v1/channels/{channel}`, answer: `404 {"code":"not_found"}`},
		},
	}}
}
