package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// ConfiguredKey is the id of the key that a project has from the server's
// configuration. Only there can it be changed.
const ConfiguredKey = "configured"

// Kind is what a key is for.
type Kind string

const (
	Secret      Kind = "secret"      // a back end's: does anything, signs users' tokens
	Publishable Kind = "publishable" // for pages: lets guests in
)

// State is whether a key counts.
type State string

const (
	Active   State = "active"
	Retiring State = "retiring" // another has taken its place; counts until Ends
	Ended    State = "ended"    // counts no more since Ends
	Revoked  State = "revoked"
)

// Key is a project's key as it may be shown: without what it is made of.
type Key struct {
	ID        string    `json:"id"`
	Project   string    `json:"project"`
	Kind      Kind      `json:"kind"`
	Name      string    `json:"name,omitempty"` // what a person calls it
	Prefix    string    `json:"prefix"`         // how its text begins; of a publishable key all of it
	Scopes    []string  `json:"scopes,omitempty"`
	Channels  []string  `json:"channels,omitempty"` // patterns; none: all
	Created   time.Time `json:"created,omitzero"`
	Ends      time.Time `json:"ends,omitzero"`       // when it stops to count; zero: it does not
	Revoked   time.Time `json:"revoked,omitzero"`    // zero: it was not
	Successor string    `json:"successor,omitempty"` // the id of the key that took its place

	State State `json:"-"` // when it was asked for
}

// key is a Key with what it is made of.
type key struct {
	Key
	hash [sha256.Size]byte // of its text
	// secret is a secret key's text, which signs tokens, or what signs the
	// passes of a publishable key's guests. nil once it was revoked.
	secret []byte
}

// NewKey says what key to make.
type NewKey struct {
	Project  string
	Kind     Kind
	Name     string   // for people
	Scopes   []string // of a publishable key's guests; none: chat:read and chat:send
	Channels []string // that its guests reach, as patterns; none: all
}

// Bounds on keys.
const (
	maxKeys     = 100 // of a project, those that count no more included
	maxKeyName  = 128 // bytes
	maxPatterns = 100
	keyIDLen    = 16 // characters of 5 random bits
)

func (n *NewKey) check() error {
	if len(n.Name) > maxKeyName {
		return chat.E(chat.CodeInvalid, "a key's name has at most %d bytes", maxKeyName)
	}
	if err := chat.CheckUserName(n.Name); err != nil {
		return chat.E(chat.CodeInvalid, "the key's name cannot be shown")
	}
	switch n.Kind {
	case Secret:
		if len(n.Scopes)+len(n.Channels) > 0 {
			return chat.E(chat.CodeInvalid, "a secret key may do anything: it has no scopes or channels")
		}
		return nil
	case Publishable:
	default:
		return chat.E(chat.CodeInvalid, "a key is %q or %q", Secret, Publishable)
	}
	for _, scope := range n.Scopes {
		if scope != chat.ScopeRead && scope != chat.ScopeSend && scope != chat.ScopeManage {
			return chat.E(chat.CodeInvalid, "a publishable key's scopes are of %s, %s, %s", chat.ScopeRead, chat.ScopeSend, chat.ScopeManage)
		}
	}
	if len(n.Channels) > maxPatterns {
		return chat.E(chat.CodeInvalid, "a key lists at most %d channels", maxPatterns)
	}
	for _, pattern := range n.Channels {
		name := strings.TrimSuffix(pattern, "*")
		if pattern == "" || len(name) > chat.MaxChannelName || strings.Contains(name, "*") {
			return chat.E(chat.CodeInvalid, "a channel is given by its name, or by how it begins and *")
		}
	}
	return nil
}

// newKey is a key with new random bits, and its text.
func newKey(n NewKey, now time.Time) (*key, string) {
	k := &key{Key: Key{
		ID: strings.ToLower(rand.Text()[:keyIDLen]), Project: n.Project, Kind: n.Kind, Name: n.Name,
		Scopes: slices.Clone(n.Scopes), Channels: slices.Clone(n.Channels), Created: now.UTC().Truncate(time.Millisecond),
	}}
	entropy := rand.Text() + rand.Text() // 260 bits
	text := ""
	if n.Kind == Secret {
		k.Prefix = SecretKeyPrefix + k.ID + "_"
		text = k.Prefix + entropy
		k.secret = []byte(text)
	} else {
		if len(k.Scopes) == 0 {
			k.Scopes = []string{chat.ScopeRead, chat.ScopeSend}
		}
		text = PublishableKeyPrefix + k.ID
		k.Prefix, k.secret = text, []byte(entropy)
	}
	k.hash = sha256.Sum256([]byte(text))
	return k, text
}

// live reports whether the key counts.
func (k *key) live(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Ends.IsZero() || now.Before(k.Ends))
}

// shown is the key as it is now.
func (k *key) shown(now time.Time) Key {
	shown := k.Key
	shown.Scopes, shown.Channels = slices.Clone(k.Scopes), slices.Clone(k.Channels)
	switch {
	case !k.Revoked.IsZero():
		shown.State = Revoked
	case k.Ends.IsZero():
		shown.State = Active
	case k.live(now):
		shown.State = Retiring
	default:
		shown.State = Ended
	}
	return shown
}

// heir is the key that stands for k: k itself while it counts, else, if it was
// replaced and not revoked, the one that took its place. nil: none does.
func (p *project) heir(k *key, now time.Time) *key {
	for k != nil && !k.live(now) {
		if !k.Revoked.IsZero() || k.Successor == "" {
			return nil
		}
		k = p.keys[k.Successor]
	}
	return k
}
