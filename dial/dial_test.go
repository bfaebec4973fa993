package dial_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/parley-chat/parley/dial"
)

var hostile = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
	"127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170",
	"192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.175.48.1",
	"198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "100:0:0:1::1",
	"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
	"2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1", "2620:4f:8000::1", "3fff::1", "5f00::1",
	"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "4000::1",
	"2606:4700::1111%eth0",
}

var public = []string{
	"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
	"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
	"198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8",
	"2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700:4700::1111", "2a00:1450::1", "3ffe::1",
}

func TestPublic_RefusesWhatIsSetApart(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		if dial.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is taken for public", text)
		}
	}
	for _, text := range public {
		if !dial.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is not taken for public", text)
		}
	}
	if dial.Public(netip.Addr{}) {
		t.Error("no address is taken for public")
	}
}

// Spellings of this machine that a check of the URL's text would miss: the
// dialer sees the address that they come to.
func TestTransport_DoesNotReachThisMachine(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: dial.Transport(dial.Options{})}
	for _, host := range []string{"127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "LOCALHOST.", "0", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]"} {
		response, err := client.Get("http://" + host + ":" + at.Port() + "/")
		if err == nil {
			response.Body.Close()
			t.Errorf("%s was reached", host)
			continue
		}
		// Some spellings are names that nobody has.
		if unknown := new(net.DNSError); !errors.Is(err, dial.ErrNotPublic) && !errors.As(err, &unknown) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestTransport_ReachesThisMachineWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	transport := dial.Transport(dial.Options{Loopback: true})
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if _, err := transport.DialContext(context.Background(), "tcp", "10.0.0.1:80"); !errors.Is(err, dial.ErrNotPublic) {
		t.Errorf("a private address: %v", err)
	}
}

// A proxy of the environment would be asked for the name, and connect to
// whatever that is.
func TestTransport_AsksNoProxy(t *testing.T) {
	t.Parallel()
	if dial.Transport(dial.Options{}).Proxy != nil {
		t.Error("it has one")
	}
}

// The name's first answer is public, its second is not: what counts is the
// address that is connected to.
func TestTransport_ChecksTheAddressThatItConnectsTo(t *testing.T) {
	t.Parallel()
	transport := dial.Transport(dial.Options{})
	for _, address := range []string{"127.0.0.1:1", "[::1]:1", "169.254.169.254:80", "[fd00:ec2::254]:80", "[64:ff9b::7f00:1]:80", "[fe80::1%lo]:80"} {
		if _, err := transport.DialContext(context.Background(), "tcp", address); !errors.Is(err, dial.ErrNotPublic) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := transport.DialContext(context.Background(), "unix", "/tmp/none"); !errors.Is(err, dial.ErrNotPublic) {
		t.Errorf("a socket of the file system: %v", err)
	}
}
