package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// conditions refuses what the operation would not keep: who sets a condition
// must not be told that it was done without.
func (c *call) conditions(op *operation) error {
	if c.Method != http.MethodGet && c.Method != http.MethodHead && !op.conditional {
		for _, name := range []string{"If-Match", "If-None-Match"} {
			if c.Header.Get(name) != "" {
				return chat.E(chat.CodeInvalid, "%s is not taken here", name)
			}
		}
	}
	return nil
}

// version is the state key's that If-Match and If-None-Match demand: nil if
// they demand nothing, 0 for a key that is not there.
func (c *call) version() *uint64 {
	match, none := c.Header.Get("If-Match"), c.Header.Get("If-None-Match")
	var version uint64
	switch {
	case match == "" && none == "":
		return nil
	case match != "" && none != "":
		c.in.invalid("If-Match and If-None-Match exclude each other")
	case none != "" && none != "*":
		c.in.invalid("of If-None-Match only * is taken here: the key must not be there yet")
	case none == "*":
		return &version
	default:
		n, err := strconv.ParseUint(strings.Trim(match, `"`), 10, 64)
		if err != nil || n == 0 || match != versionTag(n) {
			c.in.invalid("If-Match takes one ETag, as an answer gave it")
		}
		version = n
	}
	return &version
}

// versionTag is the ETag of a state key.
func versionTag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// tag sets the answer's ETag, and is the status: 304 where the asker has it.
func (c *call) tag(h http.Header, status int) int {
	if c.etag == "" {
		sum := sha256.Sum256(c.out.Bytes())
		c.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
	}
	h.Set("ETag", c.etag)
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Authorization")
	if c.Method != http.MethodGet && c.Method != http.MethodHead {
		return status
	}
	for _, have := range c.Header.Values("If-None-Match") {
		for tag := range strings.SplitSeq(have, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == c.etag || tag == "*" {
				return http.StatusNotModified
			}
		}
	}
	return status
}

// nonce is the body's, or the header Idempotency-Key, which is the same under
// another name.
func (c *call) nonce() string {
	nonce, key := c.in.text("nonce"), c.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return nonce
	case nonce != "" && nonce != key:
		c.in.invalid("nonce and Idempotency-Key differ")
	}
	return key
}
