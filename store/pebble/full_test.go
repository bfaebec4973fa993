package pebble

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/chat"
)

// fullDisk says how much is free as it is told.
type fullDisk struct {
	vfs.FS
	free *atomic.Uint64
}

func (f fullDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: f.free.Load(), TotalBytes: 1 << 30}, nil
}

func (f fullDisk) Unwrap() vfs.FS { return f.FS }

func TestDiskFull_RefusesWritesAndRecovers(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1<<20 + 1<<10) // so little that it is asked for each time
	opts := small(fullDisk{vfs.NewMem(), &free})
	opts.ReserveBytes = 1 << 20
	s := open(t, "data", opts)
	ctx := context.Background()
	ch := crashChannels[0]
	d := func(nonce string) *chat.Draft {
		return &chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: "ann", Nonce: nonce, Body: []byte("1")}
	}
	first, err := appendWait(s, d("1"))
	if err != nil {
		t.Fatal(err)
	}
	free.Store(1<<20 - 1)
	for range 3 {
		if _, err := appendWait(s, d("2")); chat.CodeOf(err) != chat.CodeStorageFull {
			t.Fatalf("a full disk took a message: %v", err)
		}
	}
	if _, err := s.MoveCursors(ctx, []chat.Cursor{{Channel: ch, User: "ann", Read: 1}}); chat.CodeOf(err) != chat.CodeStorageFull {
		t.Fatalf("a full disk moved a cursor: %v", err)
	}
	if h, err := s.Head(ctx, ch); err != nil || h.Seq != 1 {
		t.Fatalf("reading: %+v, %v", h, err)
	}
	if n, err := s.Expire(ctx, first.Event.At.Add(chat.DefaultRetention+time.Hour)); err != nil || n != 1 {
		t.Fatalf("a full disk must still let go of what expires: %d, %v", n, err)
	}
	free.Store(1 << 20)
	if c, err := appendWait(s, d("2")); err != nil || c.Event.Seq != 2 {
		t.Fatalf("with room again: %+v, %v", c, err)
	}
}

func TestDiskFull_EndsARowOfDraftsThatKeepTheirOrder(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(1 << 29)
	opts := small(fullDisk{vfs.NewMem(), &free})
	opts.ReserveBytes = 1 << 20
	s := open(t, "data", opts)
	latch := new(chat.Latch)
	d := func(nonce string, latch *chat.Latch) *chat.Draft {
		return &chat.Draft{Channel: crashChannels[0], Kind: chat.KindMessage, Sender: "ann", Nonce: nonce, Body: []byte("1"), Latch: latch}
	}
	if _, err := appendWait(s, d("1", latch)); err != nil {
		t.Fatal(err)
	}
	lost := d("2", latch)
	lost.ParentID = "none"
	if _, err := appendWait(s, lost); chat.CodeOf(err) != chat.CodeNotFound {
		t.Fatalf("an answer to nothing: %v", err)
	}
	if c, err := appendWait(s, d("3", latch)); err != nil || c.Event.Seq != 2 {
		t.Fatalf("after one that was refused for good: %+v, %v", c, err)
	}
	free.Store(0)
	until := func(code chat.Code) { // the store need not see at once how the disk is
		for begun := time.Now(); ; {
			if _, err := appendWait(s, d("other", nil)); chat.CodeOf(err) == code {
				return
			} else if time.Since(begun) > time.Minute {
				t.Fatalf("still %v, not %q", err, code)
			}
		}
	}
	until(chat.CodeStorageFull)
	_, first := appendWait(s, d("4", latch))
	if chat.CodeOf(first) != chat.CodeStorageFull {
		t.Fatalf("a full disk took a message: %v", first)
	}
	free.Store(1 << 29)
	until("")
	if _, err := appendWait(s, d("5", latch)); !errors.Is(err, first) {
		t.Fatalf("after one that was refused for now: %v", err)
	}
	if _, err := appendWait(s, d("5", nil)); err != nil {
		t.Fatalf("alone: %v", err)
	}
}
