package upload_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

// headers of a request, by name.
type headers map[string]string

// pieces are the headers of a PATCH at an offset.
func pieces(offset int) headers {
	return headers{"Content-Type": "application/offset+octet-stream", "Upload-Offset": strconv.Itoa(offset)}
}

// about are the headers of an upload's creation.
func about(length int, channel, name string) headers {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	return headers{
		"Upload-Length":   strconv.Itoa(length),
		"Upload-Metadata": "filename " + encode(name) + ",channel " + encode(channel),
	}
}

// tus sends a request of the protocol. The path may have a query.
func (b *bundle) tus(user, method, path string, with headers, body io.Reader) answer {
	b.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path+separator+"user="+user, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	for name, value := range with {
		r.Header.Set(name, value)
	}
	a, err := b.do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// create makes an upload of ada's, and is its path.
func (b *bundle) create(length int) string {
	b.t.Helper()
	a := b.tus("ada", http.MethodPost, upload.TusPath, about(length, "c", "a"), http.NoBody)
	path := a.header.Get("Location")
	if a.status != http.StatusCreated || path == "" || a.header.Get("Upload-Offset") != "0" || a.header.Get("Upload-Expires") == "" {
		b.t.Fatalf("%d %s %v", a.status, a.text, a.header)
	}
	return path
}

func (b *bundle) patch(path string, offset int, content []byte) answer {
	b.t.Helper()
	return b.tus("ada", http.MethodPatch, path, pieces(offset), bytes.NewReader(content))
}

// at checks how far ada's upload has come.
func (b *bundle) at(path string, want int) answer {
	b.t.Helper()
	a := b.tus("ada", http.MethodHead, path, nil, http.NoBody)
	if a.status != http.StatusOK || a.header.Get("Upload-Offset") != strconv.Itoa(want) {
		b.t.Fatalf("%d at %q, want %d", a.status, a.header.Get("Upload-Offset"), want)
	}
	return a
}

// gone checks that ada's upload is not there.
func (b *bundle) gone(path string) {
	b.t.Helper()
	if a := b.tus("ada", http.MethodHead, path, nil, http.NoBody); a.status != http.StatusTeapot || a.header.Get("Upload-Offset") != "" {
		b.t.Errorf("%d %v", a.status, a.header)
	}
	b.code(b.patch(path, 0, []byte("x")), chat.CodeNotFound)
}

// became is what an answer says that an upload has become.
func (b *bundle) became(a answer) upload.Answer {
	b.t.Helper()
	var f upload.Answer
	data, err := base64.RawURLEncoding.DecodeString(a.header.Get("Parley-File"))
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		b.t.Fatalf("%d %s %v: %v", a.status, a.text, a.header, err)
	}
	return f
}

