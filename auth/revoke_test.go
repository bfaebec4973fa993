package auth

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/parley-chat/parley/chat"
)

func TestRevokeToken_EndsThatOneAlone(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	token := func(jti any) string { return forge(t, jose.HS256, []byte(tokenSecret), with("jti", jti)) }
	if err := s.RevokeToken(t.Context(), "default", "t1", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		wants(t, service, token("t1"), chat.CodeTokenRevoked)
		wants(t, service, token("t2"), "")
		wants(t, service, token(nil), "")
		other := forge(t, jose.HS256, []byte(otherSecret), map[string]any{"sub": "ada", "project": "other", "jti": "t1"})
		wants(t, service, other, "")
	}
	if err := s.RevokeToken(t.Context(), "default", "", time.Time{}); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("no id: %v", err)
	}
	if err := s.RevokeToken(t.Context(), "none", "t1", time.Time{}); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("no project: %v", err)
	}
}

func TestRevokeToken_ReachesIssuersTokensToo(t *testing.T) {
	t.Parallel()
	key := newSigner(t, "k1")
	s := keeping(t, Options{Issuers: []Issuer{{Issuer: foreign, Keys: key.set(t)}}})
	wants(t, s.Service, key.sign(t, theirs("jti", "t1")), "")
	if err := s.RevokeToken(t.Context(), "default", "t1", time.Time{}); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, key.sign(t, theirs("jti", "t1")), chat.CodeTokenRevoked)
	if _, err := s.RevokeUser(t.Context(), "default", "ada"); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, key.sign(t, theirs("", "")), chat.CodeTokenRevoked)
}

