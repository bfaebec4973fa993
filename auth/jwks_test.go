package auth

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// publisher is an issuer's server of keys.
type publisher struct {
	*httptest.Server
	asked atomic.Int64
	mu    sync.Mutex
	set   []byte // nil: it is down
	hold  chan struct{}
}

func publish(t *testing.T, set []byte) *publisher {
	t.Helper()
	p := &publisher{set: set}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		p.mu.Lock()
		set, hold := p.set, p.hold
		p.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
		if set == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write(set)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) change(set []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set = set
}

func fetching(t *testing.T, p *publisher) *kept {
	t.Helper()
	return keeping(t, Options{Issuers: []Issuer{{Issuer: foreign, URL: p.URL}}})
}

func TestJWKS_ThousandsOfUnknownKeysCostOneFetch(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	p := publish(t, key.set(t))
	s := fetching(t, p)
	wants(t, s.Service, key.sign(t, theirs("", "")), "")
	if n := p.asked.Load(); n != 1 {
		t.Fatalf("asked %d times for one token", n)
	}
	s.clock.Advance(refreshEvery)
	const many, hands = 3000, 8
	stranger := newSigner(t, "")
	var work sync.WaitGroup
	for hand := range hands {
		work.Go(func() {
			for i := range many / hands {
				forged := *stranger
				forged.kid = fmt.Sprintf("unknown-%d-%d", hand, i)
				if _, err := s.Identify(t.Context(), forged.sign(t, theirs("", ""))); chat.CodeOf(err) != chat.CodeUnauthorized {
					t.Errorf("an unknown key: %v", err)
					return
				}
			}
		})
	}
	work.Wait()
	if n := p.asked.Load(); n != 2 {
		t.Errorf("%d unknown keys: asked %d times more", many, n-1)
	}
	wants(t, s.Service, key.sign(t, theirs("", "")), "")
}

func TestJWKS_ANewKeyIsFoundAfterTheInterval(t *testing.T) {
	t.Parallel()
	old, next := newSigner(t, "k1"), newSigner(t, "k2")
	p := publish(t, old.set(t))
	s := fetching(t, p)
	wants(t, s.Service, old.sign(t, theirs("", "")), "")
	p.change(next.set(t))
	wants(t, s.Service, next.sign(t, theirs("", "")), chat.CodeUnauthorized)
	s.clock.Advance(refreshEvery)
	wants(t, s.Service, next.sign(t, theirs("", "")), "")
	wants(t, s.Service, old.sign(t, theirs("", "")), chat.CodeUnauthorized)
}

func TestJWKS_AnIssuerThatIsDownIsRememberedForADay(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	p := publish(t, key.set(t))
	s := fetching(t, p)
	token := key.sign(t, theirs("exp", nil))
	wants(t, s.Service, token, "")
	p.change(nil)
	s.clock.Advance(freshFor)
	wants(t, s.Service, token, "") // and asks in vain
	if n := p.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
	s.clock.Advance(staleFor - freshFor - time.Second)
	wants(t, s.Service, token, "")
	s.clock.Advance(time.Second)
	wants(t, s.Service, token, chat.CodeUnavailable)
	p.change(key.set(t))
	s.clock.Advance(refreshEvery)
	wants(t, s.Service, token, "")
}

func TestJWKS_AnIssuerThatNeverAnsweredIsAskedOnceInAWhile(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	p := publish(t, nil)
	s := fetching(t, p)
	for range 100 {
		_, err := s.Identify(t.Context(), key.sign(t, theirs("", "")))
		if e := chat.AsError(err); e.Code != chat.CodeUnavailable || !e.Retryable() || e.RetryAfter == 0 {
			t.Fatalf("%v", err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestJWKS_OneFetchServesAllWhoWait(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	p := publish(t, key.set(t))
	p.hold = make(chan struct{})
	s := fetching(t, p)
	token := key.sign(t, theirs("", ""))
	gone, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	for i := range 20 {
		ctx := t.Context()
		if i == 0 {
			ctx = gone // whoever goes does not take the fetch along
		}
		work.Go(func() {
			if _, err := s.Identify(ctx, token); err != nil && ctx != gone {
				t.Error(err)
			}
		})
	}
	for p.asked.Load() == 0 {
		time.Sleep(time.Millisecond) // another process's: there is no signal
	}
	cancel()
	close(p.hold)
	work.Wait()
	if n := p.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestJWKS_RefusesWhatNoIssuerShouldSend(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	set := key.set(t)
	many := make([]*signer, maxSetKeys)
	for i := range many {
		many[i] = key
	}
	for name, data := range map[string][]byte{
		"too large": append(bytes.Repeat([]byte(" "), maxSet), set...),
		"too many":  key.set(t, many...),
		"not JSON":  []byte("<html>"),
		"nothing":   {},
		"no keys":   []byte(`{"keys":[{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY","kid":"k1","alg":"HS256"}]}`),
	} {
		s := fetching(t, publish(t, data))
		if _, err := s.Identify(t.Context(), key.sign(t, theirs("", ""))); chat.CodeOf(err) != chat.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	mixed := strings.Replace(string(set), `"keys":[`, `"keys":[{"kty":"unheard-of","kid":"x"},7,`, 1)
	wants(t, fetching(t, publish(t, []byte(mixed))).Service, key.sign(t, theirs("", "")), "")
}

func TestJWKS_FollowsNobodyElsewhere(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	elsewhere := publish(t, key.set(t))
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/keys", http.StatusFound)
		case "/keys":
			_, _ = w.Write(key.set(t))
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
	}))
	t.Cleanup(redirect.Close)
	for path, code := range map[string]chat.Code{"/here": "", "/away": chat.CodeUnavailable, "/round": chat.CodeUnavailable} {
		s := keeping(t, Options{Issuers: []Issuer{{Issuer: foreign, URL: redirect.URL + path}}})
		wants(t, s.Service, key.sign(t, theirs("", "")), code)
	}
	if n := elsewhere.asked.Load(); n != 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

func TestJWKS_IsFetchedOverTLS(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(key.set(t)) }))
	t.Cleanup(server.Close)
	known := Options{Issuers: []Issuer{{Issuer: foreign, URL: server.URL}}, Transport: server.Client().Transport}
	wants(t, keeping(t, known).Service, key.sign(t, theirs("", "")), "")
	unknown := Options{Issuers: []Issuer{{Issuer: foreign, URL: server.URL}}}
	wants(t, keeping(t, unknown).Service, key.sign(t, theirs("", "")), chat.CodeUnavailable)
}

func TestLog_HoldsNoTokens(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := publish(t, nil)
	s := keeping(t, Options{
		Issuers: []Issuer{{Issuer: foreign, URL: p.URL}},
		Logger:  slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	_, text, err := s.MakeKey(t.Context(), NewKey{Project: "default", Kind: Secret})
	if err != nil {
		t.Fatal(err)
	}
	key := newSigner(t, "k1")
	tokens := []string{text, secretKey, key.sign(t, theirs("", "")), forge(t, "HS256", []byte(otherSecret), good()), text + "x"}
	for _, token := range tokens {
		_, err := s.Identify(t.Context(), token)
		if err != nil {
			fmt.Fprintf(&log, "%+v", err)
		}
	}
	if !strings.Contains(log.String(), "could not be fetched") {
		t.Error("that the issuer is down was not logged")
	}
	for _, token := range tokens {
		if strings.Contains(log.String(), token) {
			t.Errorf("the log holds %s", token)
		}
	}
}
