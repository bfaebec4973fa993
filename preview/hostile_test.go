package preview_test

import (
	"compress/gzip"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/dial"
	"github.com/parley-chat/parley/preview"
)

func TestFind_LinksThatAreNotFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t, html("<title>x</title>"), nil)
	for _, link := range []string{
		"", "x", "/path", "//site.example/", "http:", "http://", "http:///x", "https:site.example", "http://:80/",
		"ftp://site.example/", "file:///etc/passwd", "gopher://site.example/", "javascript:alert(1)", "data:text/html,x", "ws://site.example/",
		"http://site.example:22/", "http://site.example:8080/", "https://site.example:6379/", "http://site.example:0/", "http://site.example:080/", "http://site.example:99999/",
		"http://user@site.example/", "http://user:pass@site.example/", "http://@site.example/", "http://site.example@127.0.0.1/",
		"http://site.example/\n", "http://site.example/\x00", "http://[::1", "http://a b/", "http://%zz/", "http://localhost:9000/", "http://127.0.0.1:9000/",
		"http://site.example/" + strings.Repeat("x", 2048),
	} {
		if p, err := b.find("ada", link); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%q: %+v %v", link, p, err)
		} else if link != "" && len(link) > 3 && strings.Contains(err.Error(), link) {
			t.Errorf("%q is in its error", link)
		}
	}
	if n := len(b.requests()); n != 0 {
		t.Errorf("asked %d times", n)
	}
	for _, link := range []string{"http://site.example", "HTTP://SITE.example:80/", "http://site.example:443/a?b=c%20d", "http://bücher.example/"} {
		b.has(link)
	}
}

// refusals hears why pages were not had, which is in the log alone.
type refusals struct {
	slog.Handler
	notPublic atomic.Int32
}

func (r *refusals) Handle(_ context.Context, record slog.Record) error {
	record.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && errors.Is(err, dial.ErrNotPublic) {
			r.notPublic.Add(1)
		}
		return true
	})
	return nil
}

func (r *refusals) Enabled(context.Context, slog.Level) bool { return true }

// inside is a server of this machine, which nobody may reach by a link.
func inside(t *testing.T) (port string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		html("<title>secret</title>")(w, r)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at.Port(), asked
}

func TestFind_AddressesThatAreNotPublicAreNotReached(t *testing.T) {
	t.Parallel()
	heard := &refusals{Handler: slog.DiscardHandler}
	b := setup(t, html("<title>x</title>"), func(o *preview.Options) {
		o.Transport, o.Local, o.Logger = dial.Transport(dial.Options{}), true, slog.New(heard)
	})
	port, asked := inside(t)
	hosts := []string{
		"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port, "[::ffff:127.0.0.1]:" + port, "[::ffff:7f00:1]:" + port, "127.255.255.254:" + port,
		"127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1",
		"[::]", "[fd00:ec2::254]", "[fe80::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2001:db8::1]", "[::7f00:1]",
	}
	for _, host := range hosts {
		b.lacks("http://" + host + "/")
	}
	if n := heard.notPublic.Load(); int(n) != len(hosts) {
		t.Errorf("%d of %d were refused for their address", n, len(hosts))
	}
	// What is a number to some, and a name to others: nobody has the name.
	for _, host := range []string{"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.0.1.", "localhost."} {
		b.lacks("http://" + host + "/")
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("reached %d times", n)
	}
}

// names is a DNS server in which every name is this machine, or is something
// else each time.
func names(t *testing.T) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	var turn atomic.Int32
	go func() { // until the socket is closed
		buffer := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
			private := [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}}
			switch q.Type {
			case dnsmessage.TypeA:
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: private[int(turn.Add(1))%len(private)]}}}
			case dnsmessage.TypeAAAA:
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}}}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = socket.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

// A name of the attacker's answers with addresses behind the firewall, another
// one each time it is asked: what is connected to is what counts. No other test
// of this package asks the resolver meanwhile: this one is not parallel.
func TestFind_NamesOfPrivateAddressesAreNotReached(t *testing.T) {
	usual := net.DefaultResolver
	net.DefaultResolver = names(t)
	defer func() { net.DefaultResolver = usual }()
	heard := &refusals{Handler: slog.DiscardHandler}
	b := setup(t, html("<title>x</title>"), func(o *preview.Options) {
		o.Transport, o.Logger = dial.Transport(dial.Options{}), slog.New(heard)
	})
	for range 6 {
		b.lacks("http://rebinding.test/")
		b.advance(time.Hour)
	}
	if n := heard.notPublic.Load(); n != 6 {
		t.Errorf("%d of 6 were refused for their address", n)
	}
}

