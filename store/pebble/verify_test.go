package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/journal"
)

// furnish fills a store with something of every kind.
func furnish(t *testing.T, s *Store) (messages []*chat.Event) {
	t.Helper()
	add := func(d chat.Draft) *chat.Event {
		t.Helper()
		d.Channel, d.Sender = durableChannel, "ann"
		c, err := appendWait(s, &d)
		if err != nil {
			t.Fatal(err)
		}
		return c.Event
	}
	for i := range 4 {
		messages = append(messages, add(chat.Draft{
			Kind: chat.KindMessage, Body: []byte(`"x"`), Nonce: fmt.Sprint(i), Mentions: []string{"bob"}, TTL: time.Hour,
		}))
	}
	m := messages[0]
	add(chat.Draft{Kind: chat.KindMessage, Body: []byte(`"y"`), ParentID: m.ID})
	add(chat.Draft{Kind: chat.KindReaction, ID: m.ID, Name: "x", On: true})
	add(chat.Draft{Kind: chat.KindPin, ID: m.ID, On: true})
	add(chat.Draft{Kind: chat.KindEdit, ID: messages[1].ID, Body: []byte(`"z"`)})
	add(chat.Draft{Kind: chat.KindDelete, ID: messages[2].ID})
	add(chat.Draft{Kind: chat.KindState, Name: "k", Body: []byte("1"), TTL: time.Hour})
	add(chat.Draft{Kind: chat.KindMember, Member: &chat.Member{User: "bob", Role: chat.Ordinary}})
	file := add(chat.Draft{Kind: chat.KindMessage, Body: bodyOf("ann", 0)})
	add(chat.Draft{Kind: chat.KindEdit, ID: add(chat.Draft{Kind: chat.KindMessage, Body: bodyOf("ann", 0)}).ID, Body: bodyOf("ann", 1)})
	add(chat.Draft{Kind: chat.KindDelete, ID: file.ID})
	add(chat.Draft{Kind: chat.KindMessage, Body: bodyOf("ann", 3)})
	add(chat.Draft{Kind: chat.KindCall, Call: &chat.Call{ID: "c", Channel: durableChannel, Caller: "ann", Callee: "bob", State: chat.Missed}})
	return messages
}

