package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/parley-chat/parley/store/journal"
)

func options(next uint64) journal.Options {
	return journal.Options{Bytes: 2 << 10, Ahead: 512, From: 1, Next: next}
}

func disk(t testing.TB) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewCrashableMem()
	if err := fs.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := journal.SyncDir(fs, ""); err != nil {
		t.Fatal(err)
	}
	return fs
}

func open(t testing.TB, fs vfs.FS, next uint64) *journal.Journal {
	t.Helper()
	j, err := journal.Open(fs, "data", options(next))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// read gives the records from number from on.
func read(fs vfs.FS, from uint64) (records []string, next uint64, err error) {
	next, err = journal.Read(fs, "data", from, func(data []byte) error {
		records = append(records, string(data))
		return nil
	})
	return records, next, err
}

// recordOf is the n-th record, of a length of its own.
func recordOf(n uint64) string {
	return fmt.Sprint(n, " ", string(bytes.Repeat([]byte{'x'}, int(n*37%300))))
}

// fill appends records up to number last, and turns when it is time.
func fill(t testing.TB, j *journal.Journal, last uint64) {
	t.Helper()
	for j.Next() <= last {
		if j.Full() {
			if err := j.Turn(); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Append([]byte(recordOf(j.Next()))); err != nil {
			t.Fatal(err)
		}
	}
}

func holds(t testing.TB, fs vfs.FS, from, last uint64) {
	t.Helper()
	records, next, err := read(fs, from)
	if err != nil || next != last+1 || uint64(len(records)) != last+1-from {
		t.Fatalf("from %d on: %d records, next is %d, %v; not up to %d", from, len(records), next, err, last)
	}
	for i, r := range records {
		if want := recordOf(from + uint64(i)); r != want {
			t.Fatalf("record %d is %q, not %q", from+uint64(i), r, want)
		}
	}
}

func files(t testing.TB, fs vfs.FS) (names []string) {
	t.Helper()
	all, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if journal.Is(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestJournal_HasWhatWasAppended holds a journal against a number through
// appends, turns, drops, power cuts and kills.
func TestJournal_HasWhatWasAppended(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		fs := disk(t)
		j := open(t, fs, 1)
		last, from := uint64(0), uint64(1)
		again := func() { // as after the end of the process
			holds(t, fs, from, last)
			j = open(t, fs, last+1)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				last += rapid.Uint64Range(1, 20).Draw(rt, "n")
				fill(t, j, last)
			},
			"drop": func(rt *rapid.T) {
				from = rapid.Uint64Range(from, last+1).Draw(rt, "before")
				if err := j.Drop(from); err != nil {
					t.Fatal(err)
				}
			},
			"kill": func(*rapid.T) { again() },
			"kill before the sync": func(*rapid.T) { // what is read then counts
				last++
				if err := j.AppendUnsynced([]byte(recordOf(last))); err != nil {
					t.Fatal(err)
				}
				again()
			},
			"cut": func(rt *rapid.T) {
				fs = fs.CrashClone(vfs.CrashCloneCfg{
					UnsyncedDataPercent: rapid.IntRange(0, 100).Draw(rt, "kept"),
					RNG:                 rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0)),
				})
				again()
			},
			"torn": func(rt *rapid.T) { // by a cut: nobody was told of what stands there
				tear(t, fs, rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(rt, "rest"))
				again()
			},
		})
	})
}

// tear writes to where the next record would stand.
func tear(t testing.TB, fs *vfs.MemFS, rest []byte) {
	t.Helper()
	names := files(t, fs)
	name := "data/" + names[len(names)-1]
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	end := (len(bytes.TrimRight(b, "\x00")) + 7) &^ 7
	w, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteAt(rest, int64(max(end, 32))); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Sync(), w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestJournal_DamageIsSaid flips a bit at every place of every segment, and
// takes each away.
func TestJournal_DamageIsSaid(t *testing.T) {
	t.Parallel()
	fs := disk(t)
	j := open(t, fs, 1)
	fill(t, j, 40)
	names := files(t, fs)
	if len(names) < 3 {
		t.Fatalf("the journal is in %d segments", len(names))
	}
	whole := contents(t, fs, names[len(names)-1])
	lastRecord := len(bytes.TrimRight(whole, "\x00")) - len(recordOf(40)) - 16
	for i, name := range names {
		b := contents(t, fs, name)
		last := i == len(names)-1
		for at := range bytes.TrimRight(b, "\x00") {
			flipped := bytes.Clone(b)
			flipped[at] ^= 1 << (at % 8)
			put(t, fs, name, flipped)
			records, _, err := read(fs, 1)
			if last && at >= lastRecord {
				if err != nil || len(records) != 39 {
					t.Errorf("the last record, damaged at %d: %d records, %v", at, len(records), err)
				}
				continue
			}
			if !errors.Is(err, journal.ErrDamaged) && !harmless(b, at) {
				t.Errorf("%s damaged at %d: %d records, %v", name, at, len(records), err)
			}
		}
		put(t, fs, name, b[:len(b)/4])
		if _, _, err := read(fs, 1); !last && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s cut short: %v", name, err)
		}
		if err := fs.Remove("data/" + name); err != nil {
			t.Fatal(err)
		}
		if _, _, err := read(fs, 1); !last && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("without %s: %v", name, err)
		}
		put(t, fs, name, b)
	}
	holds(t, fs, 1, 40)
	if _, _, err := read(fs, 41); err != nil {
		t.Errorf("from the end on: %v", err)
	}
	if _, _, err := read(fs, 42); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("a journal that ends before what it must have: %v", err)
	}
}

