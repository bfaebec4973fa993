package preview_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/preview"
)

func TestFind_SaysWhatAPageSaysOfItself(t *testing.T) {
	t.Parallel()
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("<title>Größe</title>")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		kind, page string
		want       preview.Preview // but for its URL
	}{
		"a title":             {"text/html", "<title>Hello</title>", preview.Preview{Title: "Hello"}},
		"what is for this":    {"text/html", `<meta property="og:title" content="A"><title>B</title><meta name=description content="c"><meta property="og:description" content="D"><meta property="og:site_name" content="S">`, preview.Preview{Title: "A", Description: "D", Site: "S"}},
		"a description":       {"text/html", `<META NAME="Description" CONTENT="c">`, preview.Preview{Title: "site.example", Description: "c"}},
		"the first counts":    {"text/html", `<title>a</title><title>b</title>`, preview.Preview{Title: "a"}},
		"two names":           {"text/html", `<meta name="x" property="og:title" content="A">`, preview.Preview{Title: "A"}},
		"entities":            {"text/html", `<title>a &lt;b&gt; &amp;amp; &#x1F600;</title>`, preview.Preview{Title: "a <b> &amp; 😀"}},
		"markup is text":      {"text/html", `<title><img src=x onerror=alert(1)></title>`, preview.Preview{Title: "<img src=x onerror=alert(1)>"}},
		"one line":            {"text/html", "<title>\n a \t\r\n b\x00 </title>", preview.Preview{Title: "a b"}},
		"no turned text":      {"text/html", "<title>exe.\u202egnp\u2066</title>", preview.Preview{Title: "exe.gnp"}},
		"by the header":       {"text/html; charset=windows-1252", "<title>Gr\xf6\xdfe</title>", preview.Preview{Title: "Größe"}},
		"by the page":         {"text/html", "<meta charset=iso-8859-2><title>\xb1</title>", preview.Preview{Title: "ą"}},
		"by its first bytes":  {"text/html", utf16, preview.Preview{Title: "Größe"}},
		"broken letters":      {"text/html; charset=utf-8", "<title>a\xff\xfeb</title>", preview.Preview{Title: "ab"}},
		"not in the body":     {"text/html", `<title>a</title></head><meta name=description content=x>`, preview.Preview{Title: "a"}},
		"after a long script": {"text/html", `<script>` + strings.Repeat("x", 300<<10) + `</script><style>` + strings.Repeat("y", 100<<10) + `</style><title>a</title>`, preview.Preview{Title: "a"}},
		"half a page":         {"text/html", `<title>a</title><meta name="descr`, preview.Preview{Title: "a"}},
		"a long title":        {"text/html", "<title>" + strings.Repeat("ü", 300) + "</title>", preview.Preview{Title: strings.Repeat("ü", 199) + "…"}},
	} {
		b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", row.kind)
			_, _ = w.Write([]byte(row.page))
		}, nil)
		row.want.URL = "http://site.example/"
		if row.want.Site == "" {
			row.want.Site = "site.example"
		}
		if got := b.has("http://site.example/#part"); *got != row.want {
			t.Errorf("%s: %+v, want %+v", name, *got, row.want)
		}
	}
}

func TestFind_APageThatSaysNothingHasNone(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]http.HandlerFunc{
		"no title":   html("<p>text"),
		"no letters": html("<title> \u200b </title>"),
		"nothing":    html(""),
		"not found": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<title>x</title>"))
		},
		"JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("<title>x</title>"))
		},
		"SVG": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = w.Write([]byte("<title>x</title>"))
		},
		"no type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = w.Write([]byte("<title>x</title>"))
		},
		"packed anew": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write([]byte("<title>x</title>"))
		},
		"no gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("<title>x</title>"))
		},
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"other letters": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=")
			_, _ = w.Write([]byte("<p>"))
		},
	} {
		b := setup(t, page, nil)
		b.lacks("http://site.example/")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestFind_NothingOfTheRequestSaysForWhom(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		if r.URL.Path == "/" {
			http.Redirect(w, r, "http://other.example/there", http.StatusFound)
			return
		}
		html("<title>x</title>")(w, r)
	}, func(o *preview.Options) { o.Agent = "Parley/1" })
	b.has("http://site.example/?q=secret")
	b.has("http://site.example/?q=more")
	for _, r := range b.requests() {
		for name := range r.Header {
			if name != "User-Agent" && name != "Accept" && name != "Accept-Encoding" {
				t.Errorf("%s: %s", name, r.Header.Get(name))
			}
		}
		if r.Header.Get("User-Agent") != "Parley/1" || r.Method != http.MethodGet {
			t.Errorf("%s %v", r.Method, r.Header)
		}
	}
}

