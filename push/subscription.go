package push

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/dial"
)

// Bounds on subscriptions.
const (
	MaxSubscriptions = 20   // of one user; the one that was renewed longest ago goes
	MaxEndpoint      = 1024 // bytes

	lasts = 60 * 24 * time.Hour // after it was last renewed
)

// Draft is a subscription as a browser makes it.
type Draft struct {
	Endpoint string // https
	P256dh   string // the browser's public key, 65 bytes in base64url
	Auth     string // 16 bytes in base64url
}

// Subscription is a browser that is to be told. It does not end with the token
// that made it: who is away has none that is still good. It ends when it is
// removed, when the push service says that it is gone, when what vouched for
// its user is revoked, and 60 days after it was last renewed.
type Subscription struct {
	ID      string // made from the endpoint: the same browser is the same subscription
	Service string // the host of the endpoint
	Created time.Time
	Renewed time.Time

	draft Draft
	as    chat.Identity // what the one who made it may do
}

func (sub *Subscription) user() userKey { return userKey{sub.as.Project, sub.as.User} }

// kept is a Subscription's record.
type kept struct {
	Endpoint string    `json:"endpoint"`
	P256dh   string    `json:"p256dh"`
	Auth     string    `json:"auth"`
	Key      string    `json:"key"` // the server's public key that it is good for
	Created  time.Time `json:"created"`
	Renewed  time.Time `json:"renewed"`

	Project  string    `json:"project"`
	User     string    `json:"user"`
	Scopes   []string  `json:"scopes"`
	Channels []string  `json:"channels,omitempty"`
	Vouches  string    `json:"vouches,omitempty"` // the project's key
	TokenID  string    `json:"tokenId,omitempty"`
	Issued   time.Time `json:"issued,omitzero"`
}

func idOf(endpoint string) string { return named("", endpoint) }

// check reports why the draft is no subscription, or nil.
func (d *Draft) check(loopback bool) (*url.URL, error) {
	if len(d.Endpoint) > MaxEndpoint {
		return nil, chat.E(chat.CodeTooLarge, "an endpoint is over %d bytes", MaxEndpoint)
	}
	at, err := url.Parse(d.Endpoint)
	if err != nil || at.Host == "" || at.User != nil || at.Fragment != "" || at.Opaque != "" {
		return nil, chat.E(chat.CodeInvalid, "an endpoint is an https URL")
	}
	local := loopback && isLoopback(at.Hostname())
	if at.Scheme != "https" && (at.Scheme != "http" || !local) {
		return nil, chat.E(chat.CodeInvalid, "an endpoint is an https URL")
	}
	// What listens at other ports was not put there for strangers.
	if port := at.Port(); port != "" && port != "443" && !local {
		return nil, chat.E(chat.CodeInvalid, "an endpoint is at port 443")
	}
	// Where a name leads is seen when it is asked; a number can be refused now.
	if addr, err := netip.ParseAddr(at.Hostname()); err == nil && !local && !dial.Public(addr) {
		return nil, chat.E(chat.CodeInvalid, "an endpoint is on the public internet")
	}
	public, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(d.P256dh, "="))
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(public)
	}
	if err != nil {
		return nil, chat.E(chat.CodeInvalid, "keys.p256dh is a public key of P-256, 65 bytes in base64url")
	}
	if auth, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(d.Auth, "=")); err != nil || len(auth) != 16 {
		return nil, chat.E(chat.CodeInvalid, "keys.auth is 16 bytes in base64url")
	}
	return at, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// mayNotify is who may have subscriptions and settings: users with a name of
// their own. Guests are many, and nobody comes back to one.
func mayNotify(id *chat.Identity) error {
	switch {
	case id.User == "" || id.Guest:
		return chat.E(chat.CodeForbidden, "notifications are a user's")
	case !id.Has(chat.ScopeRead):
		return chat.E(chat.CodeForbidden, "the token lacks the scope %s", chat.ScopeRead)
	}
	return nil
}

// Subscribe makes the browser the user's, or renews it. Whose it was before is
// told no more: the one who uses the browser now subscribed last.
func (s *Service) Subscribe(ctx context.Context, id *chat.Identity, d Draft) (*Subscription, error) {
	if err := mayNotify(id); err != nil {
		return nil, err
	}
	at, err := d.check(s.o.Loopback)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC()
	sub := &Subscription{ID: idOf(d.Endpoint), Service: at.Host, Created: now, Renewed: now, draft: d, as: granted(id)}
	s.accounts.writing.Lock()
	defer s.accounts.writing.Unlock()
	if old := s.accounts.subscription(sub.ID); old != nil && old.user() == sub.user() {
		sub.Created = old.Created
	}
	records := make(map[string][]byte)
	if records[recordSub+sub.ID], err = s.record(sub); err != nil {
		return nil, err
	}
	over := s.accounts.over(sub)
	for _, old := range over {
		records[recordSub+old.ID] = nil
	}
	if err := s.store.PutRecords(ctx, records); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	for _, old := range over {
		s.accounts.remove(old.ID)
	}
	s.accounts.put(sub)
	return sub, nil
}

