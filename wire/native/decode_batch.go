package native

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// batched reports that e publishes a list of messages.
func (e *envelope) batched() bool {
	typ, _ := e.typ.Name()
	return e.batch.Given() && string(typ) == "publish"
}

// batch makes a request of each message of a list, in order, all with the
// frame's ref. The frame as a whole is refused if there would be an answer that
// could not be told from the others: every message needs a nonce of its own.
// Whatever else is wrong with a message is that message's fault.
func (c *codec) batch(e *envelope, do func(chat.Request)) error {
	ref := e.carried()
	requests := c.listed(e, chat.Post{
		Channel: e.Same("channelId", e.channel, &c.channel), Batch: new(chat.Batch),
	})
	if e.Err != nil {
		return carrying(ref, e.Err)
	}
	for _, r := range requests {
		r.Ref = ref
		do(r)
	}
	return nil
}

// listed are the requests of e's list; every post is in that channel and batch.
func (c *codec) listed(e *envelope, every chat.Post) (requests []chat.Request) {
	if e.list(); e.Err != nil {
		return nil
	}
	nonces := make(map[string]struct{})
	var item envelope
	set := item.set
	_ = c.pool.Elements(e.batch, func(v frame.Value) { // it was read before
		switch {
		case e.Err != nil:
			return
		case len(requests) == chat.MaxBatch:
			e.Refuse(chat.E(chat.CodeTooMany, "at most %d messages at a time", chat.MaxBatch))
			return
		case !v.Is('{'):
			e.Refuse(chat.E(chat.CodeInvalid, "messages must be a list of objects"))
			return
		}
		item = envelope{}
		_ = c.pool.Members(v, set) // so was this
		post := item.publish(every.Channel)
		post.Batch = every.Batch
		if _, twice := nonces[post.Nonce]; post.Nonce == "" || twice {
			e.Refuse(chat.E(chat.CodeInvalid, "each message of a list has a nonce of its own"))
		}
		nonces[post.Nonce] = struct{}{}
		if item.channel.Given() && item.String("channelId", item.channel) != every.Channel {
			item.Refuse(chat.E(chat.CodeInvalid, "all messages of a list go to its channelId"))
		}
		requests = append(requests, chat.Request{Command: post, Fault: item.Err})
	})
	if len(requests) == 0 {
		e.Refuse(chat.E(chat.CodeInvalid, "messages is empty"))
	}
	return requests
}

// list refuses what is no list, and a message beside one.
func (e *envelope) list() {
	if !e.batch.Is('[') {
		e.Refuse(chat.E(chat.CodeInvalid, "messages must be a list"))
	}
	for _, v := range []frame.Value{e.text, e.body, e.nonce, e.meta, e.parent, e.mentions, e.ttl} {
		if v.Given() {
			e.Refuse(chat.E(chat.CodeInvalid, "beside messages there is no message: text, nonce and so on are each one's own"))
		}
	}
}
