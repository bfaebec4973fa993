package journal

import (
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of a journal.
type Options struct {
	Bytes int64  // after so many a segment is full
	Ahead int64  // filled with zeros at a time
	From  uint64 // the number that was read from
	Next  uint64 // the number of the first record to be written
}

// Journal is one that is written to. Append, Turn and Close are for one
// goroutine at a time; the others may be called meanwhile.
type Journal struct {
	fs  vfs.FS
	dir string
	Options

	file   vfs.File
	header header
	filled int64 // the file ends here
	buffer []byte

	mu     sync.Mutex // held to change what follows
	firsts []uint64   // of all segments, in order; the last is written to
	at     int64      // what is durable ends here
	spare  uint64     // a segment nobody needs any more, to be used again; 0: none
}

// Open goes on in dir with a segment that begins with record o.Next: what Read
// has found there ends before it.
func Open(fs vfs.FS, dir string, o Options) (*Journal, error) {
	firsts, err := list(fs, dir)
	if err != nil {
		return nil, err
	}
	for len(firsts) > 0 && firsts[len(firsts)-1] >= o.Next {
		firsts = firsts[:len(firsts)-1] // without records: it is made again
	}
	j := &Journal{fs: fs, dir: dir, Options: o, firsts: firsts}
	if err := j.settle(); err != nil {
		return nil, fmt.Errorf("settle the journal: %w", err)
	}
	if err := j.begin(); err != nil {
		return nil, err
	}
	return j, nil
}

// settle makes durable what was read from the last segment, by a copy: whoever
// wrote it may have been ended before its sync. If that sync failed, the kernel
// may hold the data for good and never write it, whatever is synced later.
func (j *Journal) settle() error {
	if len(j.firsts) == 0 || j.From >= j.Options.Next {
		return nil
	}
	first := j.firsts[len(j.firsts)-1]
	name := j.path(first) + ".settling"
	err := j.copy(first, name, -1)
	if err == nil {
		err = j.fs.Rename(name, j.path(first))
	}
	if err == nil {
		err = SyncDir(j.fs, j.dir)
	}
	return err
}

// Next is the number of the next record.
func (j *Journal) Next() uint64 { return j.Options.Next }

// Full reports that it is time to Turn.
func (j *Journal) Full() bool { return j.at >= j.Bytes }

// Syncer is a file that can write and sync in one call.
type Syncer interface {
	// WriteSync is Write and then SyncData.
	WriteSync(p []byte) error
}

// WriteSync writes to file and syncs what it holds, in one call if it can.
func WriteSync(file vfs.File, p []byte) error {
	if s, ok := file.(Syncer); ok {
		return s.WriteSync(p)
	}
	if err := write(file, p); err != nil {
		return err
	}
	return file.SyncData()
}

// Append adds a record, not empty, which is durable when it returns nil. After
// an error nobody knows whether it is, and the journal must not be used.
func (j *Journal) Append(data []byte) error { return j.append(data, WriteSync) }

// AppendUnsynced breaks Append's promise, for a test to see that it is missed.
func (j *Journal) AppendUnsynced(data []byte) error { return j.append(data, write) }

func (j *Journal) append(data []byte, write func(vfs.File, []byte) error) error {
	j.buffer = j.header.appendRecord(j.buffer[:0], j.Options.Next, data)
	size := int64(len(j.buffer))
	if end := j.at + size; end > j.filled {
		j.fill(end)
	}
	if err := write(j.file, j.buffer); err != nil {
		return fmt.Errorf("write to the journal: %w", err)
	}
	if cap(j.buffer) > 1<<20 {
		j.buffer = nil
	}
	j.Options.Next++
	j.mu.Lock()
	j.at += size
	j.mu.Unlock()
	return nil
}

func write(file vfs.File, p []byte) error {
	n, err := file.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// fill writes zeros behind end. Where it cannot, the file grows with what is
// written: whether there is room for that, the write itself finds out.
func (j *Journal) fill(end int64) {
	zeros := make([]byte, min(j.Ahead, 64<<10))
	j.filled = end
	for to := end + j.Ahead; j.filled < to; {
		n, err := j.file.WriteAt(zeros[:min(int64(len(zeros)), to-j.filled)], j.filled)
		j.filled += int64(n)
		if err != nil {
			return
		}
	}
}

// Turn begins another segment.
func (j *Journal) Turn() error {
	full := j.file
	if err := j.begin(); err != nil {
		return err
	}
	if err := full.Close(); err != nil {
		return fmt.Errorf("close a segment of the journal: %w", err)
	}
	return nil
}

// begin makes the segment that the next record is the first of. One that is
// there without records, for nobody came to write any, is made again.
func (j *Journal) begin() error {
	var salt [8]byte
	_, _ = crand.Read(salt[:]) // it never fails
	h := header{j.Options.Next, binary.LittleEndian.Uint64(salt[:])}
	file, size, err := j.newFile(j.path(h.first))
	if err != nil {
		return fmt.Errorf("begin a segment of the journal: %w", err)
	}
	err = write(file, h.append(nil))
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = SyncDir(j.fs, j.dir)
	}
	if err != nil {
		return fmt.Errorf("begin a segment of the journal: %w", errors.Join(err, file.Close()))
	}
	j.file, j.header, j.filled = file, h, max(size, headerSize)
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.firsts); n == 0 || j.firsts[n-1] != h.first {
		j.firsts = append(j.firsts, h.first)
	}
	j.at = headerSize
	return nil
}

