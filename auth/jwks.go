package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/parley-chat/parley/chat"
)

// How long an issuer's keys are believed, and what may be fetched.
const (
	freshFor     = time.Hour        // then they are asked for again, at the next use
	staleFor     = 24 * time.Hour   // while the issuer is down they count for so long
	refreshEvery = 30 * time.Second // between two fetches, whatever tokens ask for
	fetchWithin  = 5 * time.Second
	maxSet       = 256 << 10 // bytes
	maxSetKeys   = 100
	minRSA       = 2048 // bits
	maxRedirects = 3
)

// keySet is an issuer's keys. They are fetched when they are needed, by the
// one who needs them first; the others wait for that, or go on with what there
// is. A token with an unknown key costs one fetch in refreshEvery at most, so
// that nobody can have us flood an issuer.
type keySet struct {
	url    string // "": they were given, and stay
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time     // when keys came
	tried   time.Time     // when they were last asked for
	flight  chan struct{} // closed when the fetch under way ends; nil: none is
}

// newKeySet is the set at this address.
func newKeySet(address string, transport http.RoundTripper, now func() time.Time, log *slog.Logger) (*keySet, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the URL of its keys cannot be read")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) || u.Host == "" || u.User != nil {
		return nil, errors.New("the URL of its keys must be https, and without credentials")
	}
	if transport == nil {
		// Fetches are rare: connections are not kept.
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	}
	client := &http.Client{Transport: transport, CheckRedirect: sameOrigin}
	return &keySet{url: address, client: client, now: now, log: log}, nil
}

// givenKeySet is the set that data is.
func givenKeySet(data []byte) (*keySet, error) {
	keys, err := parseSet(data)
	return &keySet{keys: keys}, err
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// sameOrigin lets a fetch be sent on within the issuer's own origin: keys from
// anywhere else are not the issuer's.
func sameOrigin(r *http.Request, via []*http.Request) error {
	if r.URL.Scheme != via[0].URL.Scheme || r.URL.Host != via[0].URL.Host || len(via) > maxRedirects {
		return errors.New("it redirects elsewhere")
	}
	return nil
}

// find are the keys that may have signed a token with this key id, which may
// be "", and algorithm; none: the issuer knows of none. It fails if the
// issuer's keys cannot be had.
func (s *keySet) find(ctx context.Context, kid, alg string) ([]jose.JSONWebKey, error) {
	if s.url == "" {
		return fits(s.keys, kid, alg), nil
	}
	for {
		s.mu.Lock()
		now := s.now()
		var found []jose.JSONWebKey
		known := !s.fetched.IsZero() && now.Sub(s.fetched) < staleFor
		if known {
			found = fits(s.keys, kid, alg)
		}
		switch {
		case len(found) > 0 && (now.Sub(s.fetched) < freshFor || s.flight != nil):
			s.mu.Unlock()
			return found, nil
		case s.flight != nil:
			flight := s.flight
			s.mu.Unlock()
			select {
			case <-flight:
			case <-ctx.Done():
				return nil, unreachable(ctx.Err())
			}
		case !s.tried.IsZero() && now.Sub(s.tried) < refreshEvery:
			s.mu.Unlock()
			if !known {
				return nil, unreachable(nil)
			}
			return found, nil
		default:
			s.flight, s.tried = make(chan struct{}), now
			s.mu.Unlock()
			s.fetch(ctx)
		}
	}
}

func unreachable(cause error) error {
	return &chat.Error{Code: chat.CodeUnavailable, Message: "the keys of the token's issuer cannot be had now", RetryAfter: refreshEvery, Cause: cause}
}

// fetch asks for the keys, and ends the flight. Whoever waits for it may have
// more time than the one who began it.
func (s *keySet) fetch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchWithin)
	defer cancel()
	keys, err := s.get(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.keys, s.fetched = keys, s.now()
	} else {
		s.log.Warn("an issuer's keys could not be fetched", "url", s.url, "err", err)
	}
	close(s.flight)
	s.flight = nil
}

func (s *keySet) get(ctx context.Context) ([]jose.JSONWebKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSet {
		return nil, fmt.Errorf("the set is over %d bytes", maxSet)
	}
	return parseSet(data)
}

// parseSet reads a JWK set and keeps the keys that can be used here; others
// are passed over, as RFC 7517 section 5 says.
func parseSet(data []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, errors.New("the set of keys is not JSON")
	}
	if len(set.Keys) > maxSetKeys {
		return nil, fmt.Errorf("the set has over %d keys", maxSetKeys)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) == nil && (k.Use == "" || k.Use == "sig") && algorithmOf(k.Key) != "" {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the set has no key that can be used")
	}
	return keys, nil
}

// algorithmOf is the one that a public key is for; "": none. A set that has
// secrets in it, symmetric or private, was published by mistake.
func algorithmOf(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSA {
			return string(jose.RS256)
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return string(jose.ES256)
		}
	case ed25519.PublicKey:
		return string(jose.EdDSA)
	}
	return ""
}

// fits are the keys with this id, or any for "", that are for the algorithm.
func fits(keys []jose.JSONWebKey, kid, alg string) []jose.JSONWebKey {
	var list []jose.JSONWebKey
	for _, k := range keys {
		if (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == alg) && algorithmOf(k.Key) == alg {
			list = append(list, k)
		}
	}
	return list
}
