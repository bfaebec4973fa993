package push

import (
	"context"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/parley-chat/parley/chat"
)

// How records' keys begin.
const (
	recordKey      = "push/key"
	recordSub      = "push/subscription/"
	recordSettings = "push/settings/"
	recordPosition = "push/position/"
)

// key is who this server is to push services (VAPID): a key of P-256, both
// halves in base64url as browsers and push services take them.
type key struct{ private, public string }

type keptKey struct {
	Private string `json:"private"`
}

// ParseKey reports why text is no VAPID key, or nil.
func ParseKey(text string) error {
	_, err := parseKey(text)
	return err
}

func parseKey(text string) (key, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return key{}, chat.E(chat.CodeInvalid, "a VAPID key is 32 bytes in base64url, the private half")
	}
	private, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return key{}, chat.E(chat.CodeInvalid, "a VAPID key is 32 bytes in base64url, the private half, of P-256")
	}
	return key{private: text, public: base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes())}, nil
}

// openKey is the given key, or the kept one, which is made at the first start:
// a browser's subscription is good for the key that it was made with alone.
func openKey(ctx context.Context, store Records, given string) (key, error) {
	if given != "" {
		return parseKey(given)
	}
	var kept keptKey
	err := store.Records(ctx, recordKey, func(_ string, value []byte) error { return json.Unmarshal(value, &kept) })
	if err != nil {
		return key{}, fmt.Errorf("read the VAPID key: %w", err)
	}
	if kept.Private != "" {
		return parseKey(kept.Private)
	}
	made, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return key{}, fmt.Errorf("make the VAPID key: %w", err)
	}
	kept.Private = base64.RawURLEncoding.EncodeToString(made.Bytes())
	value, err := json.Marshal(kept)
	if err != nil {
		return key{}, fmt.Errorf("make the VAPID key: %w", err)
	}
	if err := store.PutRecords(ctx, map[string][]byte{recordKey: value}); err != nil {
		return key{}, fmt.Errorf("keep the VAPID key: %w", err)
	}
	return parseKey(kept.Private)
}

// topic names a channel of a user's to push services, which keep only the last
// notification of a topic: 32 characters (RFC 8030, 5.4) that say nothing to
// who has not the key, nor that two users are in one channel.
func (k key) topic(user string, ch chat.ChannelID) string {
	mac := hmac.New(sha256.New, []byte(k.private))
	for _, part := range []string{"topic", ch.Project, ch.Name, user} {
		mac.Write([]byte(part))
		mac.Write([]byte{0}) // in no name: names are printable
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:24])
}

// named is a record's key for what is named by parts.
func named(prefix string, parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	return prefix + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18])
}
