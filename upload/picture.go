package upload

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/image/webp"
)

// Bounds on what is made of images: one is decoded at a time.
const (
	thumbnailSide = 320       // pixels: thumbnails fit into a square of it
	maxDecoded    = 256 << 20 // bytes that an image may take while it is decoded
	maxEncoded    = 64 << 20  // bytes of a file that is decoded at all
	drawWithin    = 10 * time.Second
	turnWithin    = 20 * time.Second // for others' images to be decoded: then there is no thumbnail
	maxDimension  = 1 << 20          // pixels: what claims more is not believed
)

// format is how images of a type are read.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	cost   int64 // bytes a pixel may take while it is decoded
}

// formats are those that are looked into. A JPEG's pixel may take four numbers
// of 32 bits while a progressive one is put together; a PNG's 64 bits.
var formats = map[string]format{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode, 15},
	"image/png":  {png.DecodeConfig, png.Decode, 8},
	"image/gif":  {gif.DecodeConfig, gif.Decode, 2},
	"image/webp": {webpConfig, webp.Decode, 5},
}

// picture is what is known of an image; zero if it is none.
type picture struct {
	width, height int // as it is shown
	thumbnail     *Thumbnail
	small         []byte // the thumbnail's content
}

// look finds an image's size and draws its thumbnail. An image that is broken,
// or too large to be decoded, or whose turn does not come, has none: it is a file as
// any other. The error is ctx's, or the disk's.
func (s *Service) look(ctx context.Context, typ string, sp *spool) (picture, error) {
	var p picture
	f, ok := formats[typ]
	if !ok {
		return p, nil
	}
	content, err := sp.content()
	if err != nil {
		return p, err
	}
	config, err := guard(func() (image.Config, error) { return f.config(content) })
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxDimension || config.Height > maxDimension {
		return p, nil
	}
	turn := upright
	if typ == "image/jpeg" {
		turn = orientationOf(sp.file)
	}
	p.width, p.height = turn.size(config.Width, config.Height)
	// The division cannot overflow as the product could.
	if sp.size > maxEncoded || int64(config.Width) > maxDecoded/f.cost/int64(config.Height) {
		return p, nil
	}
	done, err := s.turn(ctx)
	if err != nil {
		s.options.Logger.InfoContext(ctx, "an image has no thumbnail: others took too long", "type", typ)
		return p, ctx.Err()
	}
	defer done()
	if content, err = sp.content(); err != nil {
		return p, err
	}
	within, cancel := context.WithTimeout(ctx, drawWithin)
	defer cancel()
	p.thumbnail, p.small, err = thumbnail(f, &timed{within, content}, turn, thumbnailSide)
	if err != nil {
		s.options.Logger.DebugContext(ctx, "an image has no thumbnail", "type", typ, "err", err)
	}
	return p, ctx.Err()
}

// turn waits until no other image is decoded, for a while: who uploads costly
// ones, one after the other, must not hold up everybody else's.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, turnWithin)
	defer cancel()
	select {
	case s.drawing <- struct{}{}:
		return func() { <-s.drawing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// thumbnail makes the thumbnail. It holds pixels and nothing else of the file: not
// its metadata.
func thumbnail(f format, r io.Reader, turn orientation, side int) (*Thumbnail, []byte, error) {
	full, err := guard(func() (image.Image, error) { return f.decode(r) })
	if err != nil {
		return nil, nil, err
	}
	small := turn.apply(shrink(full, side))
	var encoded bytes.Buffer
	t := &Thumbnail{Type: "image/png", Width: small.Rect.Dx(), Height: small.Rect.Dy()}
	if small.Opaque() {
		t.Type = "image/jpeg"
		err = jpeg.Encode(&encoded, small, &jpeg.Options{Quality: 80})
	} else {
		err = png.Encode(&encoded, small)
	}
	if err != nil {
		return nil, nil, err
	}
	t.Size = int64(encoded.Len())
	return t, encoded.Bytes(), nil
}

// timed ends with its context. A few bytes of a progressive JPEG can cost a
// pass over all of its pixels, as often as the file likes.
type timed struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (t *timed) Read(b []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	return t.r.Read(b[:min(len(b), 4096)])
}

// guard makes an error of a decoder's panic: the file is an attack, and one
// upload's business.
func guard[T any](decode func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder panicked: %v", p)
		}
	}()
	return decode()
}
