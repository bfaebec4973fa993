// Package s3 keeps the contents of uploaded files in a bucket of Amazon S3, or
// of something that speaks its protocol.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

const (
	defaultPart   = 16 << 20 // bytes: larger contents are sent in parts
	leastPart     = 5 << 20  // what S3 demands of parts
	defaultRegion = "us-east-1"
	attempts      = 3
)

// Options of Blobs. Endpoint, Bucket and the two keys are needed.
type Options struct {
	Endpoint  string // host, or host:port
	Bucket    string
	Prefix    string // of all names in the bucket; may be empty
	Region    string // "": us-east-1
	AccessKey string
	SecretKey string
	Plain     bool  // http in place of https
	PartSize  int64 // bytes; 0: 16 MiB, 5 MiB at least

	Transport http.RoundTripper // nil: one of the library's
}

// Blobs is a bucket. Other objects in it are left alone if Prefix is not empty.
type Blobs struct {
	core           minio.Core
	bucket, prefix string
	part           uint64
}

// New is the bucket of these options. It asks nobody whether there is one.
func New(o Options) (*Blobs, error) {
	if o.Region == "" {
		o.Region = defaultRegion // without one, it would be asked for before anything else
	}
	core, err := minio.NewCore(o.Endpoint, &minio.Options{
		Creds:      credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure:     !o.Plain,
		Region:     o.Region,
		Transport:  o.Transport,
		MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("the bucket of files: %w", err)
	}
	part := max(o.PartSize, leastPart)
	if o.PartSize == 0 {
		part = defaultPart
	}
	return &Blobs{core: *core, bucket: o.Bucket, prefix: o.Prefix, part: uint64(part)}, nil
}

// Put implements upload.Blobs. An object appears whole or not at all, also one
// that is sent in parts.
func (b *Blobs) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	info, err := b.core.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	switch {
	case err == nil && info.Size == size:
		return nil
	case err != nil && !missing(err):
		return unreachable("look for a content", err)
	}
	_, err = b.core.Client.PutObject(ctx, b.bucket, b.prefix+name, r, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: b.part, NumThreads: 2,
	})
	return unreachable("keep a content", err)
}

// Open implements upload.Blobs.
func (b *Blobs) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	var o minio.GetObjectOptions
	if offset > 0 {
		if err := o.SetRange(offset, 0); err != nil {
			return nil, err
		}
	}
	from, _, _, err := b.core.GetObject(ctx, b.bucket, b.prefix+name, o)
	if missing(err) {
		return nil, chat.E(chat.CodeNotFound, "there is no such file")
	}
	return from, unreachable("open a content", err)
}

// Remove implements upload.Blobs.
func (b *Blobs) Remove(ctx context.Context, name string) error {
	err := b.core.RemoveObject(ctx, b.bucket, b.prefix+name, minio.RemoveObjectOptions{})
	if missing(err) {
		return nil
	}
	return unreachable("remove a content", err)
}

// List implements upload.Blobs.
func (b *Blobs) List(ctx context.Context, visit func(upload.Blob) error) error {
	for o := range b.core.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if o.Err != nil {
			return unreachable("list the contents", o.Err)
		}
		if err := visit(upload.Blob{Name: strings.TrimPrefix(o.Key, b.prefix), Size: o.Size, Modified: o.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Sweep implements upload.Blobs: parts of an object that was never completed
// are paid for, and shown by no list.
func (b *Blobs) Sweep(ctx context.Context, then time.Time) error {
	key, id := "", ""
	for {
		page, err := b.core.ListMultipartUploads(ctx, b.bucket, b.prefix, key, id, "", 0)
		if err != nil {
			return unreachable("list what was not completed", err)
		}
		for _, u := range page.Uploads {
			if !u.Initiated.Before(then) {
				continue
			}
			if err := b.core.AbortMultipartUpload(ctx, b.bucket, u.Key, u.UploadID); err != nil && !missing(err) {
				return unreachable("remove what was not completed", err)
			}
		}
		if key, id = page.NextKeyMarker, page.NextUploadIDMarker; !page.IsTruncated {
			return nil
		}
	}
}

// missing reports whether the bucket says that there is no such thing in it.
func missing(err error) bool {
	switch minio.ToErrorResponse(err).Code {
	case minio.NoSuchKey, minio.NoSuchUpload:
		return true
	}
	return false
}

// unreachable is what a request is answered with while the bucket fails: it may
// be tried again.
func unreachable(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &chat.Error{Code: chat.CodeUnavailable, Message: "files cannot be reached now", Cause: fmt.Errorf("%s: %w", doing, err)}
}
