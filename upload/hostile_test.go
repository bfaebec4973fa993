package upload_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	img "image"

	"github.com/parley-chat/parley/chat"
)

// image is a PNG with something to see on it.
func image(t *testing.T, w, h int) []byte {
	t.Helper()
	return encode(t, w, h, func(b *bytes.Buffer, m img.Image) error { return png.Encode(b, m) })
}

func encode(t *testing.T, w, h int, to func(*bytes.Buffer, img.Image) error) []byte {
	t.Helper()
	m := img.NewNRGBA(img.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := to(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(b *bytes.Buffer, m img.Image) error { return jpeg.Encode(b, m, nil) }
func asGIF(b *bytes.Buffer, m img.Image) error  { return gif.Encode(b, m, nil) }

// What comes as an image, and would be something else in a browser, is saved
// and never shown; and what it is served as, no browser runs.
func TestServe_WhatABrowserMightRunIsSaved(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for name, content := range map[string]string{
		"HTML named .png":          "<!DOCTYPE html><script>alert(1)</script>",
		"HTML after spaces":        " \n\t <html><body onload=alert(1)>",
		"HTML after a comment":     "<!-- x --><html>",
		"HTML in the middle":       "a harmless text\n<html><script>alert(1)</script>",
		"a script alone":           "text\n<SCRIPT>alert(1)</SCRIPT>",
		"HTML in UTF-16":           "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00",
		"SVG":                      `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"SVG after a prologue":     `<?xml version="1.0"?><!DOCTYPE svg><svg onload="alert(1)"/>`,
		"XML with a style sheet":   `<?xml version="1.0"?><?xml-stylesheet href="data:,x"?><x/>`,
		"PDF":                      "%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
		"PDF with HTML before it":  "<html>%PDF-1.4",
		"a ZIP":                    "PK\x03\x04" + strings.Repeat("x", 100),
		"a program":                "\x7fELF" + strings.Repeat("\x00", 100),
		"nothing":                  "",
		"an unknown thing":         "\x01\x02\x03",
		"half an image's first 8":  "\x89PNG\r\n",
		"a GIF's first 5 and HTML": "GIF89<html><script>alert(1)</script>",
	} {
		sent := b.post("ada", "cute.png", []byte(content))
		url, _ := sent.body["url"].(string)
		if sent.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, sent.status, sent.text)
			continue
		}
		if strings.HasPrefix(name, "SVG") && sent.body["type"] != "image/svg+xml" {
			t.Errorf("%s: %s", name, sent.text)
		}
		got := b.get("ada", url)
		typ := got.header.Get("Content-Type")
		if !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment;") || got.header.Get("X-Content-Type-Options") != "nosniff" ||
			got.header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || got.text != content {
			t.Errorf("%s: %v", name, got.header)
		}
		if strings.Contains(typ, "html") || strings.Contains(typ, "xml") || strings.Contains(typ, "script") || typ == "" {
			t.Errorf("%s: served as %s", name, typ)
		}
	}
	// A polyglot that begins as an image is an image to everybody who does not
	// sniff; nobody may.
	for name, content := range map[string][]byte{
		"GIF and script": []byte("GIF89a/*" + strings.Repeat("x", 100) + "*/=alert(1)//<html>"),
		"PNG and HTML":   append(image(t, 3, 3), "<html><script>alert(1)</script>"...),
		"JPEG and ZIP":   append(encode(t, 3, 3, asJPEG), "PK\x03\x04"...),
	} {
		url := b.keep("ada", content)
		got := b.get("ada", url)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "image/") || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
}

// bomb is a PNG of a few bytes that claims to have so many pixels.
func bomb(w, h uint32) []byte {
	chunk := func(name string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		out = append(append(out, name...), data...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(append([]byte(name), data...)))
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(size, 16, 6, 0, 0, 0))...)
	out = append(out, chunk("IDAT", []byte("\x78\x9c\x63\x00\x00\x00\x01\x00\x01"))...)
	return append(out, chunk("IEND", nil)...)
}

// webpBomb has a small canvas, and a frame of a gigabyte behind it.
func webpBomb() []byte {
	chunk := func(name string, data []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
		return append(append(out, data...), make([]byte, len(data)%2)...)
	}
	parts := append([]byte("WEBP"), chunk("VP8X", make([]byte, 10))...)
	parts = append(parts, chunk("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0})...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(parts))), parts...)
}

func TestThumbnail_NoneIsMadeOfWhatIsTooLargeOrBroken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	gifBomb := encode(t, 4, 4, asGIF)
	copy(gifBomb[6:], "\xff\xff\xff\xff")
	for name, content := range map[string][]byte{
		"PNG of 2^30 pixels a side": bomb(1<<30, 1<<30),
		"PNG of a gigapixel":        bomb(40_000, 40_000),
		"PNG whose product is 0":    bomb(1<<16, 1<<16),
		"PNG that is one line":      bomb(1<<31-1, 1),
		"GIF of 65535 a side":       gifBomb,
		"WebP with a hidden frame":  webpBomb(),
		"half a PNG":                image(t, 100, 100)[:200],
		"half a JPEG":               encode(t, 100, 100, asJPEG)[:300],
		"a JPEG's beginning":        []byte("\xff\xd8\xff\xe1\xff\xffExif\x00\x00II*\x00\xff\xff\xff\xff"),
		"EXIF that points nowhere":  []byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff"),
		"a RIFF without an end":     []byte("RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff"),
	} {
		begun := time.Now()
		sent := b.post("ada", "a.png", content)
		if sent.status != http.StatusOK || sent.body["thumbnailUrl"] != nil {
			t.Errorf("%s: %d %s", name, sent.status, sent.text)
		}
		if hidden := name == "WebP with a hidden frame"; hidden && sent.body["width"] != 16384.0 {
			t.Errorf("%s: %s", name, sent.text)
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestThumbnail_IsTurnedAsTheCameraWas(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	plain := encode(t, 600, 300, asJPEG) // red grows to the right, green downwards
	for orientation, want := range map[byte]struct {
		w, h int
		// of the corners top left, top right and bottom left: how red and green
		red, green [3]bool
	}{
		1: {320, 160, [3]bool{false, true, false}, [3]bool{false, false, true}},
		2: {320, 160, [3]bool{true, false, true}, [3]bool{false, false, true}},
		3: {320, 160, [3]bool{true, false, true}, [3]bool{true, true, false}},
		4: {320, 160, [3]bool{false, true, false}, [3]bool{true, true, false}},
		5: {160, 320, [3]bool{false, false, true}, [3]bool{false, true, false}},
		6: {160, 320, [3]bool{false, false, true}, [3]bool{true, false, true}},
		7: {160, 320, [3]bool{true, true, false}, [3]bool{true, false, true}},
		8: {160, 320, [3]bool{true, true, false}, [3]bool{false, true, false}},
	} {
		exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(rune(orientation)) + "\x00\x00\x00\x00\x00\x00\x00"
		content := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
		sent := b.post("ada", "a.jpg", append(content, plain[2:]...))
		small := b.get("ada", fmt.Sprint(sent.body["thumbnailUrl"]))
		m, err := jpeg.Decode(strings.NewReader(small.text))
		if err != nil {
			t.Fatalf("%d: %v in %s", orientation, err, sent.text)
		}
		size := m.Bounds()
		if size.Dx() != want.w || size.Dy() != want.h || (sent.body["width"] == 300.0) != (want.w < want.h) {
			t.Errorf("%d: %v, %s", orientation, size, sent.text)
		}
		if strings.Contains(small.text, "Exif") {
			t.Errorf("%d: the thumbnail has the camera's data", orientation)
		}
		for i, at := range []img.Point{{2, 2}, {want.w - 3, 2}, {2, want.h - 3}} {
			red, green, _, _ := m.At(at.X, at.Y).RGBA()
			if red > 0x8000 != want.red[i] || green > 0x8000 != want.green[i] {
				t.Errorf("%d: corner %d is %x %x", orientation, i, red, green)
			}
		}
	}
}

func TestThumbnail_OfEachFormatAndShape(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for name, row := range map[string]struct {
		content []byte
		w, h    float64
	}{
		"PNG": {image(t, 640, 320), 640, 320}, "JPEG": {encode(t, 640, 321, asJPEG), 640, 321}, "GIF": {encode(t, 33, 44, asGIF), 33, 44},
		"one pixel": {image(t, 1, 1), 1, 1}, "a line": {image(t, 5000, 1), 5000, 1}, "a column": {image(t, 1, 5000), 1, 5000},
	} {
		sent := b.post("ada", "a", row.content)
		if sent.body["width"] != row.w || sent.body["height"] != row.h || sent.body["thumbnailUrl"] == nil {
			t.Errorf("%s: %s", name, sent.text)
			continue
		}
		small := b.get("ada", fmt.Sprint(sent.body["thumbnailUrl"]))
		m, _, err := img.Decode(strings.NewReader(small.text))
		if err != nil || m.Bounds().Dx() > 320 || m.Bounds().Dy() > 320 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNames_AreSafeToShowAndToSaveUnder(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for given, want := range map[string]string{
		"plan.pdf": "plan.pdf", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "/": "file", "..": "file", "": "file", ".htaccess": "htaccess",
		"a\x00b.png": "ab.png", "photo\u202egnp.exe": "photognp.exe", "a\u2066b\u200f.txt": "ab.txt", "a\x1b[31m.txt": "a[31m.txt", "  x .txt. ": "x .txt",
		"grüße 世界.txt": "grüße 世界.txt", "\xff\xfe.txt": "txt", "a%0d%0aSet-Cookie: x": "a%0d%0aSet-Cookie: x", "con\u00a0sole": "con sole",
		strings.Repeat("a", 296) + ".png":  strings.Repeat("a", 251) + ".png",
		strings.Repeat("é", 150) + ".jpeg": strings.Repeat("é", 125) + ".jpeg",
		"x." + strings.Repeat("y", 300):    "x." + strings.Repeat("y", 253),
	} {
		sent := b.post("ada", given, []byte("x"))
		name, _ := sent.body["fileName"].(string)
		if strings.ContainsAny(given, "\x00\x1b") && sent.status != http.StatusOK {
			b.code(sent, chat.CodeMalformed) // the form's own grammar may refuse it
			continue
		}
		if name != want || len(name) > 255 || !utf8.ValidString(name) {
			t.Errorf("%q became %q, want %q", given, name, want)
		}
		url, _ := sent.body["url"].(string)
		got := b.get("ada", url).header.Get("Content-Disposition")
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Count(got, `"`) != 2 {
			t.Errorf("%q is sent as %q", given, got)
		}
	}
	for _, name := range append(b.left("blobs"), b.left("spool")...) {
		if strings.Trim(name, "0123456789abcdef") != "" {
			t.Errorf("%q is on the disk", name)
		}
	}
}

func TestLink_EndsAndOpensNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	url := b.keep("ada", []byte("x"))
	b.store.refer(url, true)
	id := url[len("/files/"):]
	link, until, err := b.service.Link(t.Context(), &chat.Identity{Project: "p", User: "bob"}, id)
	if err != nil || until.Sub(b.clock.now()) > 10*time.Minute || until.Sub(b.clock.now()) < 9*time.Minute {
		t.Fatalf("%v, %v", until, err)
	}
	b.has("", link, true)
	for _, forged := range []string{link + "x", link[:len(link)-1], strings.Replace(link, ".", "", 1), url + "?link=.", url + "?link=e30.e30", strings.Replace(link, "link=ey", "link=eX", 1)} {
		b.code(b.get("", forged), chat.CodeUnauthorized)
	}
	b.clock.advance(10 * time.Minute)
	b.code(b.get("", link), chat.CodeTokenExpired)
	other := setup(t, nil)
	record := b.store.all()["file/p/"+id]
	other.store.edit(func(records map[string][]byte) { records["file/p/"+id] = record })
	other.code(other.get("", link), chat.CodeUnauthorized) // another server's secret
}
