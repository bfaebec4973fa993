package chat_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-chat/parley/chat"
)

// office is where tokens are looked at: they read user, or user@lifetime.
type office struct {
	asked   atomic.Int64
	revoked atomic.Bool
	dev     bool
}

func (o *office) authenticate(_ context.Context, token string) (chat.Identity, error) {
	o.asked.Add(1)
	switch {
	case o.dev:
		return chat.Identity{}, nil
	case token == "bad":
		return chat.Identity{}, chat.E(chat.CodeUnauthorized, "no such token")
	case o.revoked.Load():
		return chat.Identity{}, chat.E(chat.CodeTokenRevoked, "the token was revoked")
	}
	id := as(token)
	id.Expires = time.Now().Add(time.Hour)
	return id, nil
}

// carrying does c as a frame that carries a token does, and returns the code.
func (d *device) carrying(token string, c chat.Command) chat.Code {
	d.t.Helper()
	d.asked++
	ref := d.asked
	d.session.Do(context.Background(), chat.Request{Ref: ref, Token: token, Command: c})
	r := d.some("answer", func(g *chat.Delivery) bool { return g.Reply != nil && g.Reply.Ref == ref }).Reply
	if r.Err != nil {
		return r.Err.Code
	}
	return ""
}

func bubbleWithOffice(t *testing.T, o *office, f func(t *testing.T, h *chat.Hub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, newHub(t, chat.Options{Store: openStore(t), Authenticate: o.authenticate}))
	})
}

func TestToken_OfAFrameMustBeGoodAndTheSessionsUsers(t *testing.T) {
	t.Parallel()
	o := &office{}
	bubbleWithOffice(t, o, func(t *testing.T, h *chat.Hub) {
		ada := connect(t, h, as("ada"))
		for _, c := range []struct {
			token string
			want  chat.Code
		}{{"ada", ""}, {"bad", chat.CodeUnauthorized}, {"ben", chat.CodeForeignSender}, {"", ""}, {"ada", ""}} {
			if got := ada.carrying(c.token, post("general", "with "+c.token, "")); got != c.want {
				t.Errorf("token %q: %q, want %q", c.token, got, c.want)
			}
		}
		id := as("ada")
		page, _, err := h.Messages(t.Context(), &id, "general", chat.Page{Limit: 10})
		if err != nil || len(page) != 3 {
			t.Errorf("%d messages were posted, %v", len(page), err)
		}
	})
}

func TestToken_OfAFrameNamesASessionWithoutAUser(t *testing.T) {
	t.Parallel()
	o := &office{}
	bubbleWithOffice(t, o, func(t *testing.T, h *chat.Hub) {
		d := connect(t, h, chat.Identity{Project: chat.DefaultProject})
		if got := d.carrying("", post("general", "x", "")); got != chat.CodeUnauthorized {
			t.Errorf("nobody posted: %q", got)
		}
		if got := d.carrying("ada", post("general", "x", "")); got != "" {
			t.Errorf("ada's token: %q", got)
		}
		if got := d.session.Identity().User; got != "ada" {
			t.Errorf("the session is %q's", got)
		}
		if got := d.carrying("ben", post("general", "x", "")); got != chat.CodeForeignSender {
			t.Errorf("then ben's: %q", got)
		}
	})
}

func TestToken_OfAFrameIsAskedForOnceUntilItExpiresOrTokensAreReviewed(t *testing.T) {
	t.Parallel()
	o := &office{}
	bubbleWithOffice(t, o, func(t *testing.T, h *chat.Hub) {
		ada := connect(t, h, as("ada"))
		ask := func(n int64, want chat.Code) {
			t.Helper()
			if got := ada.carrying("ada", chat.Ping{}); got != want {
				t.Errorf("answered %q, want %q", got, want)
			}
			if got := o.asked.Load(); got != n {
				t.Errorf("asked for %d times, want %d", got, n)
			}
		}
		ask(1, "")
		ask(1, "")
		pass(61 * time.Minute)
		ask(2, "")
		o.revoked.Store(true)
		ask(2, "")
		h.Review(func(chat.Identity) *chat.Error { return nil })
		ask(3, chat.CodeTokenRevoked)
		ask(4, chat.CodeTokenRevoked)
	})
}

