package pebble

import (
	"context"
	"encoding/binary"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// A message refers to the files that its present body names, with a key each.
// The key carries the seq of the event that said so last: the message's own, or
// that of its last edit, which outlives the message and carries it then. So a
// reference is dead as soon as that event is below the horizon.

// fileName is the part of the keys that names a file.
func fileName(project, file string) []byte {
	return appendName(projectKey(nil, spaceFile, project), file)
}

func fileKey(ch chat.ChannelID, file string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(appendName(fileName(ch.Project, file), ch.Name), seq)
}

// fileKeys are the references of e, a message or an edit.
func fileKeys(e *chat.Event) [][]byte {
	seq := e.Seq
	if e.Kind == chat.KindMessage && e.EditSeq != 0 {
		seq = e.EditSeq
	}
	var keys [][]byte
	for _, file := range chat.FilesIn(e.Body) {
		keys = append(keys, fileKey(e.Channel, file, seq))
	}
	return keys
}

// refer notes the files that a message names.
func (w *writer) refer(message *chat.Event) {
	for _, key := range fileKeys(message) {
		if planted.Is("references_outside_commit") {
			w.cur.stray = append(w.cur.stray, key, nothing)
			continue
		}
		w.set(key, nothing)
	}
}

// unrefer takes back what refer has noted of the message in that state.
func (w *writer) unrefer(message *chat.Event) {
	for _, key := range fileKeys(message) {
		_ = w.cur.db.Delete(key, nil)
	}
}

// Referenced is chat.Store's.
func (s *Store) Referenced(ctx context.Context, project, file string) (found bool, err error) {
	name := fileName(project, file)
	err = s.read(ctx, func(v *view) error {
		return v.scan(name, after(name), func(key, _ []byte) (bool, error) {
			channel, seq, ok := cutName(key[len(name):])
			if !ok || len(seq) != 8 {
				return false, errRow
			}
			l, err := openLog(v, chat.ChannelID{Project: project, Name: channel})
			found = err == nil && seqOf(seq) > l.head.horizon
			return !found, err
		})
	})
	return found && err == nil, err
}

// bearers are the events of a log whose bodies refer to files: its messages as
// they are now, and of each message that is gone the last edit.
type bearers struct {
	horizon uint64
	edits   map[uint64]*chat.Event // those that name files, by the seq of the message that is gone
}

// take is told the log's events, from the oldest on, and visits messages.
func (b *bearers) take(e *chat.Event, visit func(*chat.Event) error) error {
	switch {
	case e.Kind == chat.KindMessage:
		return visit(e)
	case e.Kind != chat.KindEdit || e.TargetSeq > b.horizon:
	case len(chat.FilesIn(e.Body)) == 0:
		delete(b.edits, e.TargetSeq)
	default:
		if b.edits == nil {
			b.edits = make(map[uint64]*chat.Event)
		}
		b.edits[e.TargetSeq] = e
	}
	return nil
}

// end visits the edits.
func (b *bearers) end(visit func(*chat.Event) error) error {
	for _, e := range b.edits {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// everyReference visits what spaceFile must hold.
func (v *view) everyReference(visit func(key []byte) error) error {
	const page = 200
	refer := func(e *chat.Event) error {
		for _, key := range fileKeys(e) {
			if err := visit(key); err != nil {
				return err
			}
		}
		return nil
	}
	return v.scan([]byte{spaceHead}, []byte{spaceHead + 1}, func(key, _ []byte) (bool, error) {
		ch, _, err := cutPath(key[1:])
		if err != nil {
			return false, err
		}
		l, err := openLog(v, ch)
		if err != nil {
			return false, err
		}
		b := bearers{horizon: l.head.horizon}
		for seq := l.head.horizon; seq < l.head.seq; {
			events, err := l.events(seq, page)
			if err != nil {
				return false, err
			}
			for _, e := range events {
				if err := b.take(e, refer); err != nil {
					return false, err
				}
			}
			seq = events[len(events)-1].Seq
		}
		return true, b.end(refer)
	})
}
