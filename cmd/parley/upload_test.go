package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
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
func into(channel string) part       { return part{name: "conversationId", content: channel} }

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

func TestE6_AFileIsUploadedInEitherOrderOfFieldsAndSharedAsAMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	chat := b.dial(t, "/chat?token="+bob, nil)
	chat.send(`{"type":"subscribe","conversationId":"team"}`)
	chat.until("subscribed")
	for i, parts := range [][]part{{file("a.txt", "hello"), into("team")}, {into("team"), file("a.txt", "hello")}} {
		sent := b.upload(t, ada, "", parts...).want(t, 200, "")
		url := sent.member(t, "url")
		if !strings.HasPrefix(url, "/files/") || len(url) != len("/files/")+26 || sent.body["fileSize"] != 5.0 || sent.body["fileName"] != "a.txt" || sent.body["type"] != "text/plain" {
			t.Fatalf("%s", sent.text)
		}
		b.ask(t, bob, "GET", url, "").want(t, 404, "not_found") // nobody was told of it yet
		mine := b.ask(t, ada, "GET", url, "").want(t, 200, "")
		if mine.text != "hello" {
			t.Errorf("%q", mine.text)
		}
		own := b.dial(t, "/chat?token="+ada, nil)
		own.send(`{"type":"subscribe","conversationId":"team"}`)
		own.until("subscribed")
		own.send(fmt.Sprintf(`{"type":"message","message":{"id":"temp-%d","conversationId":"team","senderId":"ada","text":{"type":"file","url":%q,"fileName":"a.txt","fileSize":5},"timestamp":1,"status":"sending"}}`, i, url))
		own.until("message_ack")
		message, _ := chat.until("message")["message"].(map[string]any)
		text, _ := message["text"].(map[string]any)
		if text["url"] != url || text["type"] != "file" || text["fileName"] != "a.txt" || text["fileSize"] != 5.0 {
			t.Errorf("bob sees %v", message)
		}
		for range 2 { // the url is stable
			if got := b.ask(t, bob, "GET", url, "").want(t, 200, ""); got.text != "hello" {
				t.Errorf("%q", got.text)
			}
		}
	}
}

func TestE6_WithoutCredentialsUnderDev(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	sent := b.upload(t, "", "?userId=ada", file("a.txt", "hello"), into("team")).want(t, 200, "")
	url := sent.member(t, "url")
	b.ask(t, "", "POST", "/v1/channels/team/messages?userId=ada", fmt.Sprintf(`{"text":"look: %s"}`, url)).want(t, 201, "")
	if got := b.ask(t, "", "GET", url, "").want(t, 200, ""); got.text != "hello" {
		t.Errorf("%q", got.text)
	}
}

func TestE6_APrivateChannelsFileNeedsTheTokenOrALink(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	b.ask(t, key, "PUT", "/v1/channels/private?userId=olga", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, key, "PUT", "/v1/channels/private/members/ada", `{"role":"member"}`).want(t, 200, "")
	b.ask(t, key, "PUT", "/v1/channels/private/members/mia", `{"role":"member"}`).want(t, 200, "")
	ada, mia, eve := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "mia"}), b.token(t, auth.Grant{User: "eve"})
	b.upload(t, eve, "", file("x", "x"), into("private")).want(t, 403, "forbidden")
	url := b.upload(t, ada, "", file("a.txt", "hello"), into("private")).want(t, 200, "").member(t, "url")
	b.share(t, ada, "private", url)
	b.ask(t, mia, "GET", url, "").want(t, 200, "")
	b.ask(t, "", "GET", url+"?token="+mia, "").want(t, 200, "")
	b.ask(t, "", "GET", url, "").want(t, 401, "unauthorized")
	b.ask(t, eve, "GET", url, "").want(t, 403, "forbidden")
	b.ask(t, key, "GET", url, "").want(t, 200, "")

	id := strings.TrimPrefix(url, "/files/")
	b.ask(t, eve, "POST", "/v1/files/"+id+"/link", "").want(t, 403, "forbidden")
	b.ask(t, "", "POST", "/v1/files/"+id+"/link", "").want(t, 401, "unauthorized")
	link := b.ask(t, mia, "POST", "/v1/files/"+id+"/link", "").want(t, 200, "").member(t, "url")
	if got := b.ask(t, "", "GET", link, "").want(t, 200, ""); got.text != "hello" {
		t.Errorf("%q", got.text)
	}
	b.ask(t, "", "GET", link[:len(link)-2], "").want(t, 401, "unauthorized")
	other := b.upload(t, ada, "", file("b.txt", "other"), into("private")).want(t, 200, "").member(t, "url")
	b.ask(t, "", "GET", strings.Replace(link, url, other, 1), "").want(t, 401, "unauthorized")

	// What its maker may no longer have, a link does not open.
	b.ask(t, key, "PUT", "/v1/channels/private/members/mia", `{"role":"","banned":true}`).want(t, 200, "")
	b.ask(t, "", "GET", link, "").want(t, 403, "banned")
	b.ask(t, mia, "GET", url, "").want(t, 403, "banned")
}