func TestFind_APageIsAskedOnceAndKeptForATime(t *testing.T) {
	t.Parallel()
	going := make(chan struct{})
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		<-going
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		html("<title>x</title>")(w, r)
	}, nil)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { b.has("HTTP://Site.example/a#b") })
	}
	close(going)
	all.Wait()
	b.has("http://site.example/a")
	if n := len(b.requests()); n != 1 {
		t.Errorf("asked %d times", n)
	}
	b.lacks("http://site.example/none")
	b.advance(4 * time.Minute)
	b.lacks("http://site.example/none")
	if n := len(b.requests()); n != 2 {
		t.Errorf("asked %d times", n)
	}
	b.advance(2 * time.Minute)
	b.lacks("http://site.example/none")
	b.has("http://site.example/a")
	if n := len(b.requests()); n != 3 {
		t.Errorf("asked %d times", n)
	}
	b.advance(time.Hour)
	b.has("http://site.example/a")
	if n := len(b.requests()); n != 4 {
		t.Errorf("asked %d times", n)
	}
	if s := b.service.Stats(); s.Answered != 13 || s.Fetched != 4 || s.Failed != 2 {
		t.Errorf("%+v", s)
	}
}

func TestFind_AUserAsksSoManyAndNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t, html("<title>x</title>"), func(o *preview.Options) { o.Burst, o.Every = 2, time.Minute })
	b.has("http://site.example/1")
	b.has("http://site.example/2")
	_, err := b.find("ada", "http://site.example/3")
	if e := chat.AsError(err); e.Code != chat.CodeRateLimited || e.RetryAfter != time.Minute {
		t.Errorf("%v", err)
	}
	b.has("http://site.example/2") // it is kept, and costs nothing
	if _, err := b.find("bob", "http://site.example/3"); err != nil {
		t.Errorf("another user: %v", err)
	}
	b.advance(time.Minute)
	b.has("http://site.example/4")
	if _, err := b.find("ada", "http://site.example/5"); chat.CodeOf(err) != chat.CodeRateLimited {
		t.Errorf("%v", err)
	}
}

func TestFind_BoundsHowManyPagesAreAskedAtOnce(t *testing.T) {
	t.Parallel()
	if n := askedAtOnce(t, 16, func(i int) string { return string(rune('a' + i)) }); n != 16 {
		t.Errorf("%d at once", n)
	}
	if n := askedAtOnce(t, 6, func(int) string { return "ada" }); n != 6 {
		t.Errorf("%d of one user's at once", n)
	}
}

// askedAtOnce is how many of 40 slow pages are asked, of which all but so many
// are refused.
func askedAtOnce(t *testing.T, pages int, user func(i int) string) int {
	t.Helper()
	going := make(chan struct{})
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		<-going
		html("<title>x</title>")(w, r)
	}, nil)
	refused := make(chan error, 40)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			_, err := b.find(user(i), "http://site.example/"+strings.Repeat("x", i))
			if err != nil {
				refused <- err
			}
		})
	}
	for range 40 - pages {
		if err := <-refused; chat.CodeOf(err) != chat.CodeRateLimited {
			t.Error(err)
		}
	}
	close(going)
	all.Wait()
	return len(b.requests())
}

func TestFind_APictureIsDrawnHere(t *testing.T) {
	t.Parallel()
	drawn := func(_ context.Context, content []byte, _ int) (string, []byte, error) {
		if string(content) != "a picture" {
			return "", nil, errors.New("no picture")
		}
		return "image/jpeg", []byte("small"), nil
	}
	for link, want := range map[string]string{
		"/picture":                        "data:image/jpeg;base64,c21hbGw=",
		"//other.example/picture":         "data:image/jpeg;base64,c21hbGw=",
		"/packed":                         "data:image/jpeg;base64,c21hbGw=",
		"/text":                           "",
		"/large":                          "",
		"/none":                           "",
		"http://127.0.0.1/picture":        "",
		"http://site.example:8080/x":      "",
		"http://a:b@site.example/picture": "",
		"javascript:alert(1)":             "",
		"data:image/png;base64,AAAA":      "",
		"http://[::1":                     "",
	} {
		b := setup(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/":
				html(`<title>x</title><meta property="og:image" content="`+link+`">`)(w, r)
			case "/picture":
				_, _ = w.Write([]byte("a picture"))
			case "/packed":
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				_, _ = z.Write([]byte("a picture"))
				_ = z.Close()
			case "/large":
				_, _ = w.Write(bytes.Repeat([]byte("x"), 3<<20))
			case "/text":
				_, _ = w.Write([]byte("text"))
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}, func(o *preview.Options) { o.Draw = drawn })
		if got := b.has("http://site.example/"); got.Image != want || got.Title != "x" {
			t.Errorf("%s: %+v", link, got)
		}
	}
}
