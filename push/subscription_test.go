package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/pushservice"
	"github.com/parley-chat/parley/push"
)

func TestSubscribe_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *push.Options) { o.Loopback = false })
	b := w.carrier.Browser("a")
	good := push.Draft{Endpoint: "https://push.example.org/x", P256dh: b.P256dh, Auth: b.Auth}
	for _, endpoint := range []string{
		"", "x", "/push", "http://push.example.org/x", "ftp://push.example.org/", "https://", "https:///x", "https:x", "javascript:alert(1)",
		"https://user:secret@push.example.org/", "https://push.example.org/#here", "file:///etc/passwd",
		"https://127.0.0.1/", "https://10.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/", "https://[fd00::1]/", "https://[64:ff9b::7f00:1]/",
		"https://push.example.org:22/x", "https://push.example.org:8443/x", "https://push.example.org:0443/x", "https://push.example.org:80/x",
		"http://127.0.0.1/", "http://localhost/", "https://push.example.org/\n", "https://push example.org/",
	} {
		bad := good
		bad.Endpoint = endpoint
		if _, err := w.service.Subscribe(w.ctx, as("ben"), bad); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	bad := good
	bad.Endpoint = "https://push.example.org/" + strings.Repeat("x", push.MaxEndpoint)
	if _, err := w.service.Subscribe(w.ctx, as("ben"), bad); chat.CodeOf(err) != chat.CodeTooLarge {
		t.Errorf("a long one: %v", err)
	}
	for _, keys := range [][2]string{
		{"", b.Auth}, {b.P256dh, ""}, {b.Auth, b.P256dh}, {b.P256dh + "x", b.Auth}, {strings.Repeat("A", 87), b.Auth}, {"!" + b.P256dh, b.Auth}, {b.P256dh, b.Auth + "AAAA"},
	} {
		bad := good
		bad.P256dh, bad.Auth = keys[0], keys[1]
		if _, err := w.service.Subscribe(w.ctx, as("ben"), bad); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%q: %v", keys, err)
		}
	}
	guest, blind := as("guest-1"), as("ben")
	guest.Guest, blind.Scopes = true, []string{chat.ScopeSend}
	for _, id := range []*chat.Identity{guest, blind, {Project: "default"}, server} {
		if _, err := w.service.Subscribe(w.ctx, id, good); chat.CodeOf(err) != chat.CodeForbidden {
			t.Errorf("%+v: %v", id, err)
		}
	}
	for _, endpoint := range []string{good.Endpoint, "https://push.example.org:443/x"} {
		good.Endpoint = endpoint
		if _, err := w.service.Subscribe(w.ctx, as("ben"), good); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestSubscribe_TakesTheBrowserFromWhoseItWas(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	if _, err := w.service.Subscribe(w.ctx, as("cy"), draft(b)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // as it is, and as it was kept
		if list, err := w.service.Subscriptions(as("ben")); err != nil || len(list) != 0 {
			t.Errorf("ben has %d, %v", len(list), err)
		}
		list, err := w.service.Subscriptions(as("cy"))
		if err != nil || len(list) != 1 {
			t.Fatalf("cy has %d, %v", len(list), err)
		}
		if err := w.service.Unsubscribe(w.ctx, as("ben"), list[0].ID); chat.CodeOf(err) != chat.CodeNotFound {
			t.Errorf("ben ends cy's: %v", err)
		}
		elsewhere := as("cy")
		elsewhere.Project = "another"
		if err := w.service.Unsubscribe(w.ctx, elsewhere, list[0].ID); chat.CodeOf(err) != chat.CodeNotFound {
			t.Errorf("a namesake of another project ends cy's: %v", err)
		}
		w.stop()
		w.start()
	}
	list, err := w.service.Subscriptions(as("cy"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := w.service.Unsubscribe(w.ctx, as("cy"), list[0].ID); err != nil {
		t.Error(err)
	}
	if err := w.service.Unsubscribe(w.ctx, as("cy"), list[0].ID); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("a second time: %v", err)
	}
}

func TestSubscribe_KeepsTheLastTwenty(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	first := w.browser("ben")
	for range push.MaxSubscriptions {
		w.ahead.Add(int64(time.Second))
		w.browser("ben")
	}
	list, err := w.service.Subscriptions(as("ben"))
	if err != nil || len(list) != push.MaxSubscriptions {
		t.Fatalf("%d, %v", len(list), err)
	}
	w.post("ada", chat.DirectName("ada", "ben"), "hello")
	w.pass(delay)
	w.browsers["ben+"].Wait(t, "it at the second", func(got []pushservice.Message) bool { return len(got) == 1 })
	if first.Asked() != 0 {
		t.Error("the oldest is still told")
	}
}

func TestSubscriptions_EndWhenNobodyRenewsThem(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	w.browser("ben")
	w.ahead.Add(int64(40 * 24 * time.Hour))
	if _, err := w.service.Subscribe(w.ctx, as("ben"), draft(b)); err != nil {
		t.Fatal(err)
	}
	w.ahead.Add(int64(40 * 24 * time.Hour))
	push.Forget(w.service, w.ctx)
	list, err := w.service.Subscriptions(as("ben"))
	if err != nil || len(list) != 1 || list[0].Renewed.Equal(list[0].Created) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestSubscriptions_EndWithTheirCredentials(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	b := w.browser("ben")
	w.browser("cy")
	w.revoked.Store("ben", true)
	w.post("ada", chat.DirectName("ada", "ben"), "to who is revoked")
	w.pass(delay)
	until(t, "its end", func() bool { return w.service.Stats().Subscriptions == 1 })
	if b.Asked() != 0 {
		t.Error("ben was told")
	}
	// At the revocation itself, without a message.
	w.revoked.Store("cy", true)
	w.service.Review(func(id chat.Identity) *chat.Error {
		if id.User == "cy" {
			return chat.E(chat.CodeTokenRevoked, "gone")
		}
		return nil
	})
	if n := w.service.Stats().Subscriptions; n != 0 {
		t.Errorf("%d are left", n)
	}
}

// A revocation is forgotten once its token has ended: who was revoked while no
// service ran is looked for at the start.
func TestSubscriptions_EndWithCredentialsRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	w.browser("cy")
	w.stop()
	w.revoked.Store("ben", true)
	w.start()
	w.revoked.Delete("ben")
	if n := w.service.Stats().Subscriptions; n != 1 {
		t.Errorf("%d subscriptions", n)
	}
}

func TestKey_IsKeptAndAnotherEndsItsSubscriptions(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	w.browser("ben")
	key := w.service.Key()
	w.stop()
	w.start()
	if w.service.Key() != key || w.service.Stats().Subscriptions != 1 {
		t.Errorf("key %s, was %s; %d subscriptions", w.service.Key(), key, w.service.Stats().Subscriptions)
	}
	// Of RFC 8291, appendix A: any key will do.
	w.change = func(o *push.Options) { o.Key = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94" }
	w.stop()
	w.start()
	if want := "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"; w.service.Key() != want {
		t.Errorf("key %s, want %s", w.service.Key(), want)
	}
	if n := w.service.Stats().Subscriptions; n != 0 {
		t.Errorf("%d subscriptions of another key", n)
	}
	for _, bad := range []string{"x", "AAAA", strings.Repeat("A", 43), strings.Repeat("_", 43), key} {
		if err := push.ParseKey(bad); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSettings_AreTheUsersOwnAndBounded(t *testing.T) {
	t.Parallel()
	w := setup(t, nil)
	many := map[string]push.Mode{}
	for i := range push.MaxChoices + 1 {
		many[strings.Repeat("x", i%100+1)+string(rune('a'+i/100))] = push.None
	}
	for _, c := range []struct {
		settings push.Settings
		code     chat.Code
	}{
		{push.Settings{Default: "some"}, chat.CodeInvalid},
		{push.Settings{Channels: map[string]push.Mode{"general": ""}}, chat.CodeInvalid},
		{push.Settings{Channels: map[string]push.Mode{"": push.All}}, chat.CodeInvalid},
		{push.Settings{Channels: map[string]push.Mode{"dm:x": push.All}}, chat.CodeInvalid},
		{push.Settings{Channels: many}, chat.CodeTooMany},
	} {
		if err := w.service.PutSettings(w.ctx, as("ben"), c.settings); chat.CodeOf(err) != c.code {
			t.Errorf("%d channels, %q: %v", len(c.settings.Channels), c.settings.Default, err)
		}
	}
	want := push.Settings{Default: push.Mentions, Channels: map[string]push.Mode{"general": push.None}}
	if err := w.service.PutSettings(w.ctx, as("ben"), want); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := w.service.Settings(as("ben")); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := w.service.Settings(as("cy")); err != nil || !cmp.Equal(got, push.Settings{Default: push.All}) {
			t.Errorf("%+v, %v", got, err)
		}
		w.stop()
		w.start()
	}
}
