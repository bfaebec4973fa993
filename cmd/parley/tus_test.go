package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// inPieces asks /api/tus, or what is below it. Headers come in pairs.
func (b *bundle) inPieces(t *testing.T, token, method, path, body string, header ...string) answer {
	t.Helper()
	h := tusHeaders(header...)
	h["Body"] = body
	if token != "" {
		h["Authorization"] = "Bearer " + token
	}
	return b.visit(t, method, path, h)
}

func TestTus_AFileInPiecesIsSharedAsOneOfAForm(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	made := b.inPieces(t, ada, "POST", "/api/tus", "", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=,conversationId dGVhbQ==").want(t, 201, "")
	path := made.header.Get("Location")
	piece := []string{"Content-Type", "application/offset+octet-stream", "Upload-Offset"}
	b.inPieces(t, ada, "PATCH", path, "hel", append(piece, "0")...).want(t, 204, "")
	b.inPieces(t, ada, "PATCH", path, "hel", append(piece, "0")...).want(t, 409, "offset_conflict")
	b.inPieces(t, bob, "PATCH", path, "lo", append(piece, "3")...).want(t, 404, "not_found")
	b.inPieces(t, "", "PATCH", path, "lo", append(piece, "3")...).want(t, 401, "unauthorized")
	b.inPieces(t, b.secretKey(t), "HEAD", path+"?userId=ada", "").want(t, 200, "")
	last := b.inPieces(t, ada, "PATCH", path, "lo", append(piece, "3")...).want(t, 204, "")
	var f struct{ URL, FileName string }
	data, err := base64.RawURLEncoding.DecodeString(last.header.Get("Parley-File"))
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil || f.FileName != "a.txt" {
		t.Fatalf("%s %v", data, err)
	}
	b.ask(t, bob, "GET", f.URL, "").want(t, 404, "not_found")
	b.share(t, ada, "team", f.URL)
	if got := b.ask(t, bob, "GET", f.URL, "").want(t, 200, ""); got.text != "hello" {
		t.Errorf("%q", got.text)
	}
}

func TestTus_PagesOfTheListMayUseIt(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.Origin = []string{"https://app.example.com"} })
	ada := b.token(t, auth.Grant{User: "ada"})
	asks := map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "tus-resumable,upload-offset"}
	preflight := b.visit(t, "OPTIONS", "/api/tus/x", asks).want(t, 204, "")
	made := b.inPieces(t, ada, "POST", "/api/tus", "", "Origin", "https://app.example.com", "Upload-Length", "5", "Upload-Metadata", "channel dGVhbQ==").want(t, 201, "")
	for header, names := range map[string][]string{
		preflight.header.Get("Access-Control-Allow-Headers"): {"Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum", "Authorization"},
		made.header.Get("Access-Control-Expose-Headers"):     {"Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Max-Size", "Parley-File"},
	} {
		for _, name := range names {
			if !strings.Contains(header, name) {
				t.Errorf("%q lacks %s", header, name)
			}
		}
	}
	b.inPieces(t, ada, "POST", "/api/tus", "", "Origin", "https://evil.test", "Upload-Length", "5", "Upload-Metadata", "channel dGVhbQ==").want(t, 403, "forbidden")
}

func TestTus_RefusalsSayWhatWasWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.UploadMaxSize, c.UploadQuota = 1000, 1500 })
	ada := b.token(t, auth.Grant{User: "ada"})
	make := func(token, length, channel string) answer {
		t.Helper()
		return b.inPieces(t, token, "POST", "/api/tus", "", "Upload-Length", length, "Upload-Metadata", "channel "+base64.StdEncoding.EncodeToString([]byte(channel)))
	}
	make(ada, "1001", "team").want(t, 413, "too_large")
	make(ada, "1000", "dm:bob:eve").want(t, 403, "forbidden")
	make(b.token(t, auth.Grant{User: "ria", Scopes: []string{"chat:read"}}), "1", "team").want(t, 403, "forbidden")
	make(ada, "1000", "team").want(t, 201, "")
	make(ada, "501", "team").want(t, 403, "quota_exceeded")
	make("", "1", "team").want(t, 401, "unauthorized")
	make(b.secretKey(t), "1", "team").want(t, 400, "invalid")
	path := make(ada, "10", "team").header.Get("Location")
	wrong := b.inPieces(t, ada, "PATCH", path, "x", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "0", "Upload-Checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=").want(t, 460, "checksum_mismatch")
	if wrong.body["title"] != "Checksum Mismatch" || wrong.body["retry"] != true {
		t.Errorf("%s", wrong.text)
	}
	b.inPieces(t, ada, "OPTIONS", "/api/tus", "").want(t, 204, "")
	b.inPieces(t, ada, "DELETE", path, "").want(t, 204, "")
	if gone := b.inPieces(t, ada, "HEAD", path, ""); gone.status != 404 {
		t.Errorf("%d", gone.status)
	}
}
