package upload

import (
	"bytes"
	"context"
	"image"

	"github.com/parley-chat/parley/chat"
)

// maxSketched bounds in bytes what an image may take while Draw decodes it.
const maxSketched = 64 << 20

// Draw makes a small image of one that is no file here: a JPEG or PNG that fits
// into a square of so many pixels, of nothing but the image's own. It bounds
// what that costs, and fails with chat.CodeType where it is too much, or the
// content is no image.
func (s *Service) Draw(ctx context.Context, content []byte, side int) (kind string, small []byte, err error) {
	none := chat.E(chat.CodeType, "this is no image that can be drawn")
	f, ok := formats[sniff(content[:min(len(content), headBytes)])]
	if !ok {
		return "", nil, none
	}
	config, err := guard(func() (image.Config, error) { return f.config(bytes.NewReader(content)) })
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxDimension || config.Height > maxDimension ||
		int64(config.Width) > maxSketched/f.cost/int64(config.Height) {
		return "", nil, none
	}
	done, err := s.turn(ctx)
	if err != nil {
		return "", nil, err
	}
	defer done()
	within, cancel := context.WithTimeout(ctx, drawWithin)
	defer cancel()
	t, small, err := thumbnail(f, &timed{within, bytes.NewReader(content)}, upright, side)
	if err != nil {
		none.Cause = err
		return "", nil, none
	}
	return t.Type, small, nil
}