func TestTus_AFileComesInPieces(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	picture := image(t, 400, 100)
	half := len(picture) / 2
	made := b.tus("ada", http.MethodPost, upload.TusPath+"?userId=a%26b", about(len(picture), "c", "../x/bild ü.png"), http.NoBody)
	path := made.header.Get("Location")
	if made.status != http.StatusCreated || !strings.HasSuffix(path, "?userId=a%26b") {
		t.Fatalf("%d %v", made.status, made.header)
	}
	first := b.patch(path, 0, picture[:half])
	if first.status != http.StatusNoContent || first.header.Get("Upload-Offset") != strconv.Itoa(half) || first.header.Get("Parley-File") != "" || first.header.Get("Upload-Expires") == "" {
		t.Fatalf("%d %s %v", first.status, first.text, first.header)
	}
	there := b.at(path, half)
	if there.header.Get("Upload-Length") != strconv.Itoa(len(picture)) || there.header.Get("Upload-Metadata") != about(0, "c", "../x/bild ü.png")["Upload-Metadata"] ||
		there.header.Get("Cache-Control") != "no-store" || there.header.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("%v", there.header)
	}
	last := b.patch(path, half, picture[half:])
	f := b.became(last)
	if last.status != http.StatusNoContent || f.FileName != "bild ü.png" || f.FileSize != int64(len(picture)) || f.Type != "image/png" || f.Width != 400 || f.ThumbnailURL == "" {
		t.Errorf("%d %+v", last.status, f)
	}
	if got := b.get("ada", f.URL); got.text != string(picture) {
		t.Errorf("%d bytes of %d", len(got.text), len(picture))
	}
	if again := b.became(b.at(path, len(picture))); again != f {
		t.Errorf("%+v, then %+v", f, again)
	}
	if repeated := b.patch(path, len(picture), nil); b.became(repeated) != f {
		t.Errorf("%v", repeated.header)
	}
	if left := b.left("spool"); len(left) != 0 || len(b.records("tus/")) != 0 || b.service.Stats().Kept != 1 || b.service.Stats().UnderWay != 0 {
		t.Errorf("%v %v %+v", left, b.store.all(), b.service.Stats())
	}
	// What it became may go; then there is nothing to tell of any more.
	if err := b.service.Delete(t.Context(), &chat.Identity{Project: "p", User: "ada"}, strings.TrimPrefix(f.URL, "/files/")); err != nil {
		t.Fatal(err)
	}
	if a := b.tus("ada", http.MethodHead, path, nil, http.NoBody); a.status != http.StatusTeapot {
		t.Errorf("%d", a.status)
	}
}

func TestTus_CreationTakesBytesAlong(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	with := about(5, "c", "a")
	maps.Copy(with, headers{"Content-Type": "application/offset+octet-stream"})
	whole := b.tus("ada", http.MethodPost, upload.TusPath, with, strings.NewReader("hello"))
	if f := b.became(whole); whole.status != http.StatusCreated || whole.header.Get("Upload-Offset") != "5" || b.get("ada", f.URL).text != "hello" {
		t.Errorf("%d %v", whole.status, whole.header)
	}
	part := b.tus("ada", http.MethodPost, upload.TusPath, with, strings.NewReader("hel"))
	if part.status != http.StatusCreated || part.header.Get("Upload-Offset") != "3" {
		t.Fatalf("%d %v", part.status, part.header)
	}
	if f := b.became(b.patch(part.header.Get("Location"), 3, []byte("lo!"[:2]))); b.get("ada", f.URL).text != "hello" {
		t.Errorf("%+v", f)
	}
	nothing := b.tus("ada", http.MethodPost, upload.TusPath, about(0, "c", "empty"), http.NoBody)
	if f := b.became(nothing); f.FileSize != 0 || b.get("ada", f.URL).status != http.StatusOK {
		t.Errorf("%+v", f)
	}
	b.code(b.tus("ada", http.MethodPost, upload.TusPath, with, strings.NewReader("too long")), chat.CodeTooLarge)
	if left := b.left("spool"); len(left) != 0 || len(b.records("tus/")) != 0 {
		t.Errorf("%v %v", left, b.records("tus/"))
	}
}

func TestTus_SaysWhatItSpeaks(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	said := b.tus("", http.MethodOptions, upload.TusPath, headers{"Tus-Resumable": ""}, http.NoBody)
	if said.status != http.StatusNoContent || said.header.Get("Tus-Version") != "1.0.0" || said.header.Get("Tus-Max-Size") != strconv.Itoa(upload.DefaultMaxSize) ||
		said.header.Get("Tus-Extension") != "creation,creation-with-upload,termination,expiration,checksum" || said.header.Get("Tus-Checksum-Algorithm") != "sha1,sha256" {
		t.Errorf("%d %v", said.status, said.header)
	}
	old := about(1, "c", "a")
	old["Tus-Resumable"] = "0.2.2"
	refused := b.tus("ada", http.MethodPost, upload.TusPath, old, http.NoBody)
	b.code(refused, chat.CodeTus)
	if refused.header.Get("Tus-Version") != "1.0.0" {
		t.Errorf("%v", refused.header)
	}
	path := b.create(2)
	overridden := pieces(0)
	overridden["X-HTTP-Method-Override"] = "PATCH"
	if a := b.tus("ada", http.MethodPost, path, overridden, strings.NewReader("ab")); a.header.Get("Upload-Offset") != "2" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestTus_AnotherOffsetChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(6)
	b.patch(path, 0, []byte("abc"))
	for _, offset := range []int{0, 2, 4, 6, 1 << 40} {
		b.code(b.patch(path, offset, []byte("x")), chat.CodeOffset)
	}
	b.code(b.patch(path, 3, []byte("defg")), chat.CodeTooLarge)
	b.at(path, 3)
	if f := b.became(b.patch(path, 3, []byte("def"))); b.get("ada", f.URL).text != "abcdef" {
		t.Errorf("%+v", f)
	}
}

