package upload_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
)

// hostile are a request's headers, and what it is refused with.
type hostile struct {
	with headers
	code chat.Code
}

// refused checks that each request is, by its name.
func (b *bundle) refused(method, path string, body string, all map[string]hostile) {
	b.t.Helper()
	for name, row := range all {
		a := b.tus("ada", method, path, row.with, strings.NewReader(body))
		if b.code(a, row.code); b.t.Failed() {
			b.t.Fatal(name)
		}
	}
}

func TestTus_HostileCreationsAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *upload.Options) { o.MaxSize = 1000 })
	good := about(3, "c", "a")["Upload-Metadata"]
	for length, code := range map[string]chat.Code{
		"": chat.CodeInvalid, "-1": chat.CodeInvalid, "+1": chat.CodeInvalid, "0x10": chat.CodeInvalid, "1, 2": chat.CodeInvalid,
		"１": chat.CodeInvalid, "9223372036854775808": chat.CodeInvalid, "9223372036854775807": chat.CodeTooLarge, "1001": chat.CodeTooLarge,
	} {
		b.refused(http.MethodPost, upload.TusPath, "", map[string]hostile{"length " + length: {headers{"Upload-Length": length, "Upload-Metadata": good}, code}})
	}
	for given, code := range map[string]chat.Code{
		"filename YQ==":                           chat.CodeInvalid, // no channel
		"channel ":                                chat.CodeInvalid,
		"channel general":                         chat.CodeInvalid, // not in base64
		good + ",channel Yw==":                    chat.CodeInvalid, // twice
		good + ",conversationId ZA==":             chat.CodeInvalid, // another one
		good + ",k\xe9y YQ==":                     chat.CodeInvalid,
		good + ",,":                               chat.CodeInvalid,
		"channel Yw== Yw==":                       chat.CodeInvalid,
		good + strings.Repeat(",a", 50):           chat.CodeInvalid,
		good + ",x " + strings.Repeat("A", 9<<10): chat.CodeTooLarge,
	} {
		b.refused(http.MethodPost, upload.TusPath, "", map[string]hostile{given: {headers{"Upload-Length": "1", "Upload-Metadata": given}, code}})
	}
	b.refused(http.MethodPost, upload.TusPath, "", map[string]hostile{
		"no length":            {headers{"Upload-Metadata": good}, chat.CodeInvalid},
		"a length to come":     {headers{"Upload-Defer-Length": "1", "Upload-Metadata": good}, chat.CodeInvalid},
		"no metadata":          {headers{"Upload-Length": "1"}, chat.CodeInvalid},
		"a channel of another": {about(1, "closed", "a"), chat.CodeForbidden},
	})
	b.code(b.tus("", http.MethodPost, upload.TusPath, about(1, "c", "a"), http.NoBody), chat.CodeUnauthorized)
	b.code(b.tus("ada", http.MethodGet, upload.TusPath, nil, http.NoBody), chat.CodeMethodNotFound)
	if left := b.left("spool"); len(left) != 0 || len(b.records("tus")) != 0 {
		t.Errorf("%v %v", left, b.records("tus"))
	}
}

func TestTus_HostilePiecesAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(3)
	b.refused(http.MethodPatch, path, "x", map[string]hostile{
		"no offset":         {headers{"Content-Type": "application/offset+octet-stream"}, chat.CodeInvalid},
		"a negative offset": {headers{"Content-Type": "application/offset+octet-stream", "Upload-Offset": "-1"}, chat.CodeInvalid},
		"a huge offset":     {headers{"Content-Type": "application/offset+octet-stream", "Upload-Offset": strings.Repeat("9", 30)}, chat.CodeInvalid},
		"another type":      {headers{"Content-Type": "application/octet-stream", "Upload-Offset": "0"}, chat.CodeType},
		"no type":           {headers{"Upload-Offset": "0"}, chat.CodeType},
	})
	b.at(path, 0)
	for _, nowhere := range []string{"/", "/x", "/..%2f..%2fx", path[len(upload.TusPath):] + "/", "/" + strings.Repeat("A", 26), "/" + strings.ToLower(path[len(upload.TusPath)+1:])} {
		b.code(b.tus("ada", http.MethodPatch, upload.TusPath+nowhere, pieces(0), strings.NewReader("x")), chat.CodeNotFound)
	}
	b.code(b.tus("ada", http.MethodGet, path, nil, http.NoBody), chat.CodeMethodNotFound)
	if left := b.left("spool"); len(left) != 0 || len(b.records("tus")) != 1 {
		t.Errorf("%v %v", left, b.records("tus"))
	}
}

// A body without a length may go on for ever: what the upload takes is taken.
func TestTus_ABodyWithoutALengthIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	path := b.create(3)
	b.code(b.tus("ada", http.MethodPatch, path, pieces(0), endless{}), chat.CodeTooLarge)
	if f := b.became(b.patch(path, 0, []byte("abc"))); b.get("ada", f.URL).text != "abc" {
		t.Errorf("%+v", f)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// FuzzMetadata makes uploads with any metadata: one is made or refused, and
// what was taken is given back as it was.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		"", "channel Yw==", "filename YQ==,channel Yw==", "conversationId Yw==", "channel", "channel Yw==,", " ,", "a b c", "channel Yw==,channel Yw==",
		"channel " + strings.Repeat("A", 1000), strings.Repeat("a,", 100), "\x00 YQ==", "channel Yw==\r\nX: y", "filename /////w==,channel Yw==",
	} {
		f.Add(seed)
	}
	b := setup(f, nil)
	f.Fuzz(func(t *testing.T, given string) {
		ask := func(method, path string, with headers) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, path+"?user=ada", http.NoBody)
			r.Header.Set("Tus-Resumable", "1.0.0")
			for name, value := range with {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			b.service.ServeTus(w, r)
			return w
		}
		w := ask(http.MethodPost, upload.TusPath, headers{"Upload-Length": "1", "Upload-Metadata": given})
		if w.Code == http.StatusTeapot && !strings.Contains(w.Body.String(), string(chat.CodeInternal)) {
			return
		}
		path := w.Header().Get("Location")
		if w.Code != http.StatusCreated || ask(http.MethodHead, path, nil).Header().Get("Upload-Metadata") != given {
			t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
		}
		if end := ask(http.MethodDelete, path, nil); end.Code != http.StatusNoContent {
			t.Errorf("%d %s", end.Code, end.Body)
		}
	})
}
