package upload

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
)

// webpConfig is the greatest size that any part of a WebP file claims. The
// canvas that the file begins with may be small, and the frame that is decoded
// after it huge.
func webpConfig(r io.Reader) (image.Config, error) {
	c := image.Config{ColorModel: color.NRGBAModel}
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head); err != nil {
		return c, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return c, errors.New("no WebP")
	}
	for n := 0; ; n++ {
		if n == maxChunks {
			return c, errors.New("it has too many parts")
		}
		chunk := make([]byte, 8)
		if _, err := io.ReadFull(r, chunk); err != nil {
			break // the end
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		data := make([]byte, min(size, 10))
		if _, err := io.ReadFull(r, data); err != nil {
			break
		}
		w, h := webpSize(string(chunk[:4]), data)
		c.Width, c.Height = max(c.Width, w), max(c.Height, h)
		if _, err := io.CopyN(io.Discard, r, size+size%2-int64(len(data))); err != nil {
			break
		}
	}
	if c.Width == 0 {
		return c, errors.New("no image in it")
	}
	return c, nil
}

// maxChunks bounds how many parts of a file are looked at. An image that can be
// decoded has its frame among the first.
const maxChunks = 1000

// webpSize is what a chunk says of the image, by its first bytes; 0 if nothing.
func webpSize(name string, data []byte) (w, h int) {
	if len(data) < 5 {
		return 0, 0
	}
	switch name {
	case "VP8L":
		bits := int(binary.LittleEndian.Uint32(data[1:]))
		return bits&0x3FFF + 1, bits>>14&0x3FFF + 1
	case "VP8X":
		if len(data) == 10 {
			return 1 + uint24(data[4:]), 1 + uint24(data[7:])
		}
	case "VP8 ":
		if len(data) == 10 {
			return int(binary.LittleEndian.Uint16(data[6:])) & 0x3FFF, int(binary.LittleEndian.Uint16(data[8:])) & 0x3FFF
		}
	}
	return 0, 0
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