func TestTus_AnothersUploadIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(3)
	for method, with := range map[string]headers{http.MethodHead: nil, http.MethodPatch: pieces(0), http.MethodDelete: nil} {
		if a := b.tus("bob", method, path, with, http.NoBody); a.status != http.StatusTeapot || method != http.MethodHead && a.body["code"] != string(chat.CodeNotFound) {
			t.Errorf("%s: %d %s", method, a.status, a.text)
		}
	}
	b.at(path, 0)
	f := b.became(b.patch(path, 0, []byte("abc")))
	if a := b.tus("bob", http.MethodHead, path, nil, http.NoBody); a.status != http.StatusTeapot || a.header.Get("Parley-File") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	b.has("bob", f.URL, false)
}

// A right may go at any time: it is asked for when an upload is made, before
// anything is taken, and before the file is.
func TestTus_RightsAreAskedAtEachStep(t *testing.T) {
	t.Parallel()
	var refused func(asked int) bool
	asked := 0
	b := setup(t, func(o *upload.Options) {
		o.Permit = func(_ context.Context, _ *chat.Identity, _ string, op chat.Operation) error {
			if asked++; op != chat.OpPost || refused(asked) {
				return chat.E(chat.CodeForbidden, "not any more")
			}
			return nil
		}
	})
	for at := 1; at <= 4; at++ {
		asked, refused = 0, func(n int) bool { return n == at }
		made := b.tus("ada", http.MethodPost, upload.TusPath, about(2, "c", "a"), http.NoBody) // 1
		if at == 1 {
			b.code(made, chat.CodeForbidden)
			continue
		}
		path := made.header.Get("Location")
		first := b.patch(path, 0, []byte("a")) // 2
		if at == 2 {
			b.code(first, chat.CodeForbidden)
			b.at(path, 0)
			continue
		}
		last := b.patch(path, 1, []byte("b")) // 3, and 4 at its end
		b.code(last, chat.CodeForbidden)
		refused = func(int) bool { return true }
		if a := b.tus("ada", http.MethodHead, path, nil, http.NoBody); at == 4 && (a.status != http.StatusTeapot || a.header.Get("Parley-File") != "") {
			t.Errorf("%d %v", a.status, a.header)
		}
		refused = func(int) bool { return false }
		if at == 4 { // all of it is there: the right was all that lacked
			b.became(b.at(path, 2))
		} else {
			b.at(path, 1)
		}
	}
	if asked == 0 || len(b.records("file/")) != 1 {
		t.Errorf("%d asked, %v", asked, b.records("file/"))
	}
}

