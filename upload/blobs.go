package upload

import (
	"context"
	"io"
	"time"
)

// Blobs keeps contents under names that the server made: 64 hexadecimal digits,
// perhaps with ".thumbnail" behind them. A content never changes under its
// name. Implementations pass blobtest.Run.
type Blobs interface {
	// Put keeps the size bytes of r under name. When it returns nil they are on
	// stable storage; when it fails, all of them may be there, or what was
	// there before, and never a part. A blob of this name and size that is
	// there already stays, and r is not read. An r that is an *os.File is not
	// changed after this, as the blob may be the file under another name.
	Put(ctx context.Context, name string, r io.Reader, size int64) error

	// Open reads the blob from offset on, or fails with chat.CodeNotFound. The
	// offset is below its size, or 0.
	Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error)

	// Remove takes the blob away; one that is not there is no error.
	Remove(ctx context.Context, name string) error

	// List visits every blob, in no order, until visit fails, with its error.
	List(ctx context.Context, visit func(Blob) error) error

	// Sweep removes what puts that began before then, and were interrupted,
	// have left.
	Sweep(ctx context.Context, then time.Time) error
}

// Blob is one of a List.
type Blob struct {
	Name     string
	Size     int64
	Modified time.Time
}
