package upload

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// upload is a file that was received and is not kept yet.
type upload struct {
	project, channel, owner string
	name                    string
	spool                   *spool

	// also are records that are committed with the file's; nil: none are.
	also func(*File) map[string][]byte
}

// keep makes a file of u: first its content is on stable storage, then its
// record. The record's commit is not left half known when the client goes.
func (s *Service) keep(ctx context.Context, u *upload) (*File, error) {
	f := &File{
		ID: rand.Text(), Project: u.project, Channel: u.channel, Owner: u.owner,
		Name: fileName(u.name), Type: sniff(u.spool.head), Size: u.spool.size, SHA256: u.spool.hash(),
		CreatedAt: s.options.Now().UTC().Truncate(time.Millisecond),
	}
	if err := s.takes(f.Type); err != nil {
		return nil, err
	}
	project, user, err := s.used(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := s.within(project, user, f.Size); err != nil {
		return nil, err // before any work; the commit asks again
	}
	p, err := s.look(ctx, f.Type, u.spool)
	if err != nil {
		return nil, err
	}
	f.Width, f.Height, f.Thumbnail = p.width, p.height, p.thumbnail

	defer s.hashes.hold(f.SHA256)()
	content, err := u.spool.content()
	if err != nil {
		return nil, err
	}
	err = s.options.Blobs.Put(ctx, f.SHA256, content, f.Size)
	if err == nil && f.Thumbnail != nil {
		err = s.keepThumbnail(ctx, f, p.small)
	}
	durable := context.WithoutCancel(ctx)
	if err == nil {
		err = s.add(durable, f, u.also)
	}
	if err != nil {
		return nil, errors.Join(storageError(err), s.release(durable, f.SHA256))
	}
	return f, nil
}

// keepThumbnail puts f's thumbnail, or has it be the one that another file of the
// same content has: an encoder that draws otherwise than the one before it would
// change that under its name. The hash's lock is held.
func (s *Service) keepThumbnail(ctx context.Context, f *File, small []byte) error {
	there, err := s.thumbnailOf(ctx, f.SHA256)
	if err != nil {
		return err
	}
	if there != nil {
		f.Thumbnail = there
		return nil
	}
	return s.options.Blobs.Put(ctx, f.thumbnailName(), bytes.NewReader(small), f.Thumbnail.Size)
}

// remove takes a file's record away, then its content unless another file has
// the same.
func (s *Service) remove(ctx context.Context, f *File) error {
	defer s.hashes.hold(f.SHA256)()
	there, err := s.drop(ctx, f)
	if err != nil || !there {
		return err
	}
	return s.release(ctx, f.SHA256)
}

// release removes a content that no record has. The hash's lock is held.
func (s *Service) release(ctx context.Context, hash string) error {
	owned, err := s.owned(ctx, hash)
	if err != nil || owned {
		return err
	}
	f := File{SHA256: hash}
	return errors.Join(s.options.Blobs.Remove(ctx, hash), s.options.Blobs.Remove(ctx, f.thumbnailName()))
}
