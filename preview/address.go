package preview

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/parley-chat/parley/chat"
)

const maxLink = 2048 // bytes

// address is a link that may be followed, without its fragment.
func (s *Service) address(link string) (*url.URL, error) {
	if link == "" || len(link) > maxLink {
		return nil, chat.E(chat.CodeInvalid, "url has 1 to %d bytes", maxLink)
	}
	at, err := url.Parse(link)
	if err != nil {
		return nil, chat.E(chat.CodeInvalid, "url is none") // its error would show what it holds
	}
	at.Scheme, at.Fragment, at.RawFragment = strings.ToLower(at.Scheme), "", ""
	switch {
	case at.Scheme != "http" && at.Scheme != "https":
		return nil, chat.E(chat.CodeInvalid, "url begins with http: or https:")
	case at.Hostname() == "" || at.Opaque != "":
		return nil, chat.E(chat.CodeInvalid, "url names no host")
	case at.User != nil:
		return nil, chat.E(chat.CodeInvalid, "url holds credentials")
	case !s.port(at):
		return nil, chat.E(chat.CodeInvalid, "url names a port that is not the web's")
	}
	at.Host = strings.ToLower(at.Host)
	return at, nil
}

// port reports whether a link's port may be asked: what listens at others was
// not put there for strangers.
func (s *Service) port(at *url.URL) bool {
	switch at.Port() {
	case "", "80", "443":
		return true
	}
	return s.options.Local && local(at.Hostname())
}

// local reports whether a host is this machine, by its name.
func local(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
