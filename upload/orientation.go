package upload

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
)

// orientation is how a camera was held, as EXIF numbers it: 1 is upright.
type orientation int

const (
	upright  orientation = 1
	sideways orientation = 5 // from here on width and height change places
)

// size is w×h as it is shown.
func (o orientation) size(w, h int) (int, int) {
	if o >= sideways {
		return h, w
	}
	return w, h
}

// apply turns an image as it is to be shown.
func (o orientation) apply(from *image.NRGBA) *image.NRGBA {
	if o == upright {
		return from
	}
	w, h := from.Rect.Dx(), from.Rect.Dy()
	width, height := o.size(w, h)
	to := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range h {
		for x := range w {
			toX, toY := x, y
			switch o {
			case 2:
				toX = w - 1 - x
			case 3:
				toX, toY = w-1-x, h-1-y
			case 4:
				toY = h - 1 - y
			case 5:
				toX, toY = y, x
			case 6:
				toX, toY = h-1-y, x
			case 7:
				toX, toY = h-1-y, w-1-x
			case 8:
				toX, toY = y, w-1-x
			}
			copy(to.Pix[to.PixOffset(toX, toY):][:4], from.Pix[from.PixOffset(x, y):][:4])
		}
	}
	return to
}

// maxExif is how far into a JPEG its EXIF data are looked for: a segment has at
// most 64 KiB, and there are few before it.
const maxExif = 256 << 10

// orientationOf is what a JPEG's EXIF data say; upright if they say nothing.
func orientationOf(r io.ReaderAt) orientation {
	data, err := io.ReadAll(io.NewSectionReader(r, 0, maxExif))
	if err != nil || len(data) < 4 {
		return upright
	}
	for data = data[2:]; len(data) >= 4 && data[0] == 0xFF; { // after SOI
		marker, size := data[1], int(binary.BigEndian.Uint16(data[2:]))
		if marker == 0xDA || size < 2 || len(data) < 2+size {
			break // the image itself, or nothing that can be read
		}
		segment := data[4 : 2+size]
		if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && marker == 0xE1 {
			return orientationIn(exif)
		}
		data = data[2+size:]
	}
	return upright
}

// orientationIn finds the tag in the first directory of a TIFF header.
func orientationIn(tiff []byte) orientation {
	const tag, short, entry = 0x0112, 3, 12
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II*\x00")) {
		order = binary.LittleEndian
	} else if !bytes.HasPrefix(tiff, []byte("MM\x00*")) {
		return upright
	}
	if len(tiff) < 8 {
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for n := order.Uint16(tiff[at:]); n > 0 && len(entries) >= entry; n-- {
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if o := orientation(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return upright
		}
		entries = entries[entry:]
	}
	return upright
}
