package upload

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// LinkTTL is how long a link is good for.
const LinkTTL = 10 * time.Minute

// grant is what a link says: that its bearer may have the file as this user
// might. What the user may no longer have, the link does not open.
type grant struct {
	Project string `json:"p"`
	User    string `json:"u,omitempty"`
	Server  bool   `json:"s,omitempty"`
	Until   int64  `json:"x"` // Unix seconds
}

// Link makes a link to a file that whoever asks may have: a path that needs no
// credentials, for pages that cannot send any.
func (s *Service) Link(ctx context.Context, id *chat.Identity, file string) (path string, until time.Time, err error) {
	f, err := s.Find(ctx, id, file)
	if err != nil {
		return "", until, err
	}
	until = s.options.Now().Add(LinkTTL).UTC().Truncate(time.Second)
	said := encode(grant{f.Project, id.User, id.Server, until.Unix()})
	text := base64.RawURLEncoding.EncodeToString(said) + "." + base64.RawURLEncoding.EncodeToString(s.sign(f.ID, said))
	return f.URL() + "?link=" + text, until, nil
}

// follow is whom a link lets in.
func (s *Service) follow(file, link string) (chat.Identity, error) {
	refused := chat.E(chat.CodeUnauthorized, "the link is not one of this server's for this file")
	text, mac, ok := strings.Cut(link, ".")
	said, err := base64.RawURLEncoding.DecodeString(text)
	signature, badMAC := base64.RawURLEncoding.DecodeString(mac)
	if !ok || err != nil || badMAC != nil || !hmac.Equal(signature, s.sign(file, said)) {
		return chat.Identity{}, refused
	}
	var g grant
	if err := json.Unmarshal(said, &g); err != nil {
		return chat.Identity{}, refused
	}
	until := time.Unix(g.Until, 0)
	if !s.options.Now().Before(until) {
		return chat.Identity{}, chat.E(chat.CodeTokenExpired, "the link has ended: ask for another")
	}
	return chat.Identity{Project: g.Project, User: g.User, Server: g.Server, Scopes: []string{chat.ScopeRead}, Expires: until}, nil
}

// sign binds what a link says to its file.
func (s *Service) sign(file string, said []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("link\x00" + file + "\x00"))
	mac.Write(said)
	return mac.Sum(nil)
}
