package pebble

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/journal"
)

// heldSyncs is a file system on which the journal's syncs wait while it is held.
type heldSyncs struct {
	vfs.FS
	gate *syncGate
}

type syncGate struct {
	mu      sync.Mutex
	release chan struct{} // nil: not held
	waiting chan struct{} // gets a token for each sync that waits
}

func newSyncGate() *syncGate { return &syncGate{waiting: make(chan struct{}, 1000)} }

func (g *syncGate) hold() (release func()) {
	ch := make(chan struct{})
	g.mu.Lock()
	g.release = ch
	g.mu.Unlock()
	return func() {
		g.mu.Lock()
		g.release = nil
		g.mu.Unlock()
		close(ch)
	}
}

func (g *syncGate) wait() {
	g.mu.Lock()
	ch := g.release
	g.mu.Unlock()
	if ch != nil {
		g.waiting <- struct{}{}
		<-ch
	}
}

func (h heldSyncs) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := h.FS.Create(name, c)
	if err == nil && journal.Is(name) {
		f = heldFile{f, h.gate}
	}
	return f, err
}

func (h heldSyncs) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := h.FS.ReuseForWrite(old, name, c)
	if err == nil && journal.Is(name) {
		f = heldFile{f, h.gate}
	}
	return f, err
}

func (h heldSyncs) Unwrap() vfs.FS { return h.FS }

type heldFile struct {
	vfs.File
	gate *syncGate
}

func (f heldFile) Sync() error {
	f.gate.wait()
	return f.File.Sync()
}

func (f heldFile) SyncData() error {
	f.gate.wait()
	return f.File.SyncData()
}

var durableChannel = chat.ChannelID{Project: "p", Name: "a"}

func draftOf(nonce string) *chat.Draft {
	return &chat.Draft{Channel: durableChannel, Kind: chat.KindMessage, Sender: "ann", Nonce: nonce, Body: []byte(`"x"`)}
}

func TestRead_StopsAtTheDurableHead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	gate := newSyncGate()
	s := open(t, "data", small(heldSyncs{vfs.NewMem(), gate}))
	if _, err := appendWait(s, draftOf("1")); err != nil {
		t.Fatal(err)
	}
	release := gate.hold()
	answered := make(chan struct{})
	s.Append(draftOf("2"), func(chat.Committed, error) { close(answered) })
	<-gate.waiting
	defer func() {
		release()
		<-answered
	}()
	if h, err := s.Head(ctx, durableChannel); err != nil || h.Seq != 1 {
		t.Errorf("head %+v, %v before the sync of seq 2", h, err)
	}
	if es, err := s.Events(ctx, durableChannel, 0, 10); err != nil || len(es) != 1 {
		t.Errorf("%d events, %v before the sync of seq 2", len(es), err)
	}
	if es, err := s.Messages(ctx, durableChannel, chat.Page{Limit: 10}); err != nil || len(es) != 1 {
		t.Errorf("%d messages, %v before the sync of seq 2", len(es), err)
	}
	select {
	case <-answered:
		t.Error("seq 2 was answered before its sync")
	default:
	}
}

func TestNonce_InFlightIsAnsweredAfterItsSync(t *testing.T) {
	t.Parallel()
	gate := newSyncGate()
	opts := small(heldSyncs{vfs.NewMem(), gate})
	opts.twoHands = true
	s := open(t, "data", opts)
	release := gate.hold()
	const repetitions = 10
	answers := make(chan string, repetitions+1)
	answer := func(c chat.Committed, err error) {
		answers <- fmt.Sprint(c.Event != nil && c.Event.Seq == 1, c.Repeated, err)
	}
	s.Append(draftOf("1"), answer)
	<-gate.waiting
	for range repetitions {
		s.Append(draftOf("1"), answer)
	}
	for s.Stats().NonceAsks < repetitions+1 {
		time.Sleep(time.Millisecond) // the writer takes them while the sync is held
	}
	if n := len(answers); n > 0 {
		t.Errorf("%d answers before the sync", n)
	}
	release()
	for i := range repetitions + 1 {
		want := fmt.Sprint(true, i > 0, error(nil))
		if got := <-answers; got != want {
			t.Errorf("answer %d is %s, want %s", i, got, want)
		}
	}
}

