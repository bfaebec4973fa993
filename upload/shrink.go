package upload

import (
	"image"
	"image/draw"
)

// shrink fits an image into a square of the given side, each pixel being the
// mean of those it stands for; one that fits is copied.
func shrink(from image.Image, side int) *image.NRGBA {
	b := from.Bounds()
	w, h := fit(b.Dx(), b.Dy(), side)
	to := image.NewNRGBA(image.Rect(0, 0, w, h))
	// Strips keep the whole image from being converted at once.
	rows := (b.Dy() + h - 1) / h
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), rows))
	for y := range h {
		top, bottom := span(y, b.Dy(), h)
		area := image.Rect(0, 0, b.Dx(), bottom-top)
		draw.Draw(strip, area, from, image.Pt(b.Min.X, b.Min.Y+top), draw.Src)
		for x := range w {
			left, right := span(x, b.Dx(), w)
			mean(to, x, y, strip, image.Rect(left, 0, right, bottom-top))
		}
	}
	return to
}

// fit are the sides of w×h made to fit, neither below 1.
func fit(w, h, side int) (int, int) {
	switch {
	case w <= side && h <= side:
		return w, h
	case w >= h:
		return side, max(1, h*side/w)
	}
	return max(1, w*side/h), side
}

// span are the source's pixels that the i-th of n stands for, one at least.
func span(i, of, n int) (from, to int) {
	from, to = i*of/n, (i+1)*of/n
	return from, max(to, from+1)
}

// mean sets a pixel to the mean of an area, whose colours are premultiplied.
func mean(to *image.NRGBA, x, y int, from *image.RGBA, area image.Rectangle) {
	var r, g, b, a, n uint64
	for row := area.Min.Y; row < area.Max.Y; row++ {
		line := from.Pix[row*from.Stride+4*area.Min.X : row*from.Stride+4*area.Max.X]
		for i := 0; i < len(line); i += 4 {
			r += uint64(line[i])
			g += uint64(line[i+1])
			b += uint64(line[i+2])
			a += uint64(line[i+3])
		}
	}
	n = uint64(area.Dx() * area.Dy())
	at := to.PixOffset(x, y)
	if a == 0 {
		return
	}
	to.Pix[at], to.Pix[at+1], to.Pix[at+2] = uint8(255*r/a), uint8(255*g/a), uint8(255*b/a)
	to.Pix[at+3] = uint8(a / n)
}
