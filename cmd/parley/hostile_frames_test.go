package main

import "strings"

// blows are what is hostile at a seat: what no language of objects takes, where
// a frame is a text, and what the seat's language does not take.
func (p *party) blows(s *seat) []blow {
	var list []blow
	if s.language != "socketio" && s.language != "parley" && s.name != "/v1/poll" {
		list = append(list, noObjects()...)
	}
	switch s.language {
	case "native":
		list = append(list, nativeBlows()...)
	case "parley":
		for _, b := range nativeBlows() {
			b.frame, b.first = asEvent(b.frame), asEvent(b.first)
			if strings.HasPrefix(b.frame, `["`) {
				list = append(list, b)
			}
		}
		list = append(list, blow{kind: malformed, frame: `["ping",{]`, code: "malformed"})
	case "rooms":
		list = append(list, roomsBlows()...)
	case "threads":
		list = append(list, threadsBlows()...)
	case "conversations":
		list = append(list, conversationsBlows()...)
	case "socketio":
		list = append(list, socketioBlows()...)
	}
	return list
}

// asEvent is a native frame as an event of the namespace /parley.
func asEvent(frame string) string {
	name, rest, ok := strings.Cut(strings.TrimPrefix(frame, `{"type":"`), `",`)
	if !ok || !strings.HasPrefix(frame, `{"type":"`) {
		return ""
	}
	return `["` + name + `",{` + strings.Replace(rest, `"ref":1,`, "", 1) + `]`
}

func noObjects() []blow {
	deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
	var list []blow
	for _, text := range []string{
		`nonsense`, ``, `{`, `[]`, `7`, `"join"`, `null`, `{"type":5}`, `{"typ":"x"}`, `{"type":"x","type":"y"}`, `{"type":"x"}{"type":"x"}`,
		`{"type":"x","a":` + deep + `}`, `{"type":"x","a":"\ud800"}`, `{"type":"x","a":01}`,
	} {
		list = append(list, blow{kind: malformed, frame: text, code: "malformed"})
	}
	return list
}

func nativeBlows() []blow {
	const publish = `{"type":"publish","ref":1,"channelId":"{channel}",`
	return []blow{
		{kind: malformed, frame: `{"typ":"x"}`, code: "malformed"},
		{kind: malformed, frame: `{"type":"no such thing","a":1}`, code: "unknown_type"},
		{kind: oversized, frame: publish + `"text":"{body}"}`, code: "too_large"},
		{kind: oversized, frame: publish + `"text":"x","meta":{"a":"{meta}"}}`, code: "too_large"},
		{kind: oversized, frame: publish + `"text":"x","nonce":"{name}"}`, code: "invalid"},
		{kind: oversized, frame: publish + `"messages":[{list}]}`, code: "too_many"},
		{kind: oversized, frame: `{"type":"signal","channelId":"{channel}","event":"x","data":"{meta}"}`, code: "too_large"},
		{kind: oversized, frame: `{"type":"subscribe","channelId":"{name}"}`, code: "invalid"},
		{kind: wrongType, frame: publish + `"text":7}`, code: "invalid"},
		{kind: wrongType, frame: publish + `"messages":{}}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"publish","channelId":["{channel}"],"text":"x"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"typing","channelId":"{channel}","typing":"yes"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"state.set","ref":1,"channelId":"{channel}","key":"k","value":1,"if":"0"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"subscribe","channelId":"elsewhere","position":7}`, code: "invalid"},
		{kind: outOfOrder, frame: `{"type":"delivered","channelId":"elsewhere","seq":1}`, code: "not_subscribed"},
		{kind: outOfOrder, frame: `{"type":"edit","ref":1,"channelId":"{channel}","id":"01945a3e-0000-7000-8000-000000000000","text":"x"}`, code: "not_found"},
		{kind: outOfOrder, frame: `{"type":"call.accept","callId":"01945a3e-0000-7000-8000-000000000000"}`, code: "not_found"},
		{kind: outOfOrder, frame: `{"type":"state.set","ref":1,"channelId":"{channel}","key":"k","value":1,"if":7}`, code: "version_conflict"},
		{kind: outOfOrder, frame: `{"type":"subscribe","channelId":"elsewhere","position":"another:1"}`, code: "expired"},
		{kind: outOfOrder, frame: `{"type":"publish","channelId":"dm:ada:bob","text":"x"}`, code: "forbidden"},
		{
			kind: outOfOrder, first: `{"type":"publish","channelId":"elsewhere","nonce":"n1","text":"x"}`,
			frame: `{"type":"publish","channelId":"elsewhere","nonce":"n1","text":"y"}`, code: "nonce_conflict",
		},
	}
}