// newFile makes a file, or takes one that was let go of, which has a size.
func (j *Journal) newFile(name string) (file vfs.File, size int64, err error) {
	j.mu.Lock()
	spare := j.spare
	j.spare = 0
	j.mu.Unlock()
	if spare == 0 {
		file, err = j.fs.Create(name, vfs.WriteCategoryUnspecified)
		return file, 0, err
	}
	if file, err = j.fs.ReuseForWrite(j.path(spare), name, vfs.WriteCategoryUnspecified); err != nil {
		return nil, 0, err
	}
	if info, err := file.Stat(); err == nil { // else it is filled as if it were new
		size = info.Size()
	}
	return file, size, nil
}

func (j *Journal) path(first uint64) string { return j.fs.PathJoin(j.dir, nameOf(first)) }

// Drop lets go of the segments whose records all come before number before. A
// Read from there on does not miss them, and may still find them.
func (j *Journal) Drop(before uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.firsts) > 1 && j.firsts[1] <= before {
		first := j.firsts[0]
		j.firsts = j.firsts[1:]
		if j.spare == 0 {
			j.spare = first
			continue
		}
		if err := j.fs.Remove(j.path(first)); err != nil {
			return fmt.Errorf("remove a segment of the journal: %w", err)
		}
	}
	return nil
}

// Copy copies what is durable, and has not been dropped, to the folder to.
// Nothing may be dropped meanwhile.
func (j *Journal) Copy(to string) error {
	j.mu.Lock()
	firsts, at := slices.Clone(j.firsts), j.at
	j.mu.Unlock()
	for i, first := range firsts {
		size := int64(-1)
		if i == len(firsts)-1 {
			size = at
		}
		if err := j.copy(first, j.fs.PathJoin(to, nameOf(first)), size); err != nil {
			return fmt.Errorf("copy the journal: %w", err)
		}
	}
	return SyncDir(j.fs, to)
}

// copy makes a file of the first size bytes of a segment, or of all of it.
func (j *Journal) copy(first uint64, name string, size int64) (err error) {
	src, err := j.fs.Open(j.path(first))
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := j.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	var from io.Reader = src
	if size >= 0 {
		from = io.LimitReader(src, size)
	}
	if _, err = io.Copy(dst, from); err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

// Size is how many bytes its files take.
func (j *Journal) Size() (bytes int64) {
	j.mu.Lock()
	files := slices.Clone(j.firsts)
	if j.spare > 0 {
		files = append(files, j.spare)
	}
	j.mu.Unlock()
	for _, first := range files {
		if info, err := j.fs.Stat(j.path(first)); err == nil { // else it is gone
			bytes += info.Size()
		}
	}
	return bytes
}

// Close ends the writing.
func (j *Journal) Close() error {
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("close the journal: %w", err)
	}
	return nil
}

// SyncDir makes durable which files are in a folder.
func SyncDir(fs vfs.FS, dir string) error {
	f, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