// granted is what a subscription may do of what its maker may: a server that
// subscribes a user gives it no more than the user's own.
func granted(id *chat.Identity) chat.Identity {
	g := chat.Identity{
		Project: id.Project, User: id.User, Scopes: slices.Clone(id.Scopes), Channels: slices.Clone(id.Channels),
		Key: id.Key, TokenID: id.TokenID, Issued: id.Issued,
	}
	if id.Server {
		g.Scopes = []string{chat.ScopeRead}
	}
	return g
}

func (s *Service) record(sub *Subscription) ([]byte, error) {
	value, err := json.Marshal(kept{
		Endpoint: sub.draft.Endpoint, P256dh: sub.draft.P256dh, Auth: sub.draft.Auth, Key: s.key.public,
		Created: sub.Created, Renewed: sub.Renewed,
		Project: sub.as.Project, User: sub.as.User, Scopes: sub.as.Scopes, Channels: sub.as.Channels,
		Vouches: sub.as.Key, TokenID: sub.as.TokenID, Issued: sub.as.Issued,
	})
	if err != nil {
		return nil, fmt.Errorf("keep a subscription: %w", err)
	}
	return value, nil
}

func (k *kept) subscription(id string) *Subscription {
	sub := &Subscription{
		ID: id, Created: k.Created, Renewed: k.Renewed, draft: Draft{k.Endpoint, k.P256dh, k.Auth},
		as: chat.Identity{
			Project: k.Project, User: k.User, Scopes: k.Scopes, Channels: k.Channels,
			Key: k.Vouches, TokenID: k.TokenID, Issued: k.Issued,
		},
	}
	if at, err := url.Parse(k.Endpoint); err == nil {
		sub.Service = at.Host
	}
	return sub
}

// Subscriptions are the user's own, the last renewed first.
func (s *Service) Subscriptions(id *chat.Identity) ([]*Subscription, error) {
	if err := mayNotify(id); err != nil {
		return nil, err
	}
	list := s.accounts.subscriptions(userKey{id.Project, id.User})
	slices.SortFunc(list, func(a, b *Subscription) int { return b.Renewed.Compare(a.Renewed) })
	return list, nil
}

// Unsubscribe removes one of the user's own.
func (s *Service) Unsubscribe(ctx context.Context, id *chat.Identity, sub string) error {
	if err := mayNotify(id); err != nil {
		return err
	}
	old := s.accounts.subscription(sub)
	if old == nil || old.user() != (userKey{id.Project, id.User}) {
		return chat.E(chat.CodeNotFound, "there is no such subscription")
	}
	return s.remove(ctx, old)
}

// remove forgets subscriptions, unless they were made anew meanwhile.
func (s *Service) remove(ctx context.Context, subs ...*Subscription) error {
	s.accounts.writing.Lock()
	defer s.accounts.writing.Unlock()
	records := make(map[string][]byte)
	for _, sub := range subs {
		if s.accounts.subscription(sub.ID) == sub {
			records[recordSub+sub.ID] = nil
		}
	}
	if len(records) == 0 {
		return nil
	}
	if err := s.store.PutRecords(ctx, records); err != nil {
		return fmt.Errorf("remove subscriptions: %w", err)
	}
	for _, sub := range subs {
		if _, gone := records[recordSub+sub.ID]; gone {
			s.accounts.remove(sub.ID)
		}
	}
	return nil
}

// Review removes the subscriptions of those for whom nothing vouches any more:
// a revocation may itself be forgotten once the token it names has ended.
func (s *Service) Review(check func(chat.Identity) *chat.Error) {
	var gone []*Subscription
	for _, sub := range s.accounts.all() {
		if check(sub.as) != nil {
			gone = append(gone, sub)
		}
	}
	if err := s.remove(context.Background(), gone...); err != nil {
		s.log.Error("remove subscriptions of revoked credentials", "err", err)
	}
}

// forget removes what nobody has renewed for long.
func (s *Service) forget(ctx context.Context) {
	now := s.now()
	var over []*Subscription
	for _, sub := range s.accounts.all() {
		if now.Sub(sub.Renewed) > lasts {
			over = append(over, sub)
		}
	}
	if err := s.remove(ctx, over...); err != nil && ctx.Err() == nil {
		s.log.Warn("remove subscriptions that are over", "err", err) // tried again in an hour
	}
}
