package main

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

// Addresses are the bounds on what comes from one address.
type Addresses struct {
	TrustedProxy []string `placeholder:"CIDR" help:"A proxy, or a network of them, whose X-Forwarded-For is believed; repeatable. Default: none."`
	AddressRate  float64  `default:"20" help:"New connections, and requests without good credentials, a second from one address (of IPv6: one /64); 0: any number. Not of this machine, unless it is a trusted proxy. Default: 20; with --dev any number."`
	AddressBurst float64  `default:"200" help:"How many of them at once. Default: 200."`
}

func (a *Addresses) checkAddresses() error {
	if a.AddressRate < 0 {
		return fmt.Errorf("--address-rate is not negative")
	}
	if a.AddressBurst < 0 || a.AddressRate > 0 && a.AddressBurst < 1 {
		return fmt.Errorf("--address-burst is at least 1")
	}
	for _, text := range a.TrustedProxy {
		if _, err := parseNetwork(text); err != nil {
			return fmt.Errorf("--trusted-proxy: %q is no address and no network such as 10.0.0.0/8", text)
		}
	}
	return nil
}

// parseNetwork reads a network, or an address, which is one of its own.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err
}

// Bounds of what is known of addresses.
const (
	maxAddresses = 65536
	forgetEvery  = time.Minute
	sharedBits   = 64 // of an IPv6 address: whoever has one has all that begin so
)

// addresses bounds what comes from each.
type addresses struct {
	rate    rate.Limit // 0: nothing is bounded
	burst   int
	proxies []netip.Prefix
	now     func() time.Time

	mu    sync.Mutex
	known map[netip.Prefix]*address
	rest  *address // all those that there is no room for
	swept time.Time
}

// address is what one may still do. What it failed at is counted by itself: who
// has good credentials does not pay for what others of the address ask.
type address struct{ asks, failures *rate.Limiter }

func (a *addresses) fresh() *address {
	return &address{asks: rate.NewLimiter(a.rate, a.burst), failures: rate.NewLimiter(a.rate, a.burst)}
}

// addresses are the settings at work.
func (c *Serve) addresses(now func() time.Time) *addresses {
	a := &addresses{
		rate: rate.Limit(c.AddressRate), burst: int(math.Ceil(c.AddressBurst)), now: now,
		known: make(map[netip.Prefix]*address), swept: now(),
	}
	if c.Dev {
		a.rate = 0
	}
	a.rest = a.fresh()
	for _, text := range c.TrustedProxy {
		network, _ := parseNetwork(text) // check has read it
		a.proxies = append(a.proxies, network)
	}
	return a
}

// before bounds what next answers: connections when they begin, what comes
// without credentials, and what comes with such as are refused.
func (a *addresses) before(next http.Handler) http.Handler {
	if a.rate == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == eventsDoor: // it asks for itself, and refuses in its own way
			next.ServeHTTP(w, r)
		case begins(r) || !credentialed(r):
			if err := a.admit(r); err != nil {
				api.Refuse(w, err)
				return
			}
			next.ServeHTTP(w, r)
		default:
			a.judge(next, w, r)
		}
	})
}

// judge is for requests whose credentials are yet to be looked at.
func (a *addresses) judge(next http.Handler, w http.ResponseWriter, r *http.Request) {
	from := a.find(r)
	if from == nil {
		next.ServeHTTP(w, r)
		return
	}
	if from.failures.TokensAt(a.now()) < 1 {
		api.Refuse(w, a.tooMany(from.failures))
		return
	}
	seen := &statusWriter{ResponseWriter: w}
	next.ServeHTTP(seen, r)
	if seen.answered() == http.StatusUnauthorized {
		from.failures.AllowN(a.now(), 1)
	}
}

// admit counts a request of an address, and refuses it if there are too many.
func (a *addresses) admit(r *http.Request) error {
	from := a.find(r)
	if from == nil || from.asks.AllowN(a.now(), 1) {
		return nil
	}
	return a.tooMany(from.asks)
}

func (a *addresses) tooMany(limiter *rate.Limiter) error {
	wait := (1 - limiter.TokensAt(a.now())) / float64(a.rate)
	return &chat.Error{
		Code: chat.CodeRateLimited, Message: "too many connections and requests without good credentials from this address",
		RetryAfter: max(time.Duration(wait*float64(time.Second)), time.Second),
	}
}

// find is the address that r comes from; nil: it is not bounded.
func (a *addresses) find(r *http.Request) *address {
	addr, known := a.client(r)
	if a.rate == 0 || !known || addr.IsLoopback() {
		return nil
	}
	bits := addr.BitLen()
	if addr.Is6() {
		bits = sharedBits
	}
	network, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return nil
	}
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.swept) >= forgetEvery {
		a.forget(now)
	}
	from := a.known[network]
	if from == nil && len(a.known) >= maxAddresses {
		return a.rest
	}
	if from == nil {
		from = a.fresh()
		a.known[network] = from
	}
	return from
}

// forget drops those who have asked for nothing lately; mu is held.
func (a *addresses) forget(now time.Time) {
	a.swept = now
	full := float64(a.burst)
	for network, from := range a.known {
		if from.asks.TokensAt(now) >= full && from.failures.TokensAt(now) >= full {
			delete(a.known, network)
		}
	}
}

// client is where r comes from: the nearest address that is no trusted proxy.
// What stands before that one in X-Forwarded-For is a client's own claim.
func (a *addresses) client(r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !a.trusts(addr) {
			break
		}
		named, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = named
	}
	return addr, true
}

// parseHop reads an address, which some proxies write with a port.
func parseHop(text string) (netip.Addr, error) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap(), err
}

func (a *addresses) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(a.proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// begins reports whether r opens a connection.
func begins(r *http.Request) bool {
	switch {
	case r.Header.Get("Upgrade") != "", r.URL.Path == eventsDoor:
		return true
	}
	return strings.HasPrefix(r.URL.Path, "/socket.io/") && !r.URL.Query().Has("sid")
}

// credentialed reports whether r says who asks; whether that counts is asked later.
func credentialed(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.URL.Query().Has("token")
}