func TestToken_OfAFrameThatLastsLongerKeepsTheSession(t *testing.T) {
	t.Parallel()
	o := &office{}
	bubbleWithOffice(t, o, func(t *testing.T, h *chat.Hub) {
		id := as("ada")
		id.Expires = time.Now().Add(time.Minute)
		ada, forgetful := connect(t, h, id), connect(t, h, id)
		if got := ada.carrying("ada", chat.Ping{}); got != "" {
			t.Fatal(got)
		}
		pass(2 * time.Minute)
		ended := func(d *device) bool {
			for _, g := range d.all() {
				if n, ok := g.Notice.(*chat.Expiring); ok && n.Err.Code == chat.CodeTokenExpired {
					return true
				}
			}
			return false
		}
		if ended(ada) || !ended(forgetful) {
			t.Errorf("ended: with a later token %t, without %t", ended(ada), ended(forgetful))
		}
	})
}

func TestToken_UnderDevAnyPasses(t *testing.T) {
	t.Parallel()
	o := &office{dev: true}
	bubbleWithOffice(t, o, func(t *testing.T, h *chat.Hub) {
		d := connect(t, h, chat.Identity{Project: chat.DefaultProject, User: "guest-1", Guest: true, Renames: true, Scopes: everything})
		if got := d.carrying("whatever", post("general", "x", "")); got != "" {
			t.Errorf("answered %q", got)
		}
		if got := d.session.Identity().User; got != "guest-1" {
			t.Errorf("the session became %q", got)
		}
	})
}

// narrow is a desk at which tokens read user, and after a / the one channel that
// they reach.
func narrow(_ context.Context, token string) (chat.Identity, error) {
	user, channel, some := strings.Cut(token, "/")
	id := as(user)
	id.Expires = time.Now().Add(time.Hour)
	if some {
		id.Channels = []string{channel}
	}
	return id, nil
}

func TestToken_ARefreshedOneThatReachesLessEndsSubscriptions(t *testing.T) {
	t.Parallel()
	for name, show := range map[string]func(ada *device){
		"a refresh": func(ada *device) { ada.must(chat.Authenticate{Token: "ada/a"}) },
		"a frame's": func(ada *device) { ada.carrying("ada/a", chat.Ping{}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHub(t, chat.Options{Store: openStore(t), Authenticate: narrow})
			id := as("ada")
			id.Expires = time.Now().Add(time.Minute)
			ada, ben := connect(t, h, id), connect(t, h, as("ben"))
			for _, channel := range []string{"a", "b"} {
				ada.must(chat.Subscribe{Channel: channel})
			}
			synctest.Wait()
			show(ada)
			ada.some("end of b", func(g *chat.Delivery) bool {
				n, ok := g.Notice.(*chat.Dropped)
				return ok && n.Channel == "b" && n.Err.Code == chat.CodeForbidden
			})
			ben.must(post("b", "secret", ""))
			ben.must(post("a", "x", ""))
			synctest.Wait()
			for _, g := range ada.all() {
				if g.Event != nil && g.Event.Channel.Name != "a" {
					t.Errorf("%s: ada got %s", name, g.Event.Body)
				}
			}
		})
	}
}

// A client that goes while its token is looked at leaves nobody behind.
func TestToken_OfWhoHasGoneMakesNobodyPresent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, answer := make(chan struct{}), make(chan struct{})
		h := newHub(t, chat.Options{Store: openStore(t), Authenticate: func(ctx context.Context, token string) (chat.Identity, error) {
			close(asked)
			<-answer
			return narrow(ctx, token)
		}})
		nobody := connect(t, h, chat.Identity{Project: chat.DefaultProject})
		go nobody.do(chat.Authenticate{Token: "ada"})
		<-asked
		nobody.session.Close()
		close(answer)
		synctest.Wait()
		id := as("ben")
		if p, err := h.User(t.Context(), &id, "ada"); chat.CodeOf(err) != chat.CodeNotFound && p.Status != chat.Offline {
			t.Errorf("ada is %+v, %v", p, err)
		}
	})
}
