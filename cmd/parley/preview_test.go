package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// site is a page of this machine, with a picture.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	image := picture(t, 800, 400)
	mux := http.NewServeMux()
	mux.HandleFunc("/picture", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(image)) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<title>A &lt;page&gt;</title><meta name="description" content="Of this machine"><meta property="og:image" content="/picture">`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func previewOf(link string) string { return "/v1/previews?url=" + url.QueryEscape(link) }

func TestPreviews_AreOffUnlessTold(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "GET", previewOf("https://go.dev/"), "").want(t, 404, "not_found")
	b.ask(t, "", "GET", previewOf("https://go.dev/"), "").want(t, 401, "unauthorized")
}

func TestPreviews_SayWhatAPageIsAbout(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { dev(c); c.LinkPreviews = true })
	page := site(t)
	got := b.ask(t, "", "GET", previewOf(page.URL+"/#part")+"&userId=ada", "").want(t, 200, "")
	if got.body["title"] != "A <page>" || got.body["description"] != "Of this machine" || got.body["site"] != "127.0.0.1" || got.body["url"] != page.URL+"/" ||
		!strings.HasPrefix(got.member(t, "image"), "data:image/jpeg;base64,") {
		t.Errorf("%s", got.text)
	}
	if metrics := b.visit(t, "GET", "/metrics", nil).text; !strings.Contains(metrics, "parley_previews_total 1") || !strings.Contains(metrics, "parley_previews_fetched_total 1") {
		t.Errorf("%s", metrics)
	}
}

func TestPreviews_OfThisMachineThereAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.LinkPreviews = true })
	ada := b.token(t, auth.Grant{User: "ada"})
	b.ask(t, ada, "GET", previewOf(site(t).URL), "").want(t, 400, "invalid")
	b.ask(t, ada, "GET", "/v1/previews", "").want(t, 400, "invalid")
	for _, link := range []string{"http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/"} {
		if got := b.ask(t, ada, "GET", previewOf(link), "").want(t, 204, ""); got.text != "" {
			t.Errorf("%s: %s", link, got.text)
		}
	}
	b.ask(t, "", "GET", previewOf("http://127.0.0.1/"), "").want(t, 401, "unauthorized")
}
