// Package dial makes connections from this server to addresses of the public
// internet, and to no others.
//
// Whoever names a URL that the server then asks (an endpoint for push messages,
// a link to be previewed) could otherwise have it reach what is behind the
// firewall: the cloud's metadata, a database, this very process. A name says
// nothing about that, for it may answer with another address each time. So the
// address is checked where there is no time left for another answer: in the
// dialer, after the name was resolved and before the socket connects.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrNotPublic is in the chain of the error of a connection that was not made
// because its address is not of the public internet. Its text names no address.
var ErrNotPublic = errors.New("the address is not of the public internet")

// Options of a Transport. The zero value is the strict one.
type Options struct {
	Loopback bool          // this machine's own addresses are good, too: for development and tests
	Within   time.Duration // bounds connecting, the TLS handshake and waiting for the answer's head, each; 0: 10 s
	Idle     int           // connections that are kept for later, in all; 0: 16
}

const (
	standardWithin = 10 * time.Second
	standardIdle   = 16
	idleFor        = 30 * time.Second
	maxHead        = 64 << 10 // bytes of an answer's head
)

// Transport asks public addresses alone. It follows no setting of the
// environment's proxies: a proxy would resolve the name, where nobody checks.
func Transport(o Options) *http.Transport {
	if o.Within == 0 {
		o.Within = standardWithin
	}
	if o.Idle == 0 {
		o.Idle = standardIdle
	}
	d := &net.Dialer{Timeout: o.Within, ControlContext: o.control}
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSHandshakeTimeout:    o.Within,
		ResponseHeaderTimeout:  o.Within,
		ExpectContinueTimeout:  o.Within,
		MaxIdleConns:           o.Idle,
		MaxIdleConnsPerHost:    o.Idle,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxHead,
		ForceAttemptHTTP2:      true,
	}
}

// control is asked by the dialer for each address, just before it connects.
func (o Options) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%s: %w", network, ErrNotPublic)
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !o.allows(at.Addr()) {
		return ErrNotPublic
	}
	return nil
}

// allows reports whether a connection to addr may be made.
func (o Options) allows(addr netip.Addr) bool {
	return Public(addr) || o.Loopback && addr.Unmap().IsLoopback()
}

// Public reports whether addr is a unicast address of the public internet. Of
// IPv6 that is 2000::/3 without what IANA has set apart in it; addresses that
// hold one of IPv4 for a gateway to use (NAT64, 6to4, Teredo) are none, nor are
// those with a zone.
func Public(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	if addr.Is6() && !global6.Contains(addr) {
		return false
	}
	for _, p := range apart {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// global6 is all that was ever given out of IPv6 for the public internet.
var global6 = netip.MustParsePrefix("2000::/3")

// apart is what is set apart: IANA's registries of special-purpose addresses of
// IPv4 and IPv6 (RFC 6890 and what changed it since), and multicast.
var apart = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network; 0.0.0.0 connects to this machine
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // shared by carriers, and some clouds' own
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local, and clouds' metadata
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocols'
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.31.196.0/24"), // AS112
	netip.MustParsePrefix("192.52.193.0/24"), // AMT
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("192.175.48.0/24"), // AS112
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast

	netip.MustParsePrefix("2001::/23"),         // protocols', with Teredo, ORCHID and benchmarks
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}
