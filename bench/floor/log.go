package floor

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// log appends records to one file. All that came while a sync was under way
// share the next.
type log struct {
	file *os.File
	wake chan struct{}

	mu     sync.Mutex
	buffer []byte // records of the open group
	open   *group
}

type group struct {
	done chan struct{} // closed when the group is on disk, or never will be
	err  error
}

func newGroup() *group { return &group{done: make(chan struct{})} }

func openLog(path string) (*log, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &log{file: file, wake: make(chan struct{}, 1), open: newGroup()}, nil
}

// commit returns when the publications are on disk, acknowledged and, each in
// its turn, forwarded.
func (l *log) commit(published []*publication) error {
	l.mu.Lock()
	mine := l.open
	for _, p := range published {
		p.room.assigned++
		p.seq = p.room.assigned
		l.buffer = p.record(l.buffer)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	for _, p := range published {
		p.encode() // while the disk works
	}
	<-mine.done
	if mine.err != nil {
		return mine.err
	}
	for _, p := range published {
		p.room.forward(p)
	}
	return nil
}

func (p *publication) record(b []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, p.seq)
	for _, part := range [...][]byte{p.nonce, p.text} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	for _, part := range [...]string{p.room.name, p.from.user} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// run writes and syncs one group after another until ctx ends or one fails.
func (l *log) run(ctx context.Context) error {
	var (
		spare []byte
		err   error
	)
	for err == nil {
		select {
		case <-l.wake:
		case <-ctx.Done():
			err = context.Canceled
			continue
		}
		l.mu.Lock()
		records, ready := l.buffer, l.open
		l.buffer, l.open = spare[:0], newGroup()
		l.mu.Unlock()
		err = l.store(records)
		ready.err = err
		close(ready.done)
		spare = records
	}
	l.mu.Lock() // the last group stays open to those who come late, and fails them
	l.open.err = err
	close(l.open.done)
	l.mu.Unlock()
	_ = l.file.Close()
	return err
}

func (l *log) store(records []byte) error {
	if _, err := l.file.Write(records); err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	if err := unix.Fdatasync(int(l.file.Fd())); err != nil {
		return fmt.Errorf("sync the log: %w", err)
	}
	return nil
}