func TestFind_EachRedirectIsALinkOfItsOwn(t *testing.T) {
	t.Parallel()
	port, asked := inside(t)
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		if left := strings.TrimPrefix(r.URL.Path, "/"); left != "" {
			http.Redirect(w, r, "/"+left[1:], http.StatusMovedPermanently)
			return
		}
		html("<title>there</title>")(w, r)
	}, nil)
	b.has("http://site.example/xxxx")
	b.lacks("http://site.example/xxxxx")
	b.has("http://site.example/?to=" + url.QueryEscape("http://other.example/"))
	for _, to := range []string{
		"http://127.0.0.1/", "http://127.0.0.1:" + port + "/", "http://localhost:" + port + "/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
		"http://site.example:8080/", "http://a:b@site.example/", "file:///etc/passwd", "ftp://site.example/", "javascript:alert(1)", "http://",
	} {
		b.lacks("http://site.example/?to=" + url.QueryEscape(to))
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("reached %d times", n)
	}
}

func TestFind_ASlowPageHasItsTimeAndNoMore(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 2)
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drip" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<ti"))
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
		ended <- struct{}{}
	}, func(o *preview.Options) { o.Within = 2 * time.Second }) // in which the site is asked, on a busy machine, too
	b.lacks("http://site.example/")
	b.lacks("http://site.example/drip")
	<-ended
	<-ended
}

func TestClose_EndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	b := setup(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}, nil)
	answered := make(chan error, 1)
	go func() {
		_, err := b.find("ada", "http://site.example/")
		answered <- err
	}()
	<-begun
	b.service.Close()
	if err := <-answered; chat.CodeOf(err) != chat.CodeGoingAway {
		t.Error(err)
	}
	if _, err := b.find("ada", "http://site.example/other"); chat.CodeOf(err) != chat.CodeGoingAway {
		t.Error(err)
	}
}

const end = 64 << 20 // bytes, which nobody takes

// endless are pages that never end, or unpack for ever.
var endless = map[string]struct {
	title bool // comes soon enough
	page  func(w http.ResponseWriter) (sent int)
}{
	"a body": {true, func(w http.ResponseWriter) int {
		return fill(w, "<title>x</title></head><body>", "text ", end)
	}},
	"a head": {true, func(w http.ResponseWriter) int {
		return fill(w, "<title>x</title>", "<meta name=a content=b>", end)
	}},
	"a tag": {true, func(w http.ResponseWriter) int {
		return fill(w, "<title>x</title><meta ", "a", end)
	}},
	"a title": {true, func(w http.ResponseWriter) int {
		return fill(w, "<title>", "a", end)
	}},
	"a title too far away": {false, func(w http.ResponseWriter) int {
		return fill(w, strings.Repeat("<!-- -->", 1<<16)+"<title>x</title>", "a", end)
	}},
	"a bomb": {true, func(w http.ResponseWriter) int {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		sent := fill(z, "<title>x</title>", strings.Repeat("\x00", 1<<16), 4<<30)
		_ = z.Close()
		return sent
	}},
	"a bomb before its title": {false, func(w http.ResponseWriter) int {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		sent := fill(z, "", "<!-- -->", 1<<20)
		_, _ = z.Write([]byte("<title>x</title>"))
		_ = z.Close()
		return sent
	}},
	"packed nothing": {false, func(w http.ResponseWriter) int {
		w.Header().Set("Content-Encoding", "gzip")
		return fill(w, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "\x00\x00\x00\xff\xff", end)
	}},
}

// What never ends, packed or not, is read for a bounded number of bytes, and
// what was said until then counts.
func TestFind_AnEndlessPageIsReadForSoLong(t *testing.T) {
	t.Parallel()
	for name, row := range endless {
		sent := make(chan int, 1)
		b := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			sent <- row.page(w)
		}, nil)
		if p, err := b.find("ada", "http://site.example/"); (p != nil) != row.title || err != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if n := <-sent; n >= end && name != "a bomb" || n >= 4<<30 {
			t.Errorf("%s: %d bytes were read", name, n)
		}
	}
}

// fill writes what begins, and then the same until so much was written, or
// nobody takes more.
func fill(w interface{ Write([]byte) (int, error) }, begin, again string, most int) (sent int) {
	piece := []byte(strings.Repeat(again, 1+(64<<10)/len(again)))
	if _, err := w.Write([]byte(begin)); err != nil {
		return 0
	}
	for sent < most {
		n, err := w.Write(piece)
		sent += n
		if err != nil {
			return sent
		}
	}
	return sent
}
