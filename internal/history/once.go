package history

import "github.com/parley-chat/parley/chat"

// authored is what a sender wrote in a channel under a nonce or as a text.
type authored struct{ channel, user, what string }

// Once holds every message to one post, and every nonce to one message: nothing
// is doubled, nothing that was refused is there, and nothing that nobody wrote.
func Once(h *History, final Final) []Violation {
	f := findings{check: "once"}
	posts := make(map[authored]int)    // by text: how many times it was posted
	written := make(map[authored]bool) // texts of posts and edits
	refused := make(map[authored]bool)
	answers := make(map[authored]Answer)
	for i := range h.Ops {
		op := &h.Ops[i]
		text := authored{op.Channel, op.User, op.Text}
		if op.Kind != Post && op.Kind != Edit {
			continue
		}
		if op.Outcome == Failed {
			refused[text] = true
			continue
		}
		written[text] = true
		if op.Kind != Post {
			continue
		}
		nonce := authored{op.Channel, op.User, op.Nonce}
		first, again := answers[nonce]
		if op.Nonce == "" || !again {
			posts[text]++
		}
		if op.Nonce == "" || op.Outcome != OK {
			continue
		}
		if again && first.ID != op.Answer.ID {
			f.add(op.Channel, "nonce %q of %s was answered with %q and with %q", op.Nonce, op.User, first.ID, op.Answer.ID)
		}
		answers[nonce] = op.Answer
	}
	for channel, log := range final {
		f.doubled(channel, log, posts)
		f.foreign(channel, log, written, refused)
	}
	return f.list
}

// doubled finds messages that stand there more often than they were posted.
func (f *findings) doubled(channel string, log []Entry, posts map[authored]int) {
	nonces := make(map[authored]uint64)
	texts := make(map[authored]int)
	for _, e := range log {
		if e.Kind != chat.KindMessage {
			continue
		}
		nonce := authored{channel, e.Sender, e.Nonce}
		if first, again := nonces[nonce]; again && e.Nonce != "" {
			f.add(channel, "nonce %q of %s stands at %d and at %d", e.Nonce, e.Sender, first, e.Seq)
		}
		nonces[nonce] = e.Seq
		if text := (authored{channel, e.Sender, e.Text}); e.Text != "" && e.EditSeq == 0 {
			if texts[text]++; texts[text] > posts[text] {
				f.add(channel, "doubled: %q of %s stands at %d too, and was posted %d times", e.Text, e.Sender, e.Seq, posts[text])
			}
		}
	}
}

// foreign finds texts that nobody wrote, and those that were refused.
func (f *findings) foreign(channel string, log []Entry, written, refused map[authored]bool) {
	for _, e := range log {
		text := authored{channel, e.Sender, e.Text}
		switch {
		case e.Text == "" || written[text]:
		case refused[text]:
			f.add(channel, "%q of %s was refused, and stands at %d", e.Text, e.Sender, e.Seq)
		default:
			f.add(channel, "%q of %s stands at %d, and nobody wrote it", e.Text, e.Sender, e.Seq)
		}
	}
}
