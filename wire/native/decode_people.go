package native

import (
	"time"

	"github.com/parley-chat/parley/chat"
)

// people makes the commands about channels, their members, and users.
func (e *envelope) people(typ, channel string) chat.Command {
	switch typ {
	case "channel.put":
		return chat.PutChannel{Settings: e.settings(channel)}
	case "channel.delete":
		e.Need("channelId", e.channel)
		return chat.DeleteChannel{Channel: channel}
	case "member.put":
		e.Need("role", e.role)
		return chat.PutMember{Channel: channel, Member: chat.Member{
			User:   e.String("userId", e.user),
			Role:   chat.Role(e.String("role", e.role)),
			Muted:  e.Bool("muted", e.muted),
			Banned: e.Bool("banned", e.banned),
		}}
	case "profile.put":
		p := chat.Profile{Name: e.maybe("userName", e.name), Avatar: e.maybe("avatar", e.avatar), Meta: e.meta.Copy()}
		if e.meta.Given() {
			p.Meta = e.Object("meta", e.meta)
		}
		return chat.PutProfile{Profile: p}
	case "block":
		e.Need("userId", e.user)
		return chat.Block{User: e.String("userId", e.user), On: e.added()}
	}
	return nil
}

func (e *envelope) settings(channel string) chat.Channel {
	e.Need("channelId", e.channel)
	return chat.Channel{
		ID:        chat.ChannelID{Name: channel},
		Kind:      chat.ChannelKind(e.String("kind", e.kind)),
		Public:    e.Bool("public", e.public),
		Title:     e.String("title", e.title),
		Retention: e.keepFor(),
	}
}

// maxRetention keeps seconds within what a duration holds: a hundred years.
const maxRetention = 100 * 366 * 24 * 3600

func (e *envelope) keepFor() time.Duration {
	seconds := e.Int("retention", e.retention)
	if seconds < -1 || seconds > maxRetention {
		e.Refuse(chat.E(chat.CodeInvalid, "retention is at most 100 years, in seconds; or 0: 30 days; or -1: for ever"))
		return 0
	}
	return time.Duration(seconds) * time.Second
}
