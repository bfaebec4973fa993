package main

import "strings"

// words are what is said and heard in a language: frames to send, and what the
// frames that arrive must have. In REST's, what is said is METHOD PATH BODY.
type words struct {
	says, hears map[act]string
	own         string // where clients of native words find what its clients put into a message
}

func languages() map[string]words {
	native := nativeWords()
	return map[string]words{
		"native": native, "parley": asEvents(native), "sse": {hears: asData(native.hears)}, "rest": restWords(),
		"rooms": roomsWords(), "threads": threadsWords(), "conversations": conversationsWords(), "socketio": socketioWords(),
	}
}

func nativeWords() words {
	return words{
		own: `"meta":{"color":"red"}`,
		says: map[act]string{
			posts:   `{"type":"publish","ref":1,"channelId":"{channel}","nonce":"{nonce}","text":"{text}"}`,
			hands:   `{"type":"publish","ref":1,"channelId":"{channel}","nonce":"{nonce}","body":{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3}}`,
			adds:    `{"type":"publish","ref":1,"channelId":"{channel}","nonce":"{nonce}","text":"{text}","meta":{"color":"red"}}`,
			edits:   `{"type":"edit","ref":1,"channelId":"{channel}","id":"{id}","text":"{text}"}`,
			deletes: `{"type":"delete","ref":1,"channelId":"{channel}","id":"{id}"}`,
			reacts:  `{"type":"react","ref":1,"channelId":"{channel}","id":"{id}","reaction":"👍"}`,
			types:   `{"type":"typing","channelId":"{channel}","typing":true}`,
			stops:   `{"type":"typing","channelId":"{channel}","typing":false}`,
			reads:   `{"type":"read","ref":1,"channelId":"{channel}","id":"{id}"}`,
		},
		hears: map[act]string{
			posts:   `{"type":"message","id":"{id}","channelId":"{channel}","senderId":"{user}","text":"{text}"}`,
			hands:   `{"type":"message","id":"{id}","channelId":"{channel}","senderId":"{user}","text":"plan.pdf /files/{file}","body":{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3}}`,
			adds:    `{"type":"message","id":"{id}","channelId":"{channel}","senderId":"{user}",{own}}`,
			edits:   `{"type":"message.update","id":"{id}","channelId":"{channel}","userId":"{user}","newText":"{text}"}`,
			deletes: `{"type":"message.delete","id":"{id}","channelId":"{channel}","userId":"{user}"}`,
			reacts:  `{"type":"reaction","id":"{id}","channelId":"{channel}","userId":"{user}","reaction":"👍","on":true}`,
			types:   `{"type":"typing","channelId":"{channel}","userId":"{user}","typing":true}`,
			stops:   `{"type":"typing","channelId":"{channel}","userId":"{user}","typing":false}`,
			reads:   `{"type":"read","channelId":"{channel}","userId":"{user}","id":"{id}"}`,
			comes:   `{"type":"presence","channelId":"{channel}","joined":[{"userId":"{user}"}]}`,
			goes:    `{"type":"presence","channelId":"{channel}","left":[{"userId":"{user}"}]}`,
		},
	}
}

// asEvents are native words as events of the namespace /parley.
func asEvents(native words) words {
	named := func(frames map[act]string) map[act]string {
		events := make(map[act]string, len(frames))
		for a, frame := range frames {
			name, rest, _ := strings.Cut(strings.TrimPrefix(frame, `{"type":"`), `",`)
			events[a] = `["` + name + `",{` + strings.Replace(rest, `"ref":1,`, "", 1) + `]`
		}
		return events
	}
	return words{says: named(native.says), hears: named(native.hears), own: native.own}
}

// asData are native frames as the data of events of a stream.
func asData(frames map[act]string) map[act]string {
	events := make(map[act]string, len(frames))
	for a, frame := range frames {
		events[a] = `{"data":` + frame + `}`
	}
	return events
}

func restWords() words {
	const channel = "/v1/channels/{channel}"
	return words{own: `"meta":{"color":"red"}`, says: map[act]string{
		posts:   `POST ` + channel + `/messages {"text":"{text}"}`,
		hands:   `POST ` + channel + `/messages {"body":{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3}}`,
		adds:    `POST ` + channel + `/messages {"text":"{text}","meta":{"color":"red"}}`,
		edits:   `PATCH ` + channel + `/messages/{id} {"text":"{text}"}`,
		deletes: `DELETE ` + channel + `/messages/{id}`,
		reacts:  `PUT ` + channel + `/messages/{id}/reactions/👍`,
		reads:   `PUT ` + channel + `/cursors/{user} {"read":"{id}"}`,
	}}
}

func roomsWords() words {
	return words{
		own: `"meta":{"rooms":{"color":"red"}}`,
		says: map[act]string{
			posts: `{"type":"message","userId":"{user}","content":"{text}","timestamp":5}`,
			adds:  `{"type":"message","userId":"{user}","content":"{text}","timestamp":5,"color":"red"}`,
			types: `{"type":"typing","userId":"{user}"}`,
			stops: `{"type":"typing","userId":"{user}","isTyping":false}`,
		},
		hears: map[act]string{
			posts:   `{"type":"message","userId":"{user}","content":"{text}","id":"{id}"}`,
			hands:   `{"type":"message","userId":"{user}","content":"plan.pdf /files/{file}","id":"{id}"}`,
			adds:    `{"type":"message","userId":"{user}","content":"{text}","id":"{id}","color":"red","timestamp":5}`,
			edits:   `{"type":"edited","id":"{id}","text":"{text}"}`,
			deletes: `{"type":"deleted","id":"{id}"}`,
			types:   `{"type":"typing","userId":"{user}"}`,
			stops:   `{"type":"typing_stop","userId":"{user}"}`,
			comes:   `{"type":"join","userId":"{user}"}`,
			goes:    `{"type":"leave","userId":"{user}"}`,
		},
	}
}

