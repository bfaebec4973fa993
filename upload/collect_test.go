package upload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

func TestContent_IsKeptOnceAndGoesWithItsLastFile(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	first, second := b.keep("ada", []byte("same")), b.keep("bob", []byte("same"))
	if first == second {
		t.Fatalf("two uploads are one: %s", first)
	}
	if left := b.left("blobs"); len(left) != 1 {
		t.Errorf("kept as %v", left)
	}
	remove := func(user, url string) {
		t.Helper()
		if err := b.service.Delete(t.Context(), &chat.Identity{Project: "p", User: user}, url[len("/files/"):]); err != nil {
			t.Fatal(err)
		}
	}
	remove("ada", first)
	b.has("ada", first, false)
	b.has("bob", second, true)
	remove("bob", second)
	if left := b.left("blobs"); len(left) != 0 || len(b.records("file/")) != 0 || len(b.records("file-hash/")) != 0 || len(b.records("file-user/")) != 0 {
		t.Errorf("left are %v, %v", left, b.store.all())
	}
}

func TestCollect_TakesWhatNothingHasReferredToForADay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	never, now, once := b.keep("ada", unique(1)), b.keep("ada", unique(2)), b.keep("ada", unique(3))
	b.store.refer(now, true)
	b.store.refer(once, true)
	b.collect()
	b.clock.advance(23 * time.Hour)
	b.store.refer(once, false)
	b.collect()
	b.has("ada", never, true)
	b.clock.advance(2 * time.Hour)
	b.collect()
	b.has("ada", never, false)
	b.has("ada", now, true)
	b.has("bob", now, true)
	b.has("ada", once, true) // it had a reference two hours ago
	b.has("bob", once, false)
	b.store.refer(once, true)
	b.collect()
	b.clock.advance(1000 * time.Hour)
	b.collect()
	b.has("bob", once, true)
	if left := b.left("blobs"); len(left) != 2 || b.service.Stats().Collected != 1 {
		t.Errorf("%v, %+v", left, b.service.Stats())
	}
}

// A message may be committed at any moment of a collection. One that was
// before the file was condemned has it, whenever that is seen.
func TestCollect_LosesNoFileToALateMessage(t *testing.T) {
	t.Parallel()
	for moment := range 4 {
		b := setup(t, nil)
		url := b.keep("ada", []byte("late"))
		b.collect()
		b.clock.advance(25 * time.Hour)
		asked, condemned := 0, false
		b.store.asked = func(string) {
			if asked++; asked == moment {
				condemned = bytes.Contains(b.store.all()["file/p/"+url[len("/files/"):]], []byte(`"condemned":true`))
				b.store.refer(url, true)
			}
		}
		b.collect()
		b.store.asked = nil
		gone := b.get("ada", url).status != http.StatusOK
		if gone != (moment == 0 || moment == 3) || condemned != (moment == 2) {
			t.Errorf("a message at question %d (condemned: %v): gone %v", moment, condemned, gone)
		}
		if !gone {
			b.has("bob", url, true)
		}
	}
}

// Between being condemned and being removed a crash may come: what was referred
// to in time comes back, the rest goes.
func TestCollect_GoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		b := setup(t, nil)
		url := b.keep("ada", []byte("x"))
		b.collect()
		b.clock.advance(25 * time.Hour)
		changes := 0
		b.store.stepBy(func() error {
			if changes++; changes > 1 {
				return errPower
			}
			return nil
		})
		if err := b.service.Collect(t.Context()); !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		b.store.stepBy(nil)
		b.store.refer(url, late)
		again := resume(t, b.dir, b.store, nil)
		again.clock.advance(25 * time.Hour)
		again.collect()
		again.has("ada", url, late)
		if left := again.left("blobs"); len(left) == 1 != late {
			t.Errorf("left are %v", left)
		}
	}
}

// steps are a folder that the power leaves after some changes to it.
type steps struct {
	upload.Blobs
	step func() error
}

func (s *steps) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if err := s.step(); err != nil {
		return err
	}
	if err := s.Blobs.Put(ctx, name, r, size); err != nil {
		return err
	}
	return s.step()
}

func (s *steps) Remove(ctx context.Context, name string) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.Blobs.Remove(ctx, name)
}