func TestE6_AFileGoesWithItsMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	url := b.upload(t, ada, "", file("a.txt", "hello"), into("team")).want(t, 200, "").member(t, "url")
	message := b.share(t, ada, "team", url)
	have := b.ask(t, bob, "GET", url, "").want(t, 200, "").header.Get("ETag")
	link := b.ask(t, bob, "POST", "/v1"+url+"/link", "").want(t, 200, "").member(t, "url")
	b.ask(t, ada, "PATCH", "/v1/channels/team/messages/"+message, `{"text":"never mind"}`).want(t, 200, "")
	b.ask(t, bob, "GET", url, "").want(t, 404, "not_found")
	b.ask(t, ada, "PATCH", "/v1/channels/team/messages/"+message, fmt.Sprintf(`{"text":"see %s"}`, url)).want(t, 200, "")
	b.ask(t, bob, "GET", url, "").want(t, 200, "")
	b.ask(t, ada, "DELETE", "/v1/channels/team/messages/"+message, "").want(t, 200, "")
	b.ask(t, bob, "GET", url, "").want(t, 404, "not_found")
	b.ask(t, bob, "GET", url, "", "If-None-Match", have).want(t, 404, "not_found")
	b.ask(t, "", "GET", link, "").want(t, 404, "not_found")
	b.ask(t, b.secretKey(t), "GET", url, "").want(t, 404, "not_found")
}

func TestE6_RangesTagsAndHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	url := b.upload(t, ada, "", file("grüße \\\"x\\\".txt", "0123456789"), into("team")).want(t, 200, "").member(t, "url")
	whole := b.ask(t, ada, "GET", url, "").want(t, 200, "")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Cross-Origin-Resource-Policy": "same-site", "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer",
		"Content-Type": "text/plain; charset=utf-8", "Content-Length": "10", "Accept-Ranges": "bytes",
		"Content-Disposition": `attachment; filename="gr__e _x_.txt"; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%22x%22.txt`,
	} {
		if got := whole.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for asked, want := range map[string]struct {
		status  int
		content string
	}{
		"bytes=2-4": {206, "234"}, "bytes=7-": {206, "789"}, "bytes=-3": {206, "789"}, "bytes=0-0": {206, "0"},
		"bytes=20-": {416, ""}, "bytes=5-2": {416, ""}, "lines=1": {416, ""},
		"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9": {200, "0123456789"},
	} {
		got := b.ask(t, ada, "GET", url, "", "Range", asked)
		if got.status != want.status || want.content != "" && got.text != want.content {
			t.Errorf("%s: %d %q", asked, got.status, got.text)
		}
	}
	tag := whole.header.Get("ETag")
	b.ask(t, ada, "GET", url, "", "If-None-Match", tag).want(t, 304, "")
	b.ask(t, ada, "GET", url, "", "If-None-Match", `"other"`).want(t, 200, "")
	if got := b.ask(t, ada, "GET", url, "", "Range", "bytes=2-4", "If-Range", `"other"`); got.status != 200 {
		t.Errorf("a part of another content: %d", got.status)
	}
	head := b.ask(t, ada, "HEAD", url, "").want(t, 200, "")
	if head.text != "" || head.header.Get("Content-Length") != "10" || head.header.Get("ETag") != tag {
		t.Errorf("HEAD: %q %v", head.text, head.header)
	}
	b.ask(t, ada, "POST", url, "").want(t, 405, "method_not_allowed")
	b.ask(t, ada, "GET", "/api/upload", "").want(t, 405, "method_not_allowed")
	for _, nowhere := range []string{"/files/", "/files/x", "/files/..%2f..%2fkeys.json", url + "/x", "/files/ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
		b.ask(t, ada, "GET", nowhere, "").want(t, 404, "not_found")
	}
}

