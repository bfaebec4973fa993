package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

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
