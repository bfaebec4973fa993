package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

// enter is who comes with a publishable key, and perhaps a pass.
func enter(t *testing.T, s *Service, text, pass string) Guest {
	t.Helper()
	g, err := s.GuestOf(request("Bearer "+text, "/"), pass)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPublishableKey_LetsGuestsReadAndSend(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	key, text := s.make(t, NewKey{Kind: Publishable, Project: "other"})
	if key.Prefix != text {
		t.Errorf("%+v: it may be shown, all of it", key)
	}
	one, two := wants(t, s.Service, text, ""), wants(t, s.Service, text, "")
	if one.User == two.User {
		t.Error("two strangers are one guest")
	}
	want := chat.Identity{
		Project: "other", User: one.User, Guest: true, Key: key.ID, Issued: noon,
		Scopes: []string{"chat:read", "chat:send"}, Pass: one.Pass,
	}
	if again := wants(t, s.Service, one.Pass, ""); again.User != one.User {
		t.Errorf("%s comes again as %s", one.User, again.User)
	}
	if diff := cmp.Diff(want, one); diff != "" || !strings.HasPrefix(one.User, GuestPrefix) {
		t.Error(one.User, diff)
	}
}

func TestPublishableKey_HoldsItsOwnScopesAndChannels(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	_, text := s.make(t, NewKey{Kind: Publishable, Scopes: []string{"chat:read"}, Channels: []string{"news", "live-*"}})
	id := wants(t, s.Service, text, "")
	if id.Has("chat:send") || !id.Has("chat:read") || !id.Covers("live-1") || id.Covers("general") {
		t.Errorf("%+v", id)
	}
}

func TestGuest_ComesAgainAsTheSame(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	key, text := s.make(t, NewKey{Kind: Publishable})
	first := enter(t, s.Service, text, "")
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		id := wants(t, service, first.Pass, "")
		if id.User != first.User || !id.Guest || id.Key != key.ID || !id.Expires.Equal(first.Expires) || !id.Has("chat:send") {
			t.Errorf("%+v", id)
		}
	}
	s.clock.Advance(PassTTL - time.Second)
	again := enter(t, s.Service, text, first.Pass)
	if again.User != first.User || !again.Expires.Equal(s.clock.Now().Add(PassTTL)) {
		t.Errorf("%+v, then %+v", first, again)
	}
	s.clock.Advance(time.Second)
	wants(t, s.Service, first.Pass, chat.CodeTokenExpired)
	if g := enter(t, s.Service, text, first.Pass); g.User == first.User {
		t.Error("a pass that has expired is still good")
	}
	if g := enter(t, s.Service, text, again.Pass); g.User != first.User {
		t.Error("the renewed pass is another guest's")
	}
}

func TestGuest_IsNeverATokensUser(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	_, public := s.make(t, NewKey{Kind: Publishable})
	guest := enter(t, s.Service, public, "")
	key, text := s.make(t, NewKey{})
	wants(t, s.Service, signed(t, text, key.ID, with("sub", guest.User)), chat.CodeUnauthorized)
	wants(t, s.Service, forge(t, jose.HS256, []byte(tokenSecret), with("sub", guest.User)), chat.CodeUnauthorized)
	if _, err := s.Mint(Grant{User: guest.User, TTL: time.Hour}); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("a token for a guest: %v", err)
	}
	ours := newSigner(t, "k1")
	trusts := trusting(t, Issuer{Issuer: foreign, Keys: ours.set(t)})
	wants(t, trusts, ours.sign(t, theirs("sub", guest.User)), chat.CodeUnauthorized)
}

// The text of a publishable key is known to everybody: it must sign nothing.
func TestGuest_APassIsNotSignedWithWhatEverybodyKnows(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	key, text := s.make(t, NewKey{Kind: Publishable})
	padded := text + strings.Repeat("\x00", minSecret)
	for _, sub := range []string{"guest-000000000000", "ada"} {
		wants(t, s.Service, signed(t, padded, key.ID, with("sub", sub)), chat.CodeUnauthorized)
		wants(t, s.Service, signed(t, padded, "", with("sub", sub)), chat.CodeUnauthorized)
	}
	// And what signs passes signs nothing but guests.
	s.mu.RLock()
	secret := string(s.projects["default"].keys[key.ID].secret)
	s.mu.RUnlock()
	wants(t, s.Service, signed(t, secret, key.ID, good()), chat.CodeUnauthorized)
	wants(t, s.Service, signed(t, secret, "", good()), chat.CodeUnauthorized)
}

func TestGuest_StaysWhenTheKeyIsReplacedAndGoesWhenItIsRevoked(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	old, oldText := s.make(t, NewKey{Kind: Publishable, Scopes: []string{"chat:read"}})
	guest := enter(t, s.Service, oldText, "")
	next, nextText, err := s.RotateKey(t.Context(), "default", old.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, oldText, chat.CodeTokenRevoked)
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		if id := wants(t, service, guest.Pass, ""); id.User != guest.User || id.Has("chat:send") {
			t.Errorf("%+v", id)
		}
		if again := enter(t, service, nextText, guest.Pass); again.User != guest.User {
			t.Errorf("%s is now %s", guest.User, again.User)
		}
	}
	if _, err := s.RevokeKey(t.Context(), "default", next.ID); err != nil {
		t.Fatal(err)
	}
	for _, service := range []*Service{s.Service, s.restarted(t)} {
		wants(t, service, guest.Pass, chat.CodeTokenRevoked)
		wants(t, service, nextText, chat.CodeTokenRevoked)
	}
}

func TestGuestOf_TakesPublishableKeysAlone(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	_, secret := s.make(t, NewKey{})
	_, public := s.make(t, NewKey{Kind: Publishable})
	_, elsewhere := s.make(t, NewKey{Kind: Publishable, Project: "other"})
	pass := enter(t, s.Service, public, "").Pass
	for _, header := range []string{"", "Bearer " + secret, "Bearer " + secretKey, "Bearer " + pass, "Bearer pk_guess", "Basic " + public} {
		if _, err := s.GuestOf(request(header, "/"), ""); chat.CodeOf(err) != chat.CodeUnauthorized {
			t.Errorf("%q: %v", header, err)
		}
	}
	there, here := enter(t, s.Service, elsewhere, pass), enter(t, s.Service, public, pass)
	if there.User == here.User {
		t.Error("a guest of one project is one of another's")
	}
}

// Revoking the old key of a rotation revokes its guests, though the new one lives.
func TestGuest_OfAReplacedKeyThatIsRevokedGoes(t *testing.T) {
	t.Parallel()
	s := keeping(t, Options{})
	old, oldText := s.make(t, NewKey{Kind: Publishable})
	guest := enter(t, s.Service, oldText, "")
	live := wants(t, s.Service, oldText, "")
	_, nextText, err := s.RotateKey(t.Context(), "default", old.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	since := enter(t, s.Service, nextText, "")
	if _, err := s.RevokeKey(t.Context(), "default", old.ID); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Service, guest.Pass, chat.CodeTokenRevoked)
	if err := s.Check(live); err == nil || err.Code != chat.CodeTokenRevoked {
		t.Errorf("a live guest of the revoked key: %v", err)
	}
	wants(t, s.Service, since.Pass, "")
	wants(t, s.Service, nextText, "")
}
