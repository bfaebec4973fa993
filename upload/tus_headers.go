package upload

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"hash"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// Bounds on the header Upload-Metadata.
const (
	maxMetadata = 8 << 10 // bytes
	maxPairs    = 32
)

// metadata is what is looked at of the header; the rest is kept as it came.
type metadata struct{ name, channel string }

// readMetadata reads pairs of a key and a value in base64, with commas between
// them. The channel is `channel`, or as in the form `conversationId`; the name
// is `filename`.
func readMetadata(header string) (m metadata, err error) {
	if len(header) > maxMetadata {
		return m, chat.E(chat.CodeTooLarge, "the header Upload-Metadata is over %d bytes", maxMetadata)
	}
	pairs := strings.Split(header, ",")
	if len(pairs) > maxPairs {
		return m, chat.E(chat.CodeInvalid, "the header Upload-Metadata has more than %d pairs", maxPairs)
	}
	values := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, encoded, _ := strings.Cut(strings.TrimSpace(pair), " ")
		value, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case key == "" && header == "":
			continue
		case err != nil, key == "", strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
			return m, chat.E(chat.CodeInvalid, "the header Upload-Metadata is a list of keys, each with a value in base64")
		}
		if _, double := values[key]; double {
			return m, chat.E(chat.CodeInvalid, "the header Upload-Metadata has %s twice", key)
		}
		values[key] = string(value)
	}
	m = metadata{name: values["filename"], channel: values["channel"]}
	other := values[fieldChannel]
	switch {
	case m.channel == "":
		m.channel = other
	case other != "" && other != m.channel:
		return m, chat.E(chat.CodeInvalid, "channel and %s are not the same", fieldChannel)
	}
	if m.channel == "" {
		return m, chat.E(chat.CodeInvalid, "the header Upload-Metadata has no channel")
	}
	return m, nil
}

// checksum is what a request's bytes have to have.
type checksum struct {
	hash.Hash
	want []byte
}

// algorithms are those of checksums. The protocol demands SHA-1, which here
// tells damage and no more.
func algorithms() []string { return []string{"sha1", "sha256"} }

// readChecksum reads an algorithm and a sum in base64; nil: there is none.
func readChecksum(header string) (*checksum, error) {
	if header == "" {
		return nil, nil
	}
	name, encoded, _ := strings.Cut(header, " ")
	c := new(checksum)
	switch name {
	case "sha1":
		c.Hash = sha1.New()
	case "sha256":
		c.Hash = sha256.New()
	default:
		return nil, chat.E(chat.CodeInvalid, "checksums are of %s", strings.Join(algorithms(), " or "))
	}
	var err error
	if c.want, err = base64.StdEncoding.DecodeString(encoded); err != nil || len(c.want) != c.Size() {
		return nil, chat.E(chat.CodeInvalid, "the header Upload-Checksum is no checksum of %s", name)
	}
	return c, nil
}

func (c *checksum) matches() bool { return bytes.Equal(c.Sum(nil), c.want) }

// answer is what an upload of the file is answered with.
func (f *File) answer() Answer {
	return Answer{f.URL(), f.Name, f.Size, f.Type, f.Width, f.Height, f.ThumbnailURL()}
}

// header is the answer as a header can hold it.
func (f *File) header() string {
	data, err := json.Marshal(f.answer())
	if err != nil {
		panic(err) // it holds strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(data)
}
