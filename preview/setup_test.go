package preview_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/dial"
	"github.com/parley-chat/parley/preview"
)

// bundle is a service, and a site that is on the public internet as far as the
// service can see: every name that ends in .example.
type bundle struct {
	t       *testing.T
	service *preview.Service
	site    *httptest.Server

	mu    sync.Mutex
	asked []*http.Request
	ahead time.Duration
}

func setup(t *testing.T, page http.HandlerFunc, change func(*preview.Options)) *bundle {
	t.Helper()
	b := &bundle{t: t}
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r)
		b.mu.Unlock()
		page(w, r)
	}))
	o := preview.Options{Transport: b.transport(), Now: b.now, Burst: 1000, Within: 30 * time.Second}
	if change != nil {
		change(&o)
	}
	b.service = preview.New(o)
	t.Cleanup(func() {
		b.service.Close()
		b.site.CloseClientConnections()
		b.site.Close()
	})
	return b
}

// transport is the strict one, but for the names of the site.
func (b *bundle) transport() *http.Transport {
	transport := dial.Transport(dial.Options{})
	strict := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".example") {
			return new(net.Dialer).DialContext(ctx, network, b.site.Listener.Addr().String())
		}
		return strict(ctx, network, address)
	}
	return transport
}

func (b *bundle) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(b.ahead)
}

func (b *bundle) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ahead += d
}

// requests are those that the site has had.
func (b *bundle) requests() []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*http.Request(nil), b.asked...)
}

func (b *bundle) find(user, link string) (*preview.Preview, error) {
	return b.service.Find(b.t.Context(), &chat.Identity{Project: "p", User: user}, link)
}

// has is the preview that there must be.
func (b *bundle) has(link string) *preview.Preview {
	b.t.Helper()
	p, err := b.find("ada", link)
	if p == nil || err != nil {
		b.t.Fatalf("%s: %+v, %v", link, p, err)
	}
	return p
}

// lacks checks that there is none, which nothing tells from another that there is not.
func (b *bundle) lacks(link string) {
	b.t.Helper()
	p, err := b.find("ada", link)
	if p != nil || err != nil {
		b.t.Errorf("%s: %+v, %v", link, p, err)
	}
}

// html answers with a page.
func html(page string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page))
	}
}