// The power goes before each change to the disk, in turn: what was
// acknowledged is there, and of what was not nothing stays for ever.
func TestUpload_ACrashAtAnyStepLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	finished := false
	for at := 0; !finished; at++ {
		if at > 50 {
			t.Fatal("it never gets through")
		}
		var done atomic.Int64
		running := false
		step := func() error {
			if running && done.Add(1) > int64(at) {
				return errPower
			}
			return nil
		}
		store := newMemory()
		b := resume(t, t.TempDir(), store, func(o *upload.Options) { o.Blobs = &steps{o.Blobs, step} })
		store.stepBy(step)
		running = true
		acknowledged := map[string]string{}
		for user, content := range map[string]string{"ada": "one", "bob": "one", "cleo": string(image(t, 400, 30))} {
			if a := b.post(user, "x", []byte(content)); a.status == http.StatusOK {
				url, _ := a.body["url"].(string)
				acknowledged[url] = content
				store.refer(url, true)
			}
		}
		finished = done.Load() <= int64(at)
		store.stepBy(nil)
		again := resume(t, b.dir, store, nil)
		again.clock.advance(50 * time.Hour) // over what a crash has left
		again.collect()
		for url, content := range acknowledged {
			if a := again.get("eve", url); a.text != content {
				t.Errorf("a crash at step %d: %d of %d bytes", at, len(a.text), len(content))
			}
		}
		contents := map[string]bool{}
		for _, c := range acknowledged {
			contents[c] = true
		}
		want := len(contents)
		if contents[string(image(t, 400, 30))] {
			want++ // its thumbnail
		}
		if left := again.left("blobs"); len(left) != want || len(again.left("spool")) != 0 {
			t.Errorf("a crash at step %d: %d contents, left are %v and %v", at, len(contents), left, again.left("spool"))
		}
		if len(again.records("file/")) != len(acknowledged) || len(again.records("file-hash/")) != len(acknowledged) {
			t.Errorf("a crash at step %d: %v", at, again.store.all())
		}
	}
}

// Another version of the server may draw the same image otherwise.
func TestContent_AThumbnailStaysAsItsFirstFileHasIt(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	content := image(t, 400, 30)
	first := b.keep("ada", content)
	var old string
	b.store.edit(func(records map[string][]byte) {
		key := "file/p/" + first[len("/files/"):]
		var f upload.File
		if err := json.Unmarshal(records[key], &f); err != nil {
			t.Fatal(err)
		}
		old = "drawn otherwise"
		f.Thumbnail.Size = int64(len(old))
		var err error
		if records[key], err = json.Marshal(f); err != nil {
			t.Fatal(err)
		}
		name := f.SHA256 + ".thumbnail"
		if err := os.WriteFile(filepath.Join(b.dir, "blobs", name[:2], name), []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	for _, url := range []string{first, b.keep("bob", content)} {
		for _, user := range []string{"ada", "bob"} {
			b.store.refer(url, true)
			if a := b.get(user, url+"/thumbnail"); a.text != old {
				t.Errorf("%s has %d bytes of %q: %d", user, len(a.text), old, a.status)
			}
		}
	}
}

func TestQuota_HoldsWhoeverComesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.UserQuota, o.ProjectQuota = 50, 120 })
	var refused atomic.Int64
	var all sync.WaitGroup
	kept := map[string]*atomic.Int64{}
	for _, user := range []string{"ada", "bob", "cleo"} {
		kept[user] = new(atomic.Int64)
		mine := kept[user]
		for i := range 7 {
			all.Go(func() {
				a := b.post(user, "x", append(unique(i), user...)[:10])
				switch {
				case a.status == http.StatusOK:
					mine.Add(1)
				case a.body["code"] == string(chat.CodeQuota):
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.text)
				}
			})
		}
	}
	all.Wait()
	total := int64(0)
	for user, n := range kept {
		total += n.Load()
		if n.Load() > 5 {
			t.Errorf("%s has %d", user, n.Load())
		}
	}
	if total != 12 || refused.Load() != 9 {
		t.Errorf("%d kept, %d refused", total, refused.Load())
	}
	b.clock.advance(time.Hour)
	b.collect()
	b.clock.advance(25 * time.Hour)
	b.collect()
	if left := b.left("blobs"); len(left) != 0 {
		t.Errorf("%v", left)
	}
	for i := range 5 {
		b.keep("ada", unique(i)[:9])
	}
}

// A server that is started over a new store and another's contents must not
// take them all for strays.
func TestCollect_LeavesContentsOfOthersAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	url := b.keep("ada", []byte("ada's"))
	b.store.refer(url, true)
	other := resume(t, b.dir, newMemory(), nil)
	for range 3 {
		other.clock.advance(100 * time.Hour)
		other.collect()
	}
	again := resume(t, b.dir, b.store, nil)
	again.clock.advance(100 * time.Hour)
	again.collect()
	again.has("bob", url, true)
}

func TestCollect_RemovesStraysOfItsOwnPlaceAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.store.stepBy(func() error { return errPower })
	b.post("ada", "a", []byte("half"))
	b.store.stepBy(nil)
	// The content was removed by the upload that failed: put it back, as a crash
	// would have left it.
	url := b.keep("ada", []byte("half"))
	for _, key := range append(b.records("file/"), b.records("file-hash/")...) {
		b.store.edit(func(records map[string][]byte) { delete(records, key) })
	}
	b.has("ada", url, false)
	b.clock.advance(23 * time.Hour)
	b.collect()
	if left := b.left("blobs"); len(left) != 1 {
		t.Errorf("%v: it may be an upload under way", left)
	}
	b.clock.advance(24 * time.Hour)
	b.collect()
	if left := b.left("blobs"); len(left) != 0 {
		t.Errorf("%v", left)
	}
}