func TestTus_QuotaAndBoundsHoldBeforeTheBytesCome(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.UserQuota, o.MaxSize = 100, 60 })
	refuse := func(length int, want chat.Code) {
		t.Helper()
		b.code(b.tus("ada", http.MethodPost, upload.TusPath, about(length, "c", "a"), http.NoBody), want)
	}
	refuse(61, chat.CodeTooLarge)
	path := b.create(60)
	refuse(41, chat.CodeQuota) // the first is not here yet, and counts
	b.create(40)
	refuse(1, chat.CodeQuota)
	if a := b.tus("ada", http.MethodDelete, path, nil, http.NoBody); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.text)
	}
	b.gone(path)
	b.create(60)

	many := setup(t, nil)
	for range 32 {
		many.create(1)
	}
	many.code(many.tus("ada", http.MethodPost, upload.TusPath, about(1, "c", "a"), http.NoBody), chat.CodeTooMany)
	many.code(many.tus("bob", http.MethodPost, upload.TusPath, about(1, "closed", "a"), http.NoBody), chat.CodeForbidden)
	if a := many.tus("bob", http.MethodPost, upload.TusPath, about(1, "c", "a"), http.NoBody); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestTus_ATypeThatIsNotTakenEndsTheUpload(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.Types = []string{"image/*"} })
	path := b.create(4)
	b.code(b.patch(path, 0, []byte("text")), chat.CodeType)
	b.gone(path)
	if left := b.left("spool"); len(left) != 0 || len(b.records("tus")) != 0 || len(b.left("blobs")) != 0 {
		t.Errorf("%v %v", left, b.store.all())
	}
}

func TestTus_AChecksumIsHeldAgainstTheBytes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(6)
	b.patch(path, 0, []byte("abc"))
	with := func(content string) headers {
		sum := sha1.Sum([]byte(content))
		h := pieces(3)
		h["Upload-Checksum"] = "sha1 " + base64.StdEncoding.EncodeToString(sum[:])
		return h
	}
	b.code(b.tus("ada", http.MethodPatch, path, with("def"), strings.NewReader("dXf")), chat.CodeChecksum)
	b.at(path, 3)
	for _, bad := range []string{"md5 AAAA", "sha1", "sha1 AAAA", "sha1 !", "sha256 " + with("x")["Upload-Checksum"][5:]} {
		h := pieces(3)
		h["Upload-Checksum"] = bad
		b.code(b.tus("ada", http.MethodPatch, path, h, strings.NewReader("def")), chat.CodeInvalid)
	}
	if f := b.became(b.tus("ada", http.MethodPatch, path, with("def"), strings.NewReader("def"))); b.get("ada", f.URL).text != "abcdef" {
		t.Errorf("%+v", f)
	}
}

func TestTus_WhatIsNotFinishedGoesAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	old, whole := b.create(6), b.create(2)
	b.patch(old, 0, []byte("abc"))
	url := b.became(b.patch(whole, 0, []byte("ab"))).URL
	b.clock.advance(23 * time.Hour)
	b.store.refer(url, true)
	young := b.create(6)
	b.patch(young, 0, []byte("abc"))
	b.collect()
	b.patch(old, 3, []byte("d"))
	b.clock.advance(2 * time.Hour)
	b.at(old, 4) // something came two hours ago
	b.clock.advance(21 * time.Hour)
	b.patch(young, 3, []byte("d"))
	b.clock.advance(2 * time.Hour)
	b.gone(old) // before it is collected, too
	b.collect()
	b.gone(old)
	b.gone(whole) // the file stays
	b.has("ada", url, true)
	b.at(young, 4)
	if left := b.left("spool"); len(left) != 1 || len(b.records("tus")) != 1 {
		t.Errorf("%v %v", left, b.records("tus"))
	}
	if f := b.became(b.patch(young, 4, []byte("ef"))); b.get("ada", f.URL).text != "abcdef" {
		t.Errorf("%+v", f)
	}
}

func TestTus_AStrayInTheSpoolGoesAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(6)
	b.patch(path, 0, []byte("abc"))
	if err := os.WriteFile(filepath.Join(b.dir, "spool", "unfinished", "STRAY"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.collect()
	if left := b.left("spool"); len(left) != 2 {
		t.Errorf("%v: it may be of a moment ago", left)
	}
	b.clock.advance(23 * time.Hour)
	b.patch(path, 3, []byte("d"))
	b.clock.advance(2 * time.Hour)
	b.collect()
	if left := b.left("spool"); len(left) != 1 {
		t.Errorf("%v", left)
	}
	b.at(path, 4)
}