func TestRevokeToken_IsForgottenWithTheToken(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	for id, until := range map[string]time.Time{"over": noon, "soon": noon.Add(time.Minute), "late": noon.Add(time.Hour), "never": {}} {
		if err := s.RevokeToken(t.Context(), "default", id, until); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.records.count(); n != 3 {
		t.Errorf("%d records: what has ended needs none", n)
	}
	s.clock.Advance(time.Minute)
	if err := s.forget(t.Context(), s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if n := s.records.count(); n != 2 {
		t.Errorf("%d records", n)
	}
	wants(t, s.Service, forge(t, jose.HS256, []byte(tokenSecret), with("jti", "late")), chat.CodeTokenRevoked)
}

func TestRevokeToken_ALaterRevocationShortensNone(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	hour, day := noon.Add(time.Hour), noon.Add(24*time.Hour)
	for id, untils := range map[string][]time.Time{"ever": {{}, hour}, "day": {day, hour}, "more": {hour, day}} {
		for _, until := range untils {
			if err := s.RevokeToken(t.Context(), "default", id, until); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.clock.Advance(2 * time.Hour)
	if err := s.forget(t.Context(), s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if n := s.records.count(); n != 3 {
		t.Errorf("%d of 3 revocations are kept", n)
	}
}

func TestRevokeUser_EndsWhatWasIssuedBefore(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	s.clock.Advance(400 * time.Millisecond)
	at := func(iat any) string { return forge(t, jose.HS256, []byte(tokenSecret), with("iat", iat)) }
	before, err := s.RevokeUser(t.Context(), "default", "ada")
	if err != nil || !before.Equal(noon.Add(time.Second)) {
		t.Fatalf("%v, %v", before, err)
	}
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		wants(t, service, at(noon.Add(-time.Hour).Unix()), chat.CodeTokenRevoked)
		wants(t, service, at(noon.Unix()), chat.CodeTokenRevoked) // of this second: perhaps before
		wants(t, service, at(noon.Add(time.Second).Unix()), "")
		wants(t, service, at(nil), chat.CodeTokenRevoked)
		wants(t, service, forge(t, jose.HS256, []byte(tokenSecret), with("sub", "bob")), "")
	}
	// One that is minted here within that second is not taken for an old one.
	token, err := s.Mint(Grant{User: "ada", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, token, "")
}

func TestRevokeUser_DoesNotEndAnAdminsKey(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	admin := forge(t, jose.HS256, []byte(tokenSecret), with("scope", ScopeAdmin))
	if _, err := s.RevokeUser(t.Context(), "default", "ada"); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, admin, chat.CodeTokenRevoked)
	wants(t, s.Service, secretKey, "")
}

func TestCheck_LeavesThoseWhoCameWithoutAToken(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{Dev: true})
	if _, err := s.RevokeUser(t.Context(), "default", "ada"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []chat.Identity{{}, {Project: "default"}, {Project: "default", User: "ada"}, {Project: "gone", User: "ada"}} {
		if err := s.Check(id); err != nil {
			t.Errorf("%+v: %v", id, err)
		}
	}
}

// sessions are identities that Run reviews.
type sessions struct {
	mu   sync.Mutex
	live map[string]chat.Identity
	code map[string]chat.Code // of those that were ended
}

func (s *sessions) review(check func(chat.Identity) *chat.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, id := range s.live {
		if err := check(id); err != nil {
			delete(s.live, name)
			s.code[name] = err.Code
		}
	}
}

func (s *sessions) add(name string, id chat.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[name] = id
}

func (s *sessions) ended(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code[name] == chat.CodeTokenRevoked
}

// running is a service in a bubble whose reviews end sessions: one of a secret
// key, "server", one of its user ada, by the token t1, one of a guest by a
// publishable key, and those of bob and eve by tokens of the configured secret.
type running struct {
	*kept
	*sessions
	ctx         context.Context
	key, public Key
	bob         chat.Identity
}

// run runs the test in a bubble.
func run(t *testing.T, test func(t *testing.T, r *running)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		held := newRecords()
		s := service(t, Options{Now: time.Now}, held)
		r := &running{
			kept:     &kept{Service: s, records: held},
			sessions: &sessions{live: make(map[string]chat.Identity), code: make(map[string]chat.Code)},
		}
		var text, public string
		r.key, text = r.make(t, NewKey{})
		r.public, public = r.make(t, NewKey{Kind: Publishable})
		var stop context.CancelFunc
		r.ctx, stop = context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() { s.Run(r.ctx, r.review) })
		defer work.Wait()
		defer stop()

		iat := time.Now().Unix()
		token := func(user string) string {
			return forge(t, jose.HS256, []byte(tokenSecret), map[string]any{"sub": user, "iat": iat})
		}
		r.bob = wants(t, s, token("bob"), "")
		r.add("token", wants(t, s, signed(t, text, r.key.ID, map[string]any{"sub": "ada", "iat": iat, "jti": "t1"}), ""))
		r.add("server", wants(t, s, text, ""))
		r.add("guest", wants(t, s, public, ""))
		r.add("bob", r.bob)
		r.add("eve", wants(t, s, token("eve"), ""))
		test(t, r)
	})
}

func TestRun_EndsWhatWasRevokedAtOnceAndWhoComesTooLate(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, r *running) {
		if err := r.RevokeToken(r.ctx, "default", "t1", time.Time{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !r.ended("token") || r.ended("server") {
			t.Error("the token's session lives on, or another does not")
		}
		if _, err := r.RevokeUser(r.ctx, "default", "bob"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !r.ended("bob") || r.ended("eve") {
			t.Error("bob's session lives on, or eve's does not")
		}
		// Authenticated before, a session only now.
		r.add("late", r.bob)
		time.Sleep(reviewEvery + time.Millisecond)
		synctest.Wait()
		if !r.ended("late") {
			t.Error("a session that began in between lives on")
		}
		if _, err := r.RevokeKey(r.ctx, "default", r.public.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !r.ended("guest") || r.ended("eve") {
			t.Error("the revoked key's guest lives on, or another does not")
		}
	})
}

func TestRun_EndsWhatAReplacedKeyOpenedAfterTheGrace(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, r *running) {
		if _, _, err := r.RotateKey(r.ctx, "default", r.key.ID, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute - time.Second)
		synctest.Wait()
		if r.ended("server") || r.ended("token") {
			t.Error("the replaced key ended too soon")
		}
		time.Sleep(time.Second + reviewEvery)
		synctest.Wait()
		if !r.ended("server") || !r.ended("token") || r.ended("eve") {
			t.Error("the replaced key's session lives on, or another does not")
		}
	})
}
