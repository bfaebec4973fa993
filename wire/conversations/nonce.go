package conversations

import (
	"crypto/sha256"
	"encoding/base64"
	"hash/maphash"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// retryWindow is for how long the same temporary id with the same content is
// the same message: clients begin again at the same ids.
const retryWindow = 24 * time.Hour

// A nonce of this dialect is the prefix, a hash of the content, and the
// temporary id, so that the id can be told to the sender's other connections.
const (
	noncePrefix = "e:"
	hashLen     = 22 // of 128 bits in base64
	nonceHead   = len(noncePrefix) + hashLen + 1
	maxTempID   = chat.MaxNonce - nonceHead
)

func nonceOf(tempID string, body, meta []byte) string {
	h := sha256.New()
	h.Write(body)
	h.Write(meta)
	return noncePrefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16]) + ":" + tempID
}

// tempID is the temporary id in a nonce of this dialect; false for another's.
func tempID(nonce string) (string, bool) {
	if len(nonce) <= nonceHead || !strings.HasPrefix(nonce, noncePrefix) || nonce[nonceHead-1] != ':' {
		return "", false
	}
	return nonce[nonceHead:], true
}

// remembered is how many of its own messages a connection recognises in the
// log: those that it sent since it was last level are rarely more than a few.
const remembered = 512

// recent is a bounded set: the last entries added to it.
type recent struct {
	seed  maphash.Seed
	order []uint64
	next  int
	set   map[uint64]struct{}
}

func (r *recent) has(channel, user, message string) bool {
	if len(r.set) == 0 || message == "" {
		return false
	}
	_, ok := r.set[r.key(channel, user, message)]
	return ok
}

func (r *recent) add(channel, user, message string) {
	if r.has(channel, user, message) {
		return
	}
	if r.set == nil {
		r.set, r.seed = make(map[uint64]struct{}), maphash.MakeSeed()
	}
	k := r.key(channel, user, message)
	if len(r.order) < remembered {
		r.order = append(r.order, k)
	} else {
		delete(r.set, r.order[r.next])
		r.order[r.next] = k
		r.next = (r.next + 1) % remembered
	}
	r.set[k] = struct{}{}
}

// key stands for a message in the set. That two collide is a chance of one in
// 2^64, by a seed that no client knows.
func (r *recent) key(channel, user, message string) uint64 {
	return maphash.Comparable(r.seed, [3]string{channel, user, message})
}
