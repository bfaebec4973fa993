package main

import (
	"encoding/json"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

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
