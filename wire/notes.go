package wire

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

// appendNotes writes what hangs on a message. notesSeq is there even where the
// rest is empty: it says which events the emptiness has taken in.
func appendNotes(w *frame.Writer, n *chat.Notes) {
	w.Uint("notesSeq", n.Through)
	if len(n.Reactions) > 0 {
		w.Array("reactions")
		for i := range n.Reactions {
			r := &n.Reactions[i]
			w.Open()
			w.String("reaction", r.Name)
			w.Uint("count", uint64(max(0, r.Count)))
			w.Strings("userIds", r.Users)
			w.Close()
		}
		w.End()
	}
	if t := &n.Thread; t.Replies > 0 || !t.LastAt.IsZero() {
		w.Object("thread")
		w.Uint("replies", uint64(max(0, t.Replies)))
		w.MaybeTime("lastAt", t.LastAt)
		w.Strings("userIds", t.Users)
		w.Close()
	}
	if !n.PinnedAt.IsZero() {
		w.Object("pinned")
		w.String("userId", n.PinnedBy)
		w.Time("at", n.PinnedAt)
		w.Close()
	}
}
