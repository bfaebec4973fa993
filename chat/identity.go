package chat

import (
	"net/netip"
	"strings"
	"time"
)

// Scopes that a token may carry. A scope lets its holder try; the role in the
// channel decides.
const (
	ScopeRead   = "chat:read"
	ScopeSend   = "chat:send"
	ScopeManage = "chat:manage" // make channels, set members, in place of an owner
)

// Identity is who a session or a request acts for, as its credentials say.
// The zero Identity is nobody: it may read public channels.
type Identity struct {
	Project  string
	User     string
	Name     string
	Scopes   []string
	Channels []string  // patterns of channel names: exact, or a prefix and "*"; none: all
	Expires  time.Time // zero: never
	Server   bool      // a project's secret key: may do anything in the project, as any user
	Guest    bool      // User was made by the server
	Renames  bool      // --dev: the first frame that names a user decides who this is
	Key      string    // the id of the project key that vouches for it; "" if none does
	TokenID  string    // the token's own name (jti); "" if it has none
	Issued   time.Time // when the token was issued; zero if it does not say
	Pass     string    // of a guest who has just been made: the token for coming again as the same
	From     *Origin   // where it was asked from; nil: not known. It gives no right
}

// Origin is where a client is, as its door saw it.
type Origin struct {
	Door    string     // the path by which it came
	Address netip.Addr // the zero one: not known
	Agent   string     // its User-Agent
}

// Anonymous reports whether there is nobody behind id.
func (id *Identity) Anonymous() bool { return id.User == "" && !id.Server }

// Has reports whether the credentials carry the scope.
func (id *Identity) Has(scope string) bool {
	if id.Server {
		return true
	}
	for _, s := range id.Scopes {
		if s == scope {
			return true
		}
	}
	return false
}

// outlasts reports whether id's credentials are good for longer than other's.
func (id *Identity) outlasts(other *Identity) bool {
	return !other.Expires.IsZero() && (id.Expires.IsZero() || id.Expires.After(other.Expires))
}

// Covers reports whether the credentials reach the channel of this name. A
// publishable key's guests reach users directly only if it says so: everybody
// has that key.
func (id *Identity) Covers(channel string) bool {
	switch {
	case id.Server:
		return true
	case len(id.Channels) == 0:
		return !id.Guest || id.Renames || !strings.HasPrefix(channel, DirectPrefix)
	}
	for _, p := range id.Channels {
		if p == channel {
			return true
		}
		if prefix, ok := strings.CutSuffix(p, "*"); ok && strings.HasPrefix(channel, prefix) {
			return true
		}
	}
	return false
}
