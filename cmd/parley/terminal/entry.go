package terminal

import (
	"slices"
	"time"

	"github.com/parley-chat/parley/client"
)

// fate is what became of a message of one's own.
type fate uint8

const (
	stored  fate = iota // also of everybody else's
	waiting             // for the server's ack
	failed              // for good; see entry.why
)

// entry is a message as it stands in a room.
type entry struct {
	msg *client.Message // what the rest was taken from; nil: the log has it not yet

	id, nonce    string
	sender, name string
	text         string
	parent       string // the message that it answers, or ""
	mentions     []string
	at           time.Time
	seq          uint64 // 0: it has none yet
	edited       bool
	deleted      bool
	reactions    []reaction
	replies      int
	pinned       bool

	fate fate
	why  string // it failed

	drawn drawing // see room.draw
}

// reaction is one kind of reaction to a message.
type reaction struct {
	name  string
	count int
	mine  bool
}

// changed has the entry drawn again.
func (e *entry) changed() { e.drawn = drawing{} }

// become takes over a message's present state, as me sees it. It reports
// whether it is another.
func (e *entry) become(m *client.Message, me string) bool {
	if e.msg == m {
		return false
	}
	*e = entry{
		msg: m, id: m.ID, nonce: m.Nonce, sender: m.SenderID, name: m.SenderName, text: m.Text,
		parent: m.ParentID, mentions: m.Mentions, at: m.CreatedAt, seq: m.Seq,
		edited: m.EditSeq > 0, deleted: !m.DeletedAt.IsZero(), pinned: m.Pinned != nil,
	}
	if m.Thread != nil {
		e.replies = m.Thread.Replies
	}
	for _, t := range m.Reactions {
		e.reactions = append(e.reactions, reaction{name: t.Reaction, count: t.Count, mine: slices.Contains(t.UserIDs, me)})
	}
	return true
}
