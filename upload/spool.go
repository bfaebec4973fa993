package upload

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"syscall"

	"github.com/parley-chat/parley/chat"
)

const (
	headBytes = 3072    // of a content, by which its type is known
	roomEvery = 4 << 20 // bytes after which the disk is asked again: all uploads at once pass half of what is left free
)

// spool is a content that grows by pieces, on the disk and nowhere else, until
// it is kept or dropped.
type spool struct {
	root *os.Root
	file *os.File
	name string
	room func() error
	most int64

	size    int64
	sum     hash.Hash
	head    []byte
	checked int64 // the size at which the disk was last asked
}

// openSpools empties the folder, but for unfinished uploads: what is there, a
// crash has left.
func openSpools(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() == partialsName {
			continue
		}
		err = errors.Join(err, root.RemoveAll(e.Name()))
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// newSpool is empty. Who made it drops it.
func (s *Service) newSpool() (*spool, error) {
	if err := s.options.Room(); err != nil {
		return nil, err
	}
	name := rand.Text()
	f, err := s.spools.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, storageError(err)
	}
	return &spool{root: s.spools, file: f, name: name, room: s.options.Room, most: s.options.MaxSize, sum: sha256.New()}, nil
}

// append adds all of r. What fits of a piece that is too large, or that breaks
// off, stays.
func (p *spool) append(r io.Reader) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		if failed := p.write(buffer[:n]); failed != nil {
			return failed
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *spool) write(b []byte) error {
	if p.size+int64(len(b)) > p.most {
		return tooLarge(p.most)
	}
	if p.size-p.checked >= roomEvery {
		p.checked = p.size
		if err := p.room(); err != nil {
			return err
		}
	}
	if _, err := p.file.Write(b); err != nil {
		return storageError(err)
	}
	p.sum.Write(b)
	p.size += int64(len(b))
	p.head = append(p.head, b[:min(len(b), headBytes-len(p.head))]...)
	return nil
}

// hash is the SHA-256 of what is there, hexadecimal.
func (p *spool) hash() string { return hex.EncodeToString(p.sum.Sum(nil)) }

// content reads what is there from the start. There is one reader at a time.
func (p *spool) content() (io.Reader, error) {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return p.file, nil
}

// drop removes it.
func (p *spool) drop() error {
	return errors.Join(p.file.Close(), p.root.Remove(p.name))
}

func tooLarge(most int64) error {
	return chat.E(chat.CodeTooLarge, "a file is at most %d bytes", most)
}

// storageError says of a full disk that it is full.
func storageError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &chat.Error{Code: chat.CodeStorageFull, Message: "the disk is full", Cause: err}
	}
	return err
}
