//go:build !unix

package terminal

import (
	"context"
	"io"
)

// readerGone returns when ctx ends: that nobody reads any more is seen when
// something is written.
func readerGone(ctx context.Context, _ io.Writer) { <-ctx.Done() }