// TestNonce_IsWrittenWithItsEvent cuts the power when an event has just been
// acknowledged, and at its sync: its nonce is there if it is, and only then.
func TestNonce_IsWrittenWithItsEvent(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	gate := newSyncGate()
	s := open(t, "data", small(heldSyncs{fs, gate}))
	var clones []*vfs.MemFS
	for i := range 20 {
		release := gate.hold()
		answered := make(chan struct{})
		s.Append(draftOf(fmt.Sprint(i)), func(chat.Committed, error) { close(answered) })
		<-gate.waiting
		clones = append(clones, clonePart(fs, i))
		release()
		<-answered
		clones = append(clones, clonePart(fs, 0))
	}
	for i, clone := range clones {
		again := open(t, "data", small(clone))
		h, err := again.Head(context.Background(), durableChannel)
		if err != nil {
			t.Fatal(err)
		}
		c, err := appendWait(again, draftOf(fmt.Sprint(i/2)))
		if seq := uint64(i/2 + 1); err != nil || c.Event.Seq != seq || c.Repeated != (h.Seq == seq) || i%2 == 1 && !c.Repeated {
			t.Fatalf("cut %d: %+v, %v at head %d", i, c, err, h.Seq)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNotes_AreWrittenWithTheirEvent cuts the power when a reaction has just
// been acknowledged, and at its sync: its message's notes count it if it is
// there, and only then.
func TestNotes_AreWrittenWithTheirEvent(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	gate := newSyncGate()
	s := open(t, "data", small(heldSyncs{fs, gate}))
	m, err := appendWait(s, draftOf("0"))
	if err != nil {
		t.Fatal(err)
	}
	var clones []*vfs.MemFS
	for i := range 20 {
		release := gate.hold()
		answered := make(chan struct{})
		d := &chat.Draft{Channel: durableChannel, Kind: chat.KindReaction, Sender: fmt.Sprint("u", i), ID: m.Event.ID, Name: "x", On: true}
		s.Append(d, func(chat.Committed, error) { close(answered) })
		<-gate.waiting
		clones = append(clones, clonePart(fs, i))
		release()
		<-answered
		clones = append(clones, clonePart(fs, 0))
	}
	for i, clone := range clones {
		again := open(t, "data", small(clone))
		got, err := again.Message(context.Background(), durableChannel, m.Event.ID)
		if err != nil {
			t.Fatal(err)
		}
		h, err := again.Head(context.Background(), durableChannel)
		if err != nil || i%2 == 1 && h.Seq != uint64(i/2)+2 {
			t.Fatalf("cut %d: head %+v, %v", i, h, err)
		}
		counted := 0
		if got.Notes != nil {
			counted = got.Notes.Reactions[0].Count
		}
		if counted != int(h.Seq)-1 {
			t.Fatalf("cut %d: %d reactions are counted at head %d", i, counted, h.Seq)
		}
		if err := again.Verify(context.Background(), func(problem string) { t.Error(problem) }); err != nil {
			t.Fatal(err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDelete_LeavesNothingInTheFiles(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, "data", small(fs))
	secret := "the-secret-that-must-go"
	m, err := appendWait(s, &chat.Draft{Channel: durableChannel, Kind: chat.KindMessage, Sender: "ann", Body: []byte(`"` + secret + `"`), Meta: []byte(`{"k":"` + secret + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := appendWait(s, &chat.Draft{Channel: durableChannel, Kind: chat.KindEdit, ID: m.Event.ID, Sender: "ann", Body: []byte(`"edited ` + secret + `"`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := holding(t, fs, secret, ".sst"); n == 0 {
		t.Fatal("the test does not find what it looks for")
	}
	if _, err := appendWait(s, &chat.Draft{Channel: durableChannel, Kind: chat.KindDelete, ID: m.Event.ID, Sender: "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // waits for files that are being removed
		t.Fatal(err)
	}
	if n := holding(t, fs, secret, ".sst"); n > 0 {
		t.Errorf("%d files still hold the body", n)
	}
}

// holding counts the files of a kind that hold text, plain: what is this short
// is not compressed away.
func holding(t *testing.T, fs vfs.FS, text, kind string) int {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		if strings.HasSuffix(name, kind) && bytes.Contains(contents(t, fs, "data/"+name), []byte(text)) {
			n++
		}
	}
	return n
}

func contents(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, info.Size())
	if _, err := f.ReadAt(b, 0); err != nil && len(b) > 0 {
		t.Fatal(err)
	}
	return b
}