func roomsBlows() []blow {
	return []blow{
		{kind: malformed, frame: `{"type":"no such thing"}`, code: "unknown_type"},
		{kind: oversized, frame: `{"type":"message","userId":"{user}","content":"{body}"}`, code: "too_large"},
		{kind: oversized, frame: `{"type":"message","userId":"{user}","content":"x","own":"{meta}"}`, code: "too_large"},
		{kind: wrongType, frame: `{"type":"message","userId":"{user}","content":7}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"message","userId":7,"content":"x"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"typing","userId":"{user}","isTyping":"yes"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"join","userId":"{user}","roomId":["{channel}"]}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"message","userId":"{user}","content":"x","timestamp":"now"}`, code: "invalid"},
		{kind: outOfOrder, frame: `{"type":"message","userId":"ada","content":"x"}`, code: "foreign_sender"},
		{kind: outOfOrder, first: `{"type":"join","userId":"{user}","roomId":"elsewhere"}`, frame: `{"type":"join","userId":"{user}","roomId":"elsewhere","position":"another:1"}`, code: "expired", outside: true},
		{kind: outOfOrder, first: `{"type":"join","userId":"{user}","roomId":"elsewhere"}`, frame: `{"type":"join","userId":"{user}","roomId":"{name}"}`, code: "invalid", outside: true},
	}
}

func threadsBlows() []blow {
	return []blow{
		{kind: malformed, frame: `{"type":"no such thing"}`, code: "unknown_type"},
		{kind: oversized, frame: `{"type":"send_message","threadId":"{channel}","message":"{body}"}`, code: "too_large"},
		{kind: oversized, frame: `{"type":"join_thread","threadId":"{name}"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"send_message","threadId":"{channel}","message":7}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"send_message","threadId":{},"message":"x"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"typing","threadId":"{channel}","typing":"yes"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"offer","recipientId":7}`, code: "invalid"},
		{kind: outOfOrder, frame: `{"type":"send_message","message":"x"}`, code: "invalid"},
		{kind: outOfOrder, frame: `{"type":"send_message","threadId":"{channel}","message":"x","senderId":"ada"}`, code: "foreign_sender"},
		{kind: outOfOrder, frame: `{"type":"send_message","threadId":"{channel}","message":"x","token":"none"}`, code: "unauthorized"},
		{kind: outOfOrder, frame: `{"type":"call_accepted","callId":"01945a3e-0000-7000-8000-000000000000"}`, code: "not_found"},
		{kind: outOfOrder, frame: `{"type":"join_thread","threadId":"dm:ada:bob"}`, code: "forbidden"},
	}
}

func conversationsBlows() []blow {
	return []blow{
		{kind: malformed, frame: `{"type":"no such thing"}`, code: "unknown_type"},
		{kind: oversized, frame: `{"type":"message","message":{"id":"t","conversationId":"{channel}","text":"{body}"}}`, code: "too_large"},
		{kind: oversized, frame: `{"type":"message","message":{"id":"{meta}","conversationId":"{channel}","text":"x"}}`, code: "invalid"},
		{kind: oversized, frame: `{"type":"missing","conversationId":"{channel}","from":0,"to":10000}`, code: "too_many"},
		{kind: wrongType, frame: `{"type":"message","message":"x"}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"message","message":{"id":"t","conversationId":"{channel}","text":7}}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"subscribe","conversationId":{}}`, code: "invalid"},
		{kind: wrongType, frame: `{"type":"subscribe","conversationId":"elsewhere","fromSequence":"0"}`, code: "invalid"},
		{kind: outOfOrder, frame: `{"type":"typing_start","conversationId":"elsewhere"}`, code: "not_subscribed"},
		{kind: outOfOrder, frame: `{"type":"read_receipt","conversationId":"{channel}","messageId":"01945a3e-0000-7000-8000-000000000000"}`, code: "not_found"},
		{kind: outOfOrder, frame: `{"type":"missing","conversationId":"{channel}","from":5,"to":4}`, code: "invalid"},
		{kind: outOfOrder, frame: `{"type":"message","message":{"id":"t","conversationId":"{channel}","senderId":"ada","text":"x"}}`, code: "foreign_sender"},
	}
}

func socketioBlows() []blow {
	return []blow{
		{kind: malformed, frame: `["message",`, code: "malformed"},
		{kind: malformed, frame: `[7]`, code: "malformed"},
		{kind: malformed, frame: `["no such thing",1]`, code: "unknown_type"},
		{kind: malformed, frame: `["disconnecting"]`, code: "invalid"},
		{kind: oversized, frame: `["message","{body}"]`, code: "too_large"},
		{kind: oversized, frame: `["join-room","{name}"]`, code: "invalid"},
		{kind: wrongType, frame: `["join-room",7]`, code: "invalid"},
		{kind: wrongType, frame: `["typing","yes"]`, code: "invalid"},
		{kind: wrongType, frame: `["message"]`, code: "invalid"},
		{kind: wrongType, frame: `["message",{"__proto__":{"admin":true}}]`, code: "invalid"},
		{kind: outOfOrder, frame: `["message","x"]`, code: "not_subscribed", outside: true},
		{kind: outOfOrder, frame: `["join-room","dm:ada:bob"]`, code: "forbidden"},
	}
}