// found is what Verify says about a copy of the store that was changed.
func found(t *testing.T, fs *vfs.MemFS, change func(s *Store)) string {
	t.Helper()
	clone := fs.CrashClone(vfs.CrashCloneCfg{})
	s := open(t, "data", small(clone))
	change(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReadOnly("data", small(clone))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []string
	err = r.Verify(context.Background(), func(problem string) { all = append(all, problem) })
	if (err != nil) != (len(all) > 0) {
		t.Fatalf("%d problems, and the error is %v", len(all), err)
	}
	return strings.Join(all, "; ")
}

// keys are all keys of a keyspace.
func keysOf(t *testing.T, s *Store, space byte) (all [][]byte) {
	t.Helper()
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer iter.Close()
	for ok := iter.First(); ok; ok = iter.Next() {
		all = append(all, append([]byte(nil), iter.Key()...))
	}
	return all
}

func TestVerify_SeesWhatIsMissingAndWhatBelongsToNothing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	furnish(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := found(t, fs, func(*Store) {}); said != "" {
		t.Fatalf("of a sound store: %s", said)
	}
	for space, name := range derived {
		for i := range keysOf(t, open(t, "data", small(fs.CrashClone(vfs.CrashCloneCfg{}))), space) {
			said := found(t, fs, func(s *Store) {
				if err := s.db.Delete(keysOf(t, s, space)[i], pebble.NoSync); err != nil {
					t.Fatal(err)
				}
			})
			if said == "" {
				t.Errorf("key %d of the %s is missing, and nothing is said", i, name)
			}
		}
		said := found(t, fs, func(s *Store) {
			key := keysOf(t, s, space)[0]
			value, closer, err := s.db.Get(key)
			if err != nil {
				t.Fatal(err)
			}
			stray := append([]byte(nil), key...)
			stray[len(stray)-1] += 100
			if space == spaceNonce || space == spaceJoined || space == spaceReaction {
				stray = appendName(key[:len(key)-2], "z") // one name longer
			}
			if err := s.db.Set(stray, value, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			_ = closer.Close()
		})
		if !strings.Contains(said, name) {
			t.Errorf("a stray among the %s: %q", name, said)
		}
	}
}

func TestVerify_SeesRowsThatDoNotFitTheirEvents(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	messages := furnish(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := appendPath(nil, durableChannel)
	rewrite := rewriting(t)
	set := func(key, value []byte) func(s *Store) {
		return func(s *Store) {
			if err := s.db.Set(key, value, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		}
	}
	edited, deleted := messages[1].Seq, messages[2].Seq
	for name, change := range map[string]func(s *Store){
		"sequence":            rewrite(2, spaceMessage, func(r *row) { r.event.Sequence = 7 }),
		"time":                rewrite(2, spaceMessage, func(r *row) { r.event.At = r.event.At.Add(-time.Hour) }),
		"edited body":         rewrite(edited, spaceMessage, func(r *row) { r.event.Body = []byte("1") }),
		"lost edit":           rewrite(edited, spaceMessage, func(r *row) { r.event.EditSeq = 0 }),
		"kept body":           rewrite(deleted, spaceMessage, func(r *row) { r.event.Body = []byte("1") }),
		"lost delete":         rewrite(deleted, spaceMessage, func(r *row) { r.event.DeletedAt = time.Time{} }),
		"reaction's target":   rewrite(6, spaceEvent, func(r *row) { r.event.TargetSeq = 3 }),
		"call under way":      rewrite(17, spaceEvent, func(r *row) { r.event.Call.State = chat.Accepted }),
		"file of another":     rewrite(16, spaceMessage, func(r *row) { r.event.Body = bodyOf("ann", 4) }),
		"notes":               set(seqKey(nil, spaceNotes, path, 1), appendNotes(nil, &chat.Notes{Through: 7})),
		"head":                set(append([]byte{spaceHead}, path...), appendHead(nil, head{seq: 17, next: 9, members: true})),
		"head ahead":          set(append([]byte{spaceHead}, path...), appendHead(nil, head{seq: 18, next: 8, members: true})),
		"head behind":         set(append([]byte{spaceHead}, path...), appendHead(nil, head{seq: 16, next: 8, members: true})),
		"settings":            set(append([]byte{spaceChannel}, path...), appendChannel(nil, &chat.Channel{Kind: chat.Private})),
		"no settings":         set(append([]byte{spaceChannel}, path...), []byte("?")),
		"young head":          set(append([]byte{spaceHead}, path...), appendHead(nil, head{seq: 17, next: 8, members: true, oldest: 1 << 50})),
		"memberless head":     set(append([]byte{spaceHead}, path...), appendHead(nil, head{seq: 17, next: 8})),
		"state":               set(stateKey(path, "k"), appendState(nil, &chat.StateKey{Value: []byte("2"), Version: 10})),
		"state of no event":   set(stateKey(path, "l"), appendState(nil, &chat.StateKey{Value: []byte("2"), Version: 11})),
		"member":              set(userKey(nil, spaceMember, durableChannel, "bob"), appendMember(nil, &chat.Member{Role: chat.Owner})),
		"what cannot be read": set(seqKey(nil, spaceMessage, path, 2), []byte("?")),
	} {
		if said := found(t, fs, change); said == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

// rewriting gives what changes a row in the store, and nothing else.
func rewriting(t *testing.T) func(seq uint64, space byte, change func(r *row)) func(s *Store) {
	t.Helper()
	path := appendPath(nil, durableChannel)
	return func(seq uint64, space byte, change func(r *row)) func(s *Store) {
		return func(s *Store) {
			l, err := openLog(s.views.acquire(), durableChannel)
			if err != nil {
				t.Fatal(err)
			}
			defer l.release()
			r, err := l.row(space, seq)
			if err != nil || r == nil {
				t.Fatal(r, err)
			}
			change(r)
			if err := s.db.Set(seqKey(nil, space, path, seq), appendRow(nil, r), pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestVerify_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := open(t, "data", small(vfs.NewMem()))
	furnish(t, s)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := s.Verify(ctx, func(string) {}); err == nil {
		t.Error("it went on to its end")
	}
}

// TestOpen_BringsOlderFormatsUpToDate takes from a store what older formats did
// not have.
func TestOpen_BringsOlderFormatsUpToDate(t *testing.T) {
	t.Parallel()
	for old, lacks := range map[byte][]byte{1: {spaceJoined, spaceFile}, 2: {spaceFile}, 3: nil, 4: nil} {
		t.Run(fmt.Sprint("format ", old), func(t *testing.T) {
			t.Parallel()
			bringUpToDate(t, old, lacks)
		})
	}
}

func bringUpToDate(t *testing.T, old byte, lacks []byte) {
	fs := vfs.NewCrashableMem()
	s := open(t, "data", small(fs))
	furnish(t, s)
	direct := draftOf("d")
	direct.Channel.Name = chat.DirectName("cyd", "dan")
	if err := s.PutChannel(context.Background(), &chat.Channel{ID: direct.Channel, Kind: chat.Direct}); err != nil {
		t.Fatal(err)
	}
	if _, err := appendWait(s, direct); err != nil {
		t.Fatal(err)
	}
	want := append(keysOf(t, s, spaceJoined), keysOf(t, s, spaceFile)...)
	for _, space := range lacks {
		if err := s.db.DeleteRange([]byte{space}, []byte{space + 1}, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range keysOf(t, s, spaceHead) {
		if err := s.db.Set(key, olderHead(t, s, key), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Set(keyFormat, []byte{old}, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if old < sinceJournal {
		withoutJournal(t, fs)
	}
	sound(t, "data", small(fs)) // also before it is brought up to date
	again := open(t, "data", small(fs))
	got := append(keysOf(t, again, spaceJoined), keysOf(t, again, spaceFile)...)
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 5 {
		t.Errorf("of %d keys:\n%s", len(want), diff)
	}
	o, err := again.Open(context.Background(), durableChannel)
	if err != nil || o.Settings == nil || !o.Members {
		t.Errorf("opened with %+v, %v", o, err)
	}
	if n, err := again.Expire(context.Background(), o.Head.LastTime.Add(chat.DefaultRetention+time.Second)); err != nil || n < int(o.Head.Seq) {
		t.Errorf("%d events have expired of %d, %v", n, o.Head.Seq, err)
	}
	if names, err := again.Joined(context.Background(), "p", "cyd", "", 10); err != nil || len(names) != 1 {
		t.Errorf("cyd has joined %v, %v", names, err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	sound(t, "data", small(fs))
}

// olderHead is a head as formats before 5 wrote it.
func olderHead(t *testing.T, s *Store, key []byte) []byte {
	t.Helper()
	value, err := s.own(key)
	if err != nil {
		t.Fatal(err)
	}
	h, err := readHead(value)
	if err != nil {
		t.Fatal(err)
	}
	older := []byte{valueVersion, plainKey}
	for _, v := range []uint64{h.seq, h.next, h.horizon, h.first, uint64(h.last), h.noted} {
		older = binary.AppendUvarint(older, v)
	}
	return older
}

// withoutJournal removes what older formats did not have.
func withoutJournal(t *testing.T, fs vfs.FS) {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !journal.Is(name) {
			continue
		}
		if err := fs.Remove("data/" + name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRow_OfTheFirstFormatIsRead: bytes that format 1 wrote.
func TestRow_OfTheFirstFormatIsRead(t *testing.T) {
	t.Parallel()
	id := newMessageID(5, 7, 1)
	old := []byte{valueVersion, plainKey, byte(chat.KindMessage), hasID, 5, 3, 'a', 'n', 'n', 0, 1, 'n'}
	old = append(append(old, id[:]...), 4) // sequence
	old = append(old, 1, '1', 0)           // body, no meta
	r, err := readRow(durableChannel, 7, old)
	if err != nil {
		t.Fatal(err)
	}
	e := r.event
	if e.ID != id.String() || e.Sequence != 4 || string(e.Body) != "1" || e.Sender != "ann" || e.Nonce != "n" || e.ParentID != "" || e.Mentions != nil || !e.ExpiresAt.IsZero() {
		t.Errorf("read %+v", e)
	}
	if got := appendRow(nil, r); string(got) != string(old) {
		t.Errorf("a plain message is written as %x, was %x", got, old)
	}
	u, err := readUser("p", "ann", []byte{valueVersion, plainKey, 3, 'A', 'n', 'n', 0, 5})
	if err != nil || u.Name != "Ann" || u.Avatar != "" || u.Meta != nil || u.LastSeen.UnixMilli() != 5 {
		t.Errorf("read %+v, %v", u, err)
	}
}
