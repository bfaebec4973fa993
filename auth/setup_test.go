package auth

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

const (
	tokenSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
	appSecret   = "app-app-app-app-app-app-app-app-"
	secretKey   = "sk_live_0123456789abcdef"
)

// configured are two projects with keys from outside.
func configured() []Project {
	return []Project{
		{Name: "default", TokenSecret: []byte(tokenSecret), AppSecret: []byte(appSecret), SecretKey: secretKey},
		{Name: "other", TokenSecret: []byte(otherSecret), AppSecret: []byte(appSecret), SecretKey: "sk_live_other_0123456789"},
	}
}

func setup(t *testing.T, dev bool) *Service {
	t.Helper()
	return service(t, Options{Dev: dev, Now: func() time.Time { return noon }}, nil)
}

// service is one with the configured projects, and what is kept.
func service(t *testing.T, o Options, kept Store) *Service {
	t.Helper()
	o.Projects = configured()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if kept != nil {
		if err := s.Load(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// records is a Store in memory. While fails is set it writes nothing.
type records struct {
	mu    sync.Mutex
	held  map[string][]byte
	fails error
}

func newRecords() *records { return &records{held: make(map[string][]byte)} }

func (r *records) Records(_ context.Context, prefix string, visit func(string, []byte) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(r.held)) {
		if strings.HasPrefix(key, prefix) {
			if err := visit(key, r.held[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *records) PutRecords(_ context.Context, records map[string][]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != nil {
		return r.fails
	}
	for key, value := range records {
		if value == nil {
			delete(r.held, key)
			continue
		}
		r.held[key] = slices.Clone(value)
	}
	return nil
}

func (r *records) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: noon} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// kept is a Service whose keys and revocations are kept, and what it stands on.
type kept struct {
	*Service
	clock   *clock
	records *records
}

func keeping(t *testing.T, o Options) *kept {
	t.Helper()
	k := &kept{clock: newClock(), records: newRecords()}
	o.Now = k.clock.Now
	k.Service = service(t, o, k.records)
	return k
}

// restarted is a Service that knows what the first one kept, and no more.
func (k *kept) restarted(t *testing.T) *Service {
	t.Helper()
	return service(t, Options{Now: k.clock.Now}, k.records)
}

// wants checks whether s takes the token: code "" if it does.
func wants(t *testing.T, s *Service, token string, code chat.Code) chat.Identity {
	t.Helper()
	id, err := s.Identify(t.Context(), token)
	if chat.CodeOf(err) != code {
		t.Fatalf("%v, want %q", err, code)
	}
	return id
}

// forge signs any claims with any key.
func forge(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func good() map[string]any {
	return map[string]any{"sub": "ada", "scope": "chat:read", "exp": noon.Add(time.Hour).Unix()}
}

// with is good() with one claim changed; nil takes it away.
func with(name string, value any) map[string]any {
	c := good()
	c[name] = value
	if value == nil {
		delete(c, name)
	}
	return c
}

func refuses(t *testing.T, token string, code chat.Code) {
	t.Helper()
	id, err := setup(t, false).Identify(t.Context(), token)
	if chat.CodeOf(err) != code {
		t.Fatalf("%v, want %s", err, code)
	}
	if !cmp.Equal(id, chat.Identity{}) {
		t.Errorf("with the refusal came %+v", id)
	}
	if len(token) > 20 && strings.Contains(fmt.Sprintf("%+v %v", err, chat.AsError(err).Cause), token) {
		t.Errorf("the error repeats the token: %v", err)
	}
}
