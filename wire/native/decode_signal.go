package native

import "github.com/parley-chat/parley/chat"

// signal makes the commands that pass something on without storing an event.
func (e *envelope) signal(typ, channel string) chat.Command {
	switch typ {
	case "typing":
		e.Need("typing", e.typing)
		return chat.Typing{Channel: channel, On: e.Bool("typing", e.typing)}
	case "presence":
		return e.setPresence()
	case "delivered":
		e.Need("seq", e.seq)
		return chat.Delivered{Channel: channel, Seq: e.Uint("seq", e.seq)}
	case "read":
		if e.seq.Given() == e.id.Given() {
			e.Refuse(chat.E(chat.CodeInvalid, "read names a seq or a message's id"))
		}
		return chat.Read{Channel: channel, Seq: e.Uint("seq", e.seq), ID: e.String("id", e.id)}
	case "signal":
		return e.send(channel)
	}
	return nil
}

// send makes a signal to a channel, to a user or to one session; that one may
// be one of a channel's.
func (e *envelope) send(channel string) chat.Send {
	e.Need("event", e.event)
	switch {
	case e.channel.Given() && e.user.Given(),
		e.session.Given() && e.user.Given(),
		!e.channel.Given() && !e.user.Given() && !e.session.Given():
		e.Refuse(chat.E(chat.CodeInvalid, "a signal goes to a channelId, to a userId or to a sessionId"))
	}
	return chat.Send{
		Channel: channel,
		To:      e.String("userId", e.user),
		Name:    e.String("event", e.event),
		Data:    e.data.Copy(),
		Only:    e.String("sessionId", e.session),
		Except:  e.String("except", e.except),
		Echo:    e.Bool("echo", e.echo),
	}
}

func (e *envelope) setPresence() chat.SetPresence {
	p := chat.SetPresence{Status: chat.Status(e.String("status", e.status)), Custom: e.maybe("custom", e.custom)}
	if p.Status == "" {
		p.Status = chat.Online
	}
	if p.Status != chat.Online && p.Status != chat.Away && p.Status != chat.Offline {
		e.Refuse(chat.E(chat.CodeInvalid, "status must be online, away or offline"))
	}
	return p
}
