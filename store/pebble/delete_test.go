package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// remains are the keyspaces in which something is left, but for what is true of
// the whole store.
func remains(t *testing.T, s *Store, ch chat.ChannelID) string {
	t.Helper()
	var spaces []byte
	iter, err := s.db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer iter.Close()
	path := appendPath(nil, ch)
	for ok := iter.First(); ok; ok = iter.Next() {
		space := iter.Key()[0]
		switch space {
		case spaceStore, spaceUser:
			continue
		case spaceDue, spaceFile, spaceJoined: // the channel is not what they begin with
		default:
			if !bytes.HasPrefix(iter.Key()[1:], path) {
				continue
			}
		}
		if !bytes.ContainsRune(spaces, rune(space)) {
			spaces = append(spaces, space)
		}
	}
	return string(spaces)
}

func TestDeleteChannel_LeavesNoKeyButTheHead(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	furnish(t, s)
	other := chat.ChannelID{Project: durableChannel.Project, Name: durableChannel.Name + "b"}
	if _, err := appendWait(s, &chat.Draft{Channel: other, Kind: chat.KindMessage, Body: []byte(`"x"`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MoveCursors(t.Context(), []chat.Cursor{{Channel: durableChannel, User: "bob", Read: 3}}); err != nil {
		t.Fatal(err)
	}
	if got := remains(t, s, durableChannel); len(got) < len(channelSpaces) {
		t.Fatalf("the channel that is to be deleted has keys in %q alone", got)
	}
	if _, err := s.DeleteChannel(t.Context(), durableChannel); err != nil {
		t.Fatal(err)
	}
	cut := fs.CrashClone(vfs.CrashCloneCfg{}) // a power cut before anything was removed
	if said := found(t, fs, func(*Store) {}); said != "" {
		t.Errorf("of a store in which a channel is being deleted: %s", said)
	}
	if err := s.Purge(t.Context(), durableChannel); err != nil {
		t.Fatal(err)
	}
	again := open(t, "data", small(cut))
	if n, err := again.Expire(t.Context(), time.Time{}); n != 0 || err != nil {
		t.Fatalf("Expire: %d, %v", n, err)
	}
	for what, s := range map[string]*Store{"Purge": s, "Expire after a power cut": again} {
		if got := remains(t, s, durableChannel); got != string([]byte{spaceHead}) {
			t.Errorf("%s leaves keys in %q", what, got)
		}
		if es, err := s.Messages(t.Context(), other, chat.Page{Limit: 10}); len(es) != 1 || err != nil {
			t.Errorf("%s: the other channel has %d messages, %v", what, len(es), err)
		}
	}
	if said := found(t, fs, func(*Store) {}); said != "" {
		t.Errorf("of a store in which a channel was deleted: %s", said)
	}
}

func TestDeleteChannel_OfADirectOneLeavesASoundStore(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewCrashableMem()))
	ch := chat.ChannelID{Project: "p", Name: chat.DirectName("ann", "bob")}
	sound := func(when string) {
		t.Helper()
		if err := s.Verify(t.Context(), func(problem string) { t.Errorf("%s: %s", when, problem) }); err != nil {
			t.Error(err)
		}
	}
	for _, d := range []*chat.Draft{
		{Kind: chat.KindMessage, Body: []byte(`"x"`)}, {Kind: chat.KindMember, Member: &chat.Member{User: "bob"}}, nil,
	} {
		if d == nil {
			if err := s.PutChannel(t.Context(), &chat.Channel{ID: ch, Kind: chat.Direct}); err != nil {
				t.Fatal(err)
			}
			d = &chat.Draft{Kind: chat.KindMessage, Body: []byte(`"y"`)}
		}
		d.Channel, d.Sender = ch, "ann"
		if _, err := appendWait(s, d); err != nil {
			t.Fatal(err)
		}
		sound("made")
		if _, err := s.DeleteChannel(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
		sound("deleted")
		if err := s.Purge(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
		sound("purged")
	}
}

// An Expire that has looked at the channel before it was deleted.
func TestExpire_ThatIsOvertakenByADeletionBringsNothingBack(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewCrashableMem()))
	furnish(t, s)
	late := &trimming{answer: newAnswer(), id: durableChannel}
	err := s.readLog(t.Context(), durableChannel, func(l *log) error {
		events, err := l.events(0, 3)
		for _, e := range events {
			err = errors.Join(err, late.add(l, e))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := s.DeleteChannel(t.Context(), durableChannel)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.do(t.Context(), late, late.done); err != nil || late.err != nil {
		t.Fatal(err, late.err)
	}
	if got, err := s.Head(t.Context(), durableChannel); err != nil || got != head {
		t.Errorf("the head is %+v, %v, and was %+v", got, err, head)
	}
	if err := s.Purge(t.Context(), durableChannel); err != nil {
		t.Fatal(err)
	}
	if got := remains(t, s, durableChannel); got != string([]byte{spaceHead}) {
		t.Errorf("there are keys in %q", got)
	}
}

// A Purge that was overtaken, and comes when the channel is in use again, has
// collected keys that are somebody else's now.
func TestPurge_ThatIsLateRemovesNothingOfTheNewChannel(t *testing.T) {
	t.Parallel()
	for _, deletedAgain := range []bool{false, true} {
		t.Run(fmt.Sprintf("deleted again %v", deletedAgain), func(t *testing.T) {
			t.Parallel()
			purgeLate(t, deletedAgain)
		})
	}
}

// overtaken are the commits of a Purge, each of which another one was faster with.
func overtaken(t *testing.T, s *Store) (late []request, answers []*answer) {
	t.Helper()
	for {
		r, a, err := s.nextPurge(t.Context(), durableChannel)
		if err != nil {
			t.Fatal(err)
		}
		if r == nil {
			break
		}
		late, answers = append(late, r), append(answers, a)
		r, a, err = s.nextPurge(t.Context(), durableChannel)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.do(t.Context(), r, a.done); err != nil || a.err != nil {
			t.Fatal(err, a.err)
		}
	}
	if len(late) != 4 { // events; members and keys; the rest; that there is nothing
		t.Fatalf("it took %d commits", len(late))
	}
	return late, answers
}

func purgeLate(t *testing.T, deletedAgain bool) {
	t.Helper()
	s := open(t, "data", small(vfs.NewCrashableMem()))
	furnish(t, s)
	if _, err := s.MoveCursors(t.Context(), []chat.Cursor{{Channel: durableChannel, User: "bob", Read: 3}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteChannel(t.Context(), durableChannel); err != nil {
		t.Fatal(err)
	}
	late, answers := overtaken(t, s)
	if err := s.Purge(t.Context(), durableChannel); err != nil {
		t.Fatal(err)
	}
	if err := s.PutChannel(t.Context(), &chat.Channel{ID: durableChannel, Kind: chat.Open}); err != nil {
		t.Fatal(err)
	}
	furnish(t, s)
	if deletedAgain {
		if _, err := s.DeleteChannel(t.Context(), durableChannel); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range late {
		if err := s.do(t.Context(), r, answers[i].done); err != nil || answers[i].err != nil {
			t.Fatal(err, answers[i].err)
		}
	}
	if err := s.Verify(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
	if !deletedAgain {
		return
	}
	if err := s.Purge(t.Context(), durableChannel); err != nil {
		t.Fatal(err)
	}
	if got := remains(t, s, durableChannel); got != string([]byte{spaceHead}) {
		t.Errorf("there are keys in %q", got)
	}
}