// TestJournal_OnlyItsOwnNextRecordFollows puts records behind the end that would
// be good ones in other places.
func TestJournal_OnlyItsOwnNextRecordFollows(t *testing.T) {
	t.Parallel()
	segment := func(last uint64) (*vfs.MemFS, []byte) {
		fs := disk(t)
		fill(t, open(t, fs, 1), last)
		return fs, bytes.TrimRight(contents(t, fs, files(t, fs)[0]), "\x00")
	}
	_, other := segment(7)
	fs, own := segment(6)
	size := func(n uint64) int { return (16 + len(recordOf(n)) + 7) &^ 7 }
	for name, rest := range map[string][]byte{
		"another journal's next": other[(len(own)+7)&^7:],
		"its own first":          own[32 : 32+size(1)],
	} {
		fs := fs.CrashClone(vfs.CrashCloneCfg{})
		tear(t, fs, bytes.Clone(rest))
		if records, _, err := read(fs, 1); err != nil || len(records) != 6 {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
	}
}

// forgetful is a file system after a sync has failed: what was written before
// is shown, and no sync of it fails, but it never reaches the disk.
type forgetful struct{ vfs.FS }

type forgetfulFile struct{ vfs.File }

func (f forgetful) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return forgetfulFile{file}, nil
}

func (f forgetful) Unwrap() vfs.FS { return f.FS }

func (forgetfulFile) Sync() error     { return nil }
func (forgetfulFile) SyncData() error { return nil }

func TestJournal_KeepsWhatItHasReadAfterASyncThatFailed(t *testing.T) {
	t.Parallel()
	fs := disk(t)
	j := open(t, fs, 1)
	fill(t, j, 5)
	if err := j.AppendUnsynced([]byte(recordOf(6))); err != nil {
		t.Fatal(err)
	}
	holds(t, fs, 1, 6)
	fill(t, open(t, forgetful{fs}, 7), 8)
	holds(t, fs.CrashClone(vfs.CrashCloneCfg{}), 1, 8)
}

// harmless reports whether at is among the zeros that pad a record to 8 bytes.
func harmless(b []byte, at int) bool { return b[at] == 0 && b[(at&^7)+7] == 0 }

func contents(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open("data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create("data/"+name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(bytes.Clone(b))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestJournal_FilesGrowNowAndThenAndAreUsedAgain(t *testing.T) {
	t.Parallel()
	fs := disk(t)
	j := open(t, fs, 1)
	sizes := map[int64]bool{}
	for range 20 {
		fill(t, j, j.Next())
		sizes[j.Size()] = true
	}
	if len(sizes) > 6 {
		t.Errorf("it grew %d times in 20 records", len(sizes))
	}
	for range 30 {
		fill(t, j, j.Next()+10)
		if err := j.Drop(j.Next()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(files(t, fs)); n > 2 {
		t.Errorf("%d files for one segment", n)
	}
	if size := j.Size(); size > 12<<10 {
		t.Errorf("%d bytes for one segment of 2 KiB", size)
	}
}

func TestJournal_IsCopiedAsFarAsItIsDurable(t *testing.T) {
	t.Parallel()
	fs := disk(t)
	j := open(t, fs, 1)
	fill(t, j, 30)
	if err := j.Drop(10); err != nil {
		t.Fatal(err)
	}
	if err := fs.MkdirAll("copy/data", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := j.Copy("copy/data"); err != nil {
		t.Fatal(err)
	}
	fill(t, j, 50)
	var records int
	next, err := journal.Read(fs, "copy/data", 10, func([]byte) error { records++; return nil })
	if err != nil || next != 31 || records != 21 {
		t.Errorf("copied up to %d, %d records from 10 on, %v", next-1, records, err)
	}
	holds(t, fs, 10, 50)
}

func FuzzRead(f *testing.F) {
	fs := disk(f)
	fill(f, open(f, fs, 1), 8)
	f.Add(contents(f, fs, files(f, fs)[0]))
	f.Fuzz(func(t *testing.T, b []byte) {
		fs := disk(t)
		put(t, fs, "0000000000000001.journal", b)
		records, next, err := read(fs, 1)
		if err == nil && next != uint64(len(records))+1 {
			t.Errorf("%d records, and next is %d", len(records), next)
		}
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Error(err)
		}
	})
}
