package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"testing"
)

// part is one of a form.
type part struct{ name, fileName, content string }

// form is a multipart body, with its type.
func form(t *testing.T, parts ...part) (string, io.Reader) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name="%s"`, p.name)
		if p.fileName != "" {
			disposition += fmt.Sprintf(`; filename="%s"`, p.fileName)
			header.Set("Content-Type", "image/png") // what clients say does not count
		}
		header.Set("Content-Disposition", disposition)
		at, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(at, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &body
}

// upload sends a form to the path, which may have a query.
func (b *bundle) upload(t *testing.T, token, query string, parts ...part) answer {
	t.Helper()
	typ, body := form(t, parts...)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/api/upload"+query, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", typ)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, r)
}

// file is a form's usual parts.
func file(name, content string) part { return part{"file", name, content} }

func into(channel string) part { return part{name: "conversationId", content: channel} }

// text is a member of an answer that is a string.
func (a answer) member(t *testing.T, key string) string {
	t.Helper()
	value, ok := a.body[key].(string)
	if !ok {
		t.Fatalf("no %q in %s", key, a.text)
	}
	return value
}

// share posts a message that names a file, and is its id.
func (b *bundle) share(t *testing.T, token, channel, url string) string {
	t.Helper()
	body := fmt.Sprintf(`{"body":{"type":"file","url":%q,"fileName":"a.txt","fileSize":5}}`, url)
	return b.ask(t, token, "POST", "/v1/channels/"+channel+"/messages", body).want(t, 201, "").member(t, "id")
}

func picture(t *testing.T, w, h int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 100, 255})
		}
	}
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		t.Fatal(err)
	}
	return data.String()
}