func TestE6_AnImageHasItsSizeAndAThumbnail(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	sent := b.upload(t, ada, "", file("a.png", picture(t, 800, 200)), into("team")).want(t, 200, "")
	if sent.body["width"] != 800.0 || sent.body["height"] != 200.0 || sent.body["type"] != "image/png" {
		t.Fatalf("%s", sent.text)
	}
	url := sent.member(t, "url")
	if got := b.ask(t, ada, "GET", url, "").want(t, 200, ""); !strings.HasPrefix(got.header.Get("Content-Disposition"), "inline;") {
		t.Errorf("%v", got.header)
	}
	for _, path := range []string{sent.member(t, "thumbnailUrl"), url + "?thumb=1"} {
		small := b.ask(t, ada, "GET", path, "").want(t, 200, "")
		config, format, err := image.DecodeConfig(strings.NewReader(small.text))
		if err != nil || config.Width != 320 || config.Height != 80 || format != "jpeg" || small.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: %dx%d %s, %v", path, config.Width, config.Height, format, err)
		}
	}
	none := b.upload(t, ada, "", file("a.txt", "no picture"), into("team")).want(t, 200, "")
	b.ask(t, ada, "GET", none.member(t, "url")+"/thumbnail", "").want(t, 404, "not_found")
}

func TestE6_RefusalsSayWhatWasWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) {
		c.UploadMaxSize, c.UploadQuota, c.UploadTypes = 1000, 2500, []string{"text/plain", "image/*"}
	})
	ada := b.token(t, auth.Grant{User: "ada"})
	text := func(n int) part { return file("a.txt", strings.Repeat("x", n)) }
	for name, row := range map[string]struct {
		parts  []part
		status int
		code   string
	}{
		"no file":          {[]part{into("team")}, 400, "invalid"},
		"no channel":       {[]part{text(1)}, 400, "invalid"},
		"an empty channel": {[]part{text(1), into("")}, 400, "invalid"},
		"a bad channel":    {[]part{into("a\nb"), text(1)}, 400, "invalid"},
		"two files":        {[]part{text(1), text(1), into("team")}, 400, "invalid"},
		"two channels":     {[]part{into("team"), into("other"), text(1)}, 400, "invalid"},
		"too large":        {[]part{text(1001), into("team")}, 413, "too_large"},
		"a huge channel":   {[]part{into(strings.Repeat("x", 100_000)), text(1)}, 400, "invalid"},
		"a huge field":     {[]part{{"other", "", strings.Repeat("x", 100_000)}, into("team"), text(1)}, 413, "too_large"},
		"another type":     {[]part{file("a.png", "%PDF-1.4"), into("team")}, 415, "unsupported_type"},
		"broadcast":        {[]part{text(1), into("broadcast")}, 403, "forbidden"},
		"others' direct":   {[]part{text(1), into("dm:bob:eve")}, 403, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) { b.upload(t, ada, "", row.parts...).want(t, row.status, row.code) })
	}
	b.upload(t, ada, "", part{"other", "", "passed over"}, text(1000), into("team")).want(t, 200, "")
	b.upload(t, ada, "", text(1000), into("team")).want(t, 200, "")
	b.upload(t, ada, "", text(1000), into("team")).want(t, 403, "quota_exceeded")
	b.upload(t, ada, "", text(500), into("team")).want(t, 200, "")
	b.upload(t, b.token(t, auth.Grant{User: "bob"}), "", text(1000), into("team")).want(t, 200, "")

	b.upload(t, "", "", text(1), into("team")).want(t, 401, "unauthorized")
	b.upload(t, b.token(t, auth.Grant{User: "ria", Scopes: []string{"chat:read"}}), "", text(1), into("team")).want(t, 403, "forbidden")
	b.upload(t, ada, "?userId=bob", text(1), into("team")).want(t, 403, "foreign_sender")
	b.upload(t, b.secretKey(t), "", text(1), into("team")).want(t, 400, "invalid")
	b.upload(t, b.secretKey(t), "?userId=sue", text(1), into("team")).want(t, 200, "")
	for typ, body := range map[string]string{
		"application/json": `{}`, "multipart/form-data": "x", "multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf",
		"multipart/mixed; boundary=x": "--x--\r\n", "multipart/form-data; boundary=" + strings.Repeat("b", 71): "x",
	} {
		b.ask(t, ada, "POST", "/api/upload", body, "Content-Type", typ).want(t, 400, "malformed")
	}
	if got := b.visit(t, "POST", "/api/upload?token="+ada, map[string]string{"Origin": "https://evil.test"}); got.status != 403 {
		t.Errorf("a foreign page: %d", got.status)
	}
}

