package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrDamaged is what Read fails with where records are missing.
var ErrDamaged = errors.New("the journal is damaged")

// Read visits the records from number from on, in their order, and returns the
// number that follows the last. The records before from may be gone. visit
// owns the data.
func Read(fs vfs.FS, dir string, from uint64, visit func(data []byte) error) (next uint64, err error) {
	firsts, err := list(fs, dir)
	if err != nil {
		return 0, err
	}
	for len(firsts) > 1 && firsts[1] <= from {
		firsts = firsts[1:]
	}
	if len(firsts) == 0 || firsts[0] > from {
		return 0, fmt.Errorf("%w: record %d is not there", ErrDamaged, from)
	}
	for i, first := range firsts {
		end := uint64(0)
		if i+1 < len(firsts) {
			end = firsts[i+1]
		}
		if next, err = readSegment(fs, dir, first, end, from, visit); err != nil {
			return 0, err
		}
	}
	if next < from {
		return 0, fmt.Errorf("%w: it ends with record %d, before %d", ErrDamaged, next-1, from)
	}
	return next, nil
}

// Exists reports whether a journal stands in dir.
func Exists(fs vfs.FS, dir string) (bool, error) {
	firsts, err := list(fs, dir)
	return len(firsts) > 0, err
}

// list gives the numbers in the names of all segments, in order.
func list(fs vfs.FS, dir string) (firsts []uint64, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list the journal: %w", err)
	}
	for _, name := range names {
		if first, ok := firstOf(name); ok {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// readSegment visits the records of one segment, up to end, excluded, which all
// have to be there; it is 0 for the last segment. It returns the number that
// follows the last.
func readSegment(fs vfs.FS, dir string, first, end, from uint64, visit func([]byte) error) (next uint64, err error) {
	b, err := contents(fs, fs.PathJoin(dir, nameOf(first)))
	if err != nil {
		return 0, fmt.Errorf("read the journal: %w", err)
	}
	h, ok := readHeader(b)
	switch {
	case end == 0 && !ok && len(bytes.Trim(b, "\x00")) <= headerSize:
		return first, nil // cut short as it was made
	case end == 0 && ok && h.first < first:
		return first, nil // not yet what it was to be used for again
	case !ok || h.first != first:
		return 0, fmt.Errorf("%w: segment %d does not say so", ErrDamaged, first)
	}
	b, next = b[headerSize:], first
	for end == 0 || next < end {
		number, data, size, ok := h.record(b)
		if !ok || number != next {
			break
		}
		if number >= from {
			if err := visit(data); err != nil {
				return 0, err
			}
		}
		b = b[size:]
		next++
	}
	if end > 0 && next != end || end == 0 && h.hides(b, next) {
		return 0, fmt.Errorf("%w: record %d cannot be read, and others follow", ErrDamaged, next)
	}
	return next, nil
}

func contents(fs vfs.FS, name string) (b []byte, err error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	b, err = io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}
