package native

import "github.com/parley-chat/parley/chat"

// page makes the commands that read.
func (e *envelope) page(typ, channel string) chat.Command {
	switch typ {
	case "history":
		return chat.History{Channel: channel, Page: e.messages()}
	case "events":
		if e.after.Given() == e.since.Given() {
			e.Refuse(chat.E(chat.CodeInvalid, "events come after a seq or since a time"))
		}
		return chat.Changes{
			Channel: channel,
			After:   e.Uint("after", e.after),
			Since:   e.Time("since", e.since),
			Limit:   e.count(),
		}
	case "pins":
		return chat.Pins{Channel: channel}
	case "channels":
		return chat.Channels{After: e.String("after", e.after), Limit: e.count()}
	}
	return nil
}

func (e *envelope) messages() chat.Page {
	p := chat.Page{
		Before:  e.Uint("before", e.before),
		After:   e.Uint("after", e.after),
		Forward: e.after.Given() && !e.before.Given(),
		Thread:  e.String("threadId", e.thread),
		Limit:   e.count(),
	}
	if e.before.Given() && p.Before == 0 {
		e.Refuse(chat.E(chat.CodeInvalid, "before is at least 1: there is nothing below"))
	}
	return p
}
