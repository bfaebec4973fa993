package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/auth"
)

// stopwatch is a clock that stands still until it is set on.
type stopwatch struct {
	mu sync.Mutex
	at time.Time
}

func (c *stopwatch) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *stopwatch) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// doorway is a server behind bounds of ten a second, three at once. It knows
// the token "good".
type doorway struct {
	clock   *stopwatch
	bounds  *addresses
	handler http.Handler
}

func newDoorway(t *testing.T, change func(*Serve)) *doorway {
	t.Helper()
	c := &Serve{Addr: []string{"127.0.0.1:0"}, Addresses: Addresses{AddressRate: 10, AddressBurst: 3}}
	if change != nil {
		change(c)
	}
	if err := c.checkAddresses(); err != nil {
		t.Fatal(err)
	}
	d := &doorway{clock: &stopwatch{at: time.Unix(1_800_000_000, 0)}}
	d.bounds = c.addresses(d.clock.now)
	d.handler = d.bounds.before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.Header.Get("Authorization"); token != "" && token != "Bearer good" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	return d
}

// ask is the status of an answer to a request from there.
func (d *doorway) ask(t *testing.T, from, path string, header ...string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.RemoteAddr = from
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if w.Code == http.StatusTooManyRequests && (w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"rate_limited"`)) {
		t.Errorf("refused with %v %s", w.Header(), w.Body)
	}
	return w.Code
}

// passes is how many of ten requests are let through.
func (d *doorway) passes(t *testing.T, from, path string, header ...string) int {
	t.Helper()
	n := 0
	for range 10 {
		if d.ask(t, from, path, header...) != http.StatusTooManyRequests {
			n++
		}
	}
	return n
}

func TestAddress_BoundsWhatBeginsAndWhatNamesNobody(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		path   string
		header []string
		want   int
	}{
		"without credentials":            {"/v1/channels/news/messages", nil, 3},
		"with good ones":                 {"/v1/channels/news/messages", []string{"Authorization", "Bearer good"}, 10},
		"with bad ones":                  {"/v1/channels/news/messages", []string{"Authorization", "Bearer bad"}, 3},
		"a WebSocket, though named":      {"/v1/ws?token=x", []string{"Upgrade", "websocket"}, 3},
		"Engine.IO, the handshake":       {"/socket.io/?EIO=4&transport=polling&token=x", nil, 3},
		"Engine.IO, a poll of a session": {"/socket.io/?EIO=4&sid=x&token=x", nil, 10},
	} {
		d := newDoorway(t, nil)
		if got := d.passes(t, "192.0.2.1:5000", row.path, row.header...); got != row.want {
			t.Errorf("%s: %d of 10 pass, want %d", name, got, row.want)
		}
		d.clock.advance(200 * time.Millisecond)
		if got := d.passes(t, "192.0.2.1:6000", row.path, row.header...); got != min(row.want, 2) && row.want != 10 {
			t.Errorf("%s, 200 ms later: %d of 10 pass, want 2", name, got)
		}
		if got := d.passes(t, "192.0.2.2:5000", row.path, row.header...); got != row.want {
			t.Errorf("%s: %d of another's pass, want %d", name, got, row.want)
		}
	}
}

// Those who have good credentials do not pay for what others of the address ask.
func TestAddress_DoesNotBoundWhoIsKnown(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, nil)
	d.passes(t, "192.0.2.1:5000", "/v1/channels")
	if got := d.passes(t, "192.0.2.1:5001", "/v1/channels", "Authorization", "Bearer good"); got != 10 {
		t.Errorf("%d of 10 pass", got)
	}
}

func TestAddress_OfIPv6IsANetwork(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, nil)
	passed := 0
	for i := range 10 {
		if d.ask(t, fmt.Sprintf("[2001:db8:1:2:%x::1]:5000", i), "/") == http.StatusOK {
			passed++
		}
	}
	if passed != 3 {
		t.Errorf("%d of 10 of a /64 pass", passed)
	}
	if got := d.passes(t, "[2001:db8:1:3::1]:5000", "/"); got != 3 {
		t.Errorf("%d of 10 of another /64 pass", got)
	}
	if got := d.passes(t, "[::ffff:192.0.2.1]:5000", "/") + d.passes(t, "192.0.2.1:5000", "/"); got != 3 {
		t.Errorf("%d of an IPv4 address in two guises pass", got)
	}
}

func TestAddress_BelievesTrustedProxiesAlone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		peer string
		hops []string
		want string
	}{
		"nobody between":                  {"192.0.2.1:1", nil, "192.0.2.1"},
		"a client's own claim":            {"192.0.2.1:1", []string{"198.51.100.7"}, "192.0.2.1"},
		"a proxy":                         {"10.1.1.1:1", []string{"192.0.2.1"}, "192.0.2.1"},
		"a claim before a proxy":          {"10.1.1.1:1", []string{"198.51.100.7, 192.0.2.1"}, "192.0.2.1"},
		"two proxies":                     {"127.0.0.1:1", []string{"198.51.100.7, 192.0.2.1, 10.2.2.2"}, "192.0.2.1"},
		"two header lines":                {"10.1.1.1:1", []string{"192.0.2.1", "10.2.2.2"}, "192.0.2.1"},
		"with a port":                     {"10.1.1.1:1", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		"IPv6":                            {"10.1.1.1:1", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6 with a port":                {"10.1.1.1:1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		"IPv4 in IPv6":                    {"[::ffff:10.1.1.1]:1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		"nonsense":                        {"10.1.1.1:1", []string{"192.0.2.1, unknown"}, "10.1.1.1"},
		"a proxy that says nothing":       {"10.1.1.1:1", nil, "10.1.1.1"},
		"a local proxy that is not named": {"127.0.0.2:1", []string{"192.0.2.1"}, "127.0.0.2"},
	} {
		d := newDoorway(t, func(c *Serve) { c.TrustedProxy = []string{"10.0.0.0/8", "127.0.0.1"} })
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = row.peer
		r.Header["X-Forwarded-For"] = row.hops
		if got, ok := d.bounds.client(r); !ok || got.String() != row.want {
			t.Errorf("%s: %v, want %s", name, got, row.want)
		}
	}
}

func TestAddress_OfThisMachineAndUnderDevIsNotBounded(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, nil)
	if got := d.passes(t, "127.0.0.1:5000", "/") + d.passes(t, "[::1]:5000", "/"); got != 20 {
		t.Errorf("%d of 20 pass", got)
	}
	for name, change := range map[string]func(*Serve){
		"--dev":            func(c *Serve) { c.Dev = true },
		"--address-rate 0": func(c *Serve) { c.AddressRate = 0 },
	} {
		if got := newDoorway(t, change).passes(t, "192.0.2.1:5000", "/"); got != 10 {
			t.Errorf("%s: %d of 10 pass", name, got)
		}
	}
}

// An attacker with many addresses takes no more memory than these bounds.
func TestAddress_KeepsABoundedNumberAndForgets(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, nil)
	for i := range maxAddresses + 100 {
		d.ask(t, fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>16, i&0xffff), "/")
	}
	if n := len(d.bounds.known); n != maxAddresses {
		t.Errorf("%d are known", n)
	}
	if got := d.passes(t, "[2001:db9::1]:1", "/"); got != 0 {
		t.Errorf("%d of those that there is no room for pass", got)
	}
	d.clock.advance(2 * forgetEvery)
	if got := d.passes(t, "[2001:db9::1]:1", "/"); got != 3 || len(d.bounds.known) != 1 {
		t.Errorf("later %d pass, and %d are known", got, len(d.bounds.known))
	}
}

func TestAddress_RefusesSettingsThatMeanNothing(t *testing.T) {
	t.Parallel()
	for _, a := range []Addresses{
		{AddressRate: -1},
		{AddressRate: 1},
		{AddressRate: 1, AddressBurst: -1},
		{TrustedProxy: []string{"everybody"}},
		{TrustedProxy: []string{"10.0.0.0/33"}},
		{TrustedProxy: []string{""}},
	} {
		if a.checkAddresses() == nil {
			t.Errorf("%+v is taken", a)
		}
	}
}

func TestAddress_IsBoundedAtEveryDoor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) {
		c.Addresses = Addresses{TrustedProxy: []string{"127.0.0.0/8"}, AddressRate: 0.001, AddressBurst: 1}
	})
	token := b.token(t, auth.Grant{User: "ada"})
	for i, d := range b.table {
		from := map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.100.7, 192.0.2.%d", i+1)}
		path := strings.TrimSuffix(strings.TrimPrefix(d.pattern, "GET "), "{$}")
		if first := b.visit(t, "GET", path, from); first.status == http.StatusTooManyRequests {
			t.Errorf("%s: the first is refused", path)
		}
		b.visit(t, "GET", path, from).want(t, 429, "rate_limited")
		if named := b.visit(t, "GET", "/v1/channels?token="+token, from); named.status != 200 {
			t.Errorf("%s: who is known is answered %d", path, named.status)
		}
	}
	// An EventSource would give up: it is told when to come back.
	from := map[string]string{"X-Forwarded-For": "192.0.2.200", "Accept": "text/event-stream"}
	b.visit(t, "GET", "/events?channel=general&token="+token, from)
	if got := b.visit(t, "GET", "/events?channel=general&token="+token, from); got.status != 200 || got.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("an EventSource is answered %d %s", got.status, got.text)
	}
}
