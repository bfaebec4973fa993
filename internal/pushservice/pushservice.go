// Package pushservice is a push service for tests, with the browsers that it
// delivers to: it checks what RFC 8030 and RFC 8292 ask of a server, and
// decrypts what it is given as RFC 8291 says.
package pushservice

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Service is on this machine, without TLS.
type Service struct {
	t        testing.TB
	url      string
	mu       sync.Mutex
	browsers map[string]*Browser // by path
}

// Start has a service until the test ends.
func Start(t testing.TB) *Service {
	s := &Service{t: t, browsers: make(map[string]*Browser)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// Browser has subscribed.
type Browser struct {
	Endpoint string
	P256dh   string
	Auth     string

	private *ecdh.PrivateKey
	auth    []byte

	mu     sync.Mutex
	answer func(n int) Answer
	asked  int
	got    []Message
	news   chan struct{}
}

// Answer is what the service says to a message. The zero value takes it.
type Answer struct {
	Status     int // 0: 201
	RetryAfter string
	Location   string
}

// Message is one that was taken.
type Message struct {
	Data    []byte // decrypted
	Topic   string
	TTL     int
	Urgency string
	Key     string // the server's, by which it signed
	Size    int    // of the body
}

// Browser is a new one. Each test's names are its own.
func (s *Service) Browser(name string) *Browser {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &Browser{
		Endpoint: s.url + "/push/" + name, private: private, auth: make([]byte, 16), news: make(chan struct{}),
		P256dh: base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes()),
	}
	if _, err := rand.Read(b.auth); err != nil {
		s.t.Fatal(err)
	}
	b.Auth = base64.RawURLEncoding.EncodeToString(b.auth)
	s.mu.Lock()
	s.browsers["/push/"+name] = b
	s.mu.Unlock()
	return b
}

// JSON is the browser's subscription, as pushManager.subscribe gives it.
func (b *Browser) JSON() string {
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, b.Endpoint, b.P256dh, b.Auth)
}

// Answers decides what the n-th attempt, from 0, is told; what is refused is not got.
func (b *Browser) Answers(f func(n int) Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer, b.asked = f, 0
}

// Asked is how many attempts there were since Answers.
func (b *Browser) Asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// Got are the messages so far.
func (b *Browser) Got() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Message(nil), b.got...)
}

// Wait is Got once it satisfies f, or a failure of the test.
func (b *Browser) Wait(t testing.TB, what string, f func([]Message) bool) []Message {
	t.Helper()
	end := time.After(time.Minute)
	for {
		b.mu.Lock()
		got, news := append([]Message(nil), b.got...), b.news
		b.mu.Unlock()
		if f(got) {
			return got
		}
		select {
		case <-news:
		case <-end:
			t.Fatalf("waited in vain for %s; got %s", what, got)
		}
	}
}

func (m Message) String() string { return string(m.Data) }

// ServeHTTP takes a message in.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	b := s.browsers[r.URL.Path]
	s.mu.Unlock()
	if b == nil {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // the server was stopped meanwhile
	}
	m, err := b.read(r, body, s.url)
	if err != nil {
		s.t.Errorf("a push message that no push service takes: %v", err)
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := Answer{}
	if b.answer != nil {
		answer = b.answer(b.asked)
	}
	b.asked++
	if answer.Status == 0 {
		answer.Status = http.StatusCreated
	}
	if answer.RetryAfter != "" {
		w.Header().Set("Retry-After", answer.RetryAfter)
	}
	if answer.Location != "" {
		w.Header().Set("Location", answer.Location)
	}
	if answer.Status < 300 {
		b.got = append(b.got, m)
	}
	close(b.news)
	b.news = make(chan struct{})
	w.WriteHeader(answer.Status)
}

func (b *Browser) read(r *http.Request, body []byte, origin string) (m Message, err error) {
	m.Topic, m.Urgency, m.Size = r.Header.Get("Topic"), r.Header.Get("Urgency"), len(body)
	switch {
	case r.Method != http.MethodPost || r.Header.Get("Content-Encoding") != "aes128gcm":
		return m, fmt.Errorf("%s with content encoding %q", r.Method, r.Header.Get("Content-Encoding"))
	case len(body) > 4096:
		return m, fmt.Errorf("%d bytes", len(body))
	case len(m.Topic) > 32:
		return m, fmt.Errorf("topic %q", m.Topic)
	}
	if m.TTL, err = strconv.Atoi(r.Header.Get("TTL")); err != nil || m.TTL < 0 {
		return m, fmt.Errorf("TTL %q", r.Header.Get("TTL"))
	}
	if m.Key, err = vouched(r.Header.Get("Authorization"), origin); err != nil {
		return m, err
	}
	m.Data, err = Decrypt(b.private, b.auth, body)
	return m, err
}

// vouched is the key by which the header is signed: vapid t=JWT, k=KEY.
func vouched(header, origin string) (string, error) {
	rest, ok := strings.CutPrefix(header, "vapid t=")
	token, key, cut := strings.Cut(rest, ", k=")
	parts := strings.Split(token, ".")
	if !ok || !cut || len(parts) != 3 {
		return "", fmt.Errorf("authorization %q", header)
	}
	raw, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return "", err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return "", err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return "", fmt.Errorf("key %q, signature %q", key, parts[2])
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return "", fmt.Errorf("the signature is not of key %s", key)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", err
	}
	lasts := time.Until(time.Unix(claims.Exp, 0))
	contact := strings.HasPrefix(claims.Sub, "https://") || strings.HasPrefix(claims.Sub, "mailto:") && !strings.HasPrefix(claims.Sub, "mailto:mailto:")
	if claims.Aud != origin || lasts <= 0 || lasts > 24*time.Hour || !contact {
		return "", fmt.Errorf("claims %s for %s", payload, origin)
	}
	return key, nil
}