func TestE6_WhatIsKnownOfAFileAndItsRemoval(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob, key := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"}), b.secretKey(t)
	url := b.upload(t, ada, "", file("a.png", picture(t, 10, 20)), into("team")).want(t, 200, "").member(t, "url")
	b.ask(t, bob, "GET", "/v1"+url, "").want(t, 404, "not_found")
	b.share(t, ada, "team", url)
	known := b.ask(t, bob, "GET", "/v1"+url, "").want(t, 200, "")
	if known.body["userId"] != "ada" || known.body["channelId"] != "team" || known.body["width"] != 10.0 || known.body["height"] != 20.0 {
		t.Errorf("%s", known.text)
	}
	b.ask(t, bob, "DELETE", "/v1"+url, "").want(t, 403, "forbidden")
	b.ask(t, ada, "DELETE", "/v1"+url, "").want(t, 204, "")
	b.ask(t, ada, "DELETE", "/v1"+url, "").want(t, 404, "not_found")
	b.ask(t, bob, "GET", url, "").want(t, 404, "not_found")
	b.ask(t, key, "GET", "/v1"+url, "").want(t, 404, "not_found")
	again := b.upload(t, ada, "", file("a.png", picture(t, 10, 20)), into("team")).want(t, 200, "").member(t, "url")
	b.share(t, ada, "team", again)
	b.ask(t, bob, "GET", again, "").want(t, 200, "")
	b.ask(t, key, "DELETE", "/v1"+again, "").want(t, 204, "")
	b.ask(t, bob, "GET", again, "").want(t, 404, "not_found")
}

func TestE6_FilesOutliveTheServer(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	c := func(c *Serve) { c.Data = data }
	b := setup(t, c)
	ada := b.token(t, auth.Grant{User: "ada"})
	url := b.upload(t, ada, "", file("a.txt", "hello"), into("team")).want(t, 200, "").member(t, "url")
	link := b.ask(t, ada, "POST", "/v1"+url+"/link", "").want(t, 200, "").member(t, "url")
	if err := b.stop(nil); err != nil {
		t.Fatal(err)
	}
	again := setup(t, c)
	for _, path := range []string{url + "?token=" + ada, link} {
		if got := again.ask(t, "", "GET", path, "").want(t, 200, ""); got.text != "hello" {
			t.Errorf("%q", got.text)
		}
	}
}

func TestByteSize_IsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]byteSize{"0": 0, "4096": 4096, "100MiB": 100 << 20, "5GiB": 5 << 30, "3KiB": 3 << 10} {
		var got byteSize
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
		back, err := json.Marshal(got)
		var again byteSize
		if err != nil || json.Unmarshal(back, &again) != nil || again != want {
			t.Errorf("%s: back as %s, %v", text, back, err)
		}
	}
	for _, bad := range []string{"", "-1", "1MB", "1.5GiB", "9999999999GiB", "MiB", "1 MiB"} {
		if err := new(byteSize).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// The first lines of docs/files.md are pasted into a shell.
func TestFiles_TheFirstOfThePageWorksWhenPasted(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	page, err := os.ReadFile("../../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(page), "```sh\n")
	script, _, ended := strings.Cut(rest, "```")
	if !begun || !ended {
		t.Fatal("the page has no lines to paste")
	}
	shell := exec.CommandContext(t.Context(), "bash", "-euc", strings.ReplaceAll(script, "http://127.0.0.1:8080", b.url))
	shell.Dir = t.TempDir()
	out, err := shell.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "Hello, file\n") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestBackup_HasTheFilesThatItsLogNames(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	url := b.upload(t, ada, "", file("a.png", picture(t, 400, 400)), into("team")).want(t, 200, "").member(t, "url")
	b.share(t, ada, "team", url)
	want := b.ask(t, ada, "GET", url, "").want(t, 200, "").text
	dir := t.TempDir()
	must(t, "backup", filepath.Join(dir, "backup"), "--data", b.config.Data)
	b.ask(t, ada, "DELETE", "/v1"+url, "").want(t, 204, "")
	must(t, "restore", filepath.Join(dir, "backup"), "--data", filepath.Join(dir, "data"))
	again := setup(t, func(c *Serve) { c.Data = filepath.Join(dir, "data") })
	for path, content := range map[string]string{url: want, url + "/thumbnail": ""} {
		got := again.ask(t, ada, "GET", path, "").want(t, 200, "")
		if content != "" && got.text != content {
			t.Errorf("%s: %d bytes of %d", path, len(got.text), len(content))
		}
	}

	// A content that was changed is no backup of it.
	found, err := filepath.Glob(filepath.Join(dir, "backup", "files", "blobs", "*", "*"))
	if err != nil || len(found) < 2 { // and the mark of the place
		t.Fatalf("%v, %v", found, err)
	}
	for _, name := range found {
		if err := errors.Join(os.Remove(name), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := said(t, "restore", filepath.Join(dir, "backup"), "--data", filepath.Join(dir, "other")); err == nil || !strings.Contains(err.Error(), "is not as it was written") {
		t.Errorf("%v", err)
	}
}