func threadsWords() words {
	return words{
		own: `"meta":{"threads":{"color":"red"}}`,
		says: map[act]string{
			posts: `{"type":"send_message","threadId":"{channel}","message":"{text}","token":"{token}"}`,
			adds:  `{"type":"send_message","threadId":"{channel}","message":"{text}","token":"{token}","color":"red"}`,
			types: `{"type":"typing","threadId":"{channel}"}`,
			stops: `{"type":"typing","threadId":"{channel}","typing":false}`,
		},
		hears: map[act]string{
			posts:   `{"type":"message","threadId":"{channel}","senderId":"{user}","message":"{text}","id":"{id}"}`,
			hands:   `{"type":"message","threadId":"{channel}","senderId":"{user}","message":"plan.pdf /files/{file}","id":"{id}"}`,
			adds:    `{"type":"message","threadId":"{channel}","senderId":"{user}","message":"{text}","id":"{id}","color":"red"}`,
			edits:   `{"type":"edited","threadId":"{channel}","id":"{id}","text":"{text}"}`,
			deletes: `{"type":"deleted","threadId":"{channel}","id":"{id}"}`,
			types:   `{"type":"typing","threadId":"{channel}","userId":"{user}","typing":true}`,
			stops:   `{"type":"typing","threadId":"{channel}","userId":"{user}","typing":false}`,
			comes:   `{"type":"joined","threadId":"{channel}","userId":"{user}"}`,
			goes:    `{"type":"left","threadId":"{channel}","userId":"{user}"}`,
		},
	}
}

func conversationsWords() words {
	return words{
		own: `"meta":{"conversations":{"color":"red"}}`,
		says: map[act]string{
			posts: `{"type":"message","message":{"id":"temp-{nonce}","conversationId":"{channel}","senderId":"{user}","text":"{text}","timestamp":5,"status":"sending"}}`,
			hands: `{"type":"message","message":{"id":"temp-{nonce}","conversationId":"{channel}","senderId":"{user}","text":{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3}}}`,
			adds:  `{"type":"message","message":{"id":"temp-{nonce}","conversationId":"{channel}","senderId":"{user}","text":"{text}","color":"red"}}`,
			types: `{"type":"typing_start","conversationId":"{channel}","userId":"{user}"}`,
			stops: `{"type":"typing_stop","conversationId":"{channel}","userId":"{user}"}`,
			reads: `{"type":"read_receipt","conversationId":"{channel}","messageId":"{id}","userId":"{user}","timestamp":5}`,
		},
		hears: map[act]string{
			posts:   `{"type":"message","message":{"id":"{id}","conversationId":"{channel}","senderId":"{user}","text":"{text}"}}`,
			hands:   `{"type":"message","message":{"id":"{id}","conversationId":"{channel}","senderId":"{user}","text":{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3}}}`,
			adds:    `{"type":"message","message":{"id":"{id}","conversationId":"{channel}","senderId":"{user}","text":"{text}","color":"red"}}`,
			edits:   `{"type":"edited","id":"{id}","conversationId":"{channel}","text":"{text}"}`,
			deletes: `{"type":"deleted","id":"{id}","conversationId":"{channel}"}`,
			types:   `{"type":"typing","userId":"{user}","conversationId":"{channel}"}`,
			stops:   `{"type":"typing_stop","userId":"{user}","conversationId":"{channel}"}`,
			reads:   `{"type":"read","userId":"{user}","messageId":"{id}"}`,
			comes:   `{"type":"presence","conversationId":"{channel}","joined":[{"userId":"{user}"}]}`,
			goes:    `{"type":"presence","conversationId":"{channel}","left":[{"userId":"{user}"}]}`,
		},
	}
}

func socketioWords() words {
	return words{
		own: `"body":{"text":"{text}","color":"red"}`,
		says: map[act]string{
			posts: `["message",{"text":"{text}"}]`,
			hands: `["message",{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3}]`,
			adds:  `["message",{"text":"{text}","color":"red"}]`,
			types: `["typing",true]`,
			stops: `["typing",false]`,
		},
		hears: map[act]string{
			posts:   `["message",{"text":"{text}","user":"{user}","id":"{id}"}]`,
			hands:   `["message",{"type":"file","url":"/files/{file}","fileName":"plan.pdf","fileSize":3,"user":"{user}","id":"{id}"}]`,
			adds:    `["message",{"text":"{text}","color":"red","user":"{user}","id":"{id}"}]`,
			edits:   `["edited",{"id":"{id}","text":"{text}"}]`,
			deletes: `["deleted",{"id":"{id}"}]`,
			types:   `["user-typing",{"user":"{user}","isTyping":true}]`,
			stops:   `["user-typing",{"user":"{user}","isTyping":false}]`,
			comes:   `["user-joined",{"user":"{user}"}]`,
			goes:    `["user-left",{"user":"{user}"}]`,
		},
	}
}
