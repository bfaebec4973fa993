package chat

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultProject is the project of a server that was told of no other.
const DefaultProject = "default"

// BroadcastChannel is the one channel of every project that its server keys
// write and everybody in the project may read.
const BroadcastChannel = "broadcast"

// DirectPrefix begins the name of every direct channel, and of no other.
const DirectPrefix = "dm:"

// Bounds on names, in bytes of UTF-8.
const (
	MaxChannelName = 128
	MaxUserID      = 128
	MaxUserName    = 128
	MaxNonce       = 128
)

// ChannelID names a channel: two projects may each have a "general".
type ChannelID struct {
	Project string
	Name    string
}

func (c ChannelID) String() string { return c.Project + "/" + c.Name }

// ChannelKind says who may come in.
type ChannelKind string

const (
	Open    ChannelKind = "open"    // anyone with the scope may join; made on first use
	Private ChannelKind = "private" // members only
	Direct  ChannelKind = "direct"  // two users; the name derives from theirs
)

// DefaultRetention is how long events are kept where a channel says nothing.
const DefaultRetention = 30 * 24 * time.Hour

// Channel is a channel's settings.
type Channel struct {
	ID        ChannelID
	Kind      ChannelKind
	Public    bool          // readable without credentials
	Title     string        // for people; may be empty
	Retention time.Duration // 0: DefaultRetention; negative: for ever
	CreatedAt time.Time
}

// KeepFor is how long the channel's events are kept; false: for ever.
func (c *Channel) KeepFor() (time.Duration, bool) {
	switch {
	case c.Retention < 0:
		return 0, false
	case c.Retention == 0:
		return DefaultRetention, true
	}
	return c.Retention, true
}

// Role is what a member may do, from most to least.
type Role string

const (
	Owner     Role = "owner"
	Moderator Role = "moderator"
	Ordinary  Role = "member"
	Reader    Role = "reader"
	NoRole    Role = "" // not a member
)

// Member is a user's standing in a channel. A ban outlives the membership:
// a banned user has a Member with NoRole.
type Member struct {
	User   string
	Role   Role
	Muted  bool
	Banned bool
	Since  time.Time
}

// Stands reports whether the store's standing, nil for none, is still m, whenever
// it began.
func (m *Member) Stands(now *Member) bool {
	if now == nil {
		now = &Member{}
	}
	return m.Role == now.Role && m.Muted == now.Muted && m.Banned == now.Banned
}

// User is what is kept of a user beyond the channels' logs.
type User struct {
	Project  string
	ID       string
	Name     string
	Status   string    // custom status text
	Avatar   string    // an https URL, or ""
	Meta     []byte    // a JSON object, or nil
	LastSeen time.Time // zero: never
}

// MaxAvatar bounds an avatar's URL, in bytes.
const MaxAvatar = 2048

// CheckChannelName reports why name cannot be a channel's, or nil.
func CheckChannelName(name string) error {
	if strings.HasPrefix(name, DirectPrefix) {
		a, b, ok := strings.Cut(name[len(DirectPrefix):], ":")
		if !ok || DirectName(unescapeUser(a), unescapeUser(b)) != name {
			return E(CodeInvalid, "channel names beginning with %q are direct channels'", DirectPrefix)
		}
		return nil
	}
	return checkID("channel", name, MaxChannelName)
}

// CheckUserID reports why id cannot be a user's, or nil.
func CheckUserID(id string) error { return checkID("user id", id, MaxUserID) }

// checkID is checkName of what stands in paths, where . and .. are steps that
// every client takes before it asks: /v1/users/../sessions, one user's, would
// be everybody's.
func checkID(what, id string, most int) error {
	if id == "." || id == ".." {
		return E(CodeInvalid, "the %s is a step of a path", what)
	}
	return checkName(what, id, most)
}

// CheckUserName reports why name cannot be shown as a user's, or nil.
func CheckUserName(name string) error {
	if name == "" {
		return nil
	}
	return checkName("user name", name, MaxUserName)
}

// checkName allows any printable text without leading or trailing space: names
// are shown to people and travel in URLs, headers and keys.
func checkName(what, name string, most int) error {
	switch {
	case name == "":
		return E(CodeInvalid, "the %s is empty", what)
	case len(name) > most:
		return E(CodeInvalid, "the %s is longer than %d bytes", what, most)
	case !utf8.ValidString(name):
		return E(CodeInvalid, "the %s is not UTF-8", what)
	case strings.TrimSpace(name) != name:
		return E(CodeInvalid, "the %s begins or ends with a space", what)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return E(CodeInvalid, "the %s holds an unprintable character", what)
		}
	}
	return nil
}

// DirectName is the name of the direct channel of two users, the same whoever
// asks: the prefix, then both ids, escaped and in byte order.
func DirectName(a, b string) string {
	if b < a {
		a, b = b, a
	}
	return DirectPrefix + escapeUser(a) + ":" + escapeUser(b)
}

// DirectUsers are the two users of a direct channel's name; false if it is none.
func DirectUsers(name string) (a, b string, ok bool) {
	if !strings.HasPrefix(name, DirectPrefix) {
		return "", "", false
	}
	a, b, ok = strings.Cut(name[len(DirectPrefix):], ":")
	return unescapeUser(a), unescapeUser(b), ok
}

// KindOf is the kind of a channel of this name of which nothing else is known.
func KindOf(name string) ChannelKind {
	if strings.HasPrefix(name, DirectPrefix) {
		return Direct
	}
	return Open
}

func escapeUser(id string) string   { return strings.NewReplacer("~", "~~", ":", "~.").Replace(id) }
func unescapeUser(id string) string { return strings.NewReplacer("~~", "~", "~.", ":").Replace(id) }
