package chat

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// FilePrefix begins the path of every file, before its id.
const FilePrefix = "/files/"

// fileIDLen is the length of a file's id: 130 random bits in base 32, as
// [crypto/rand.Text] makes them.
const fileIDLen = 26

// FilesIn are the ids of the files whose paths a body, a JSON value, names, each
// once, in order. A path counts wherever it stands: in a file's url, a text, a
// member of some other object; and however it is escaped.
func FilesIn(body []byte) []string {
	var ids []string
	var seen map[string]bool // a body may name thousands: no search through all of them
	for rest := plainly(body); ; {
		at := bytes.Index(rest, []byte(FilePrefix))
		if at < 0 {
			return ids
		}
		rest = rest[at+len(FilePrefix)-1:] // the slash may begin another
		id := rest[1:]
		if len(id) < fileIDLen || !isFileID(id[:fileIDLen]) {
			continue
		}
		name := string(id[:fileIDLen])
		if seen[name] {
			continue
		}
		if seen == nil {
			seen = make(map[string]bool)
		}
		seen[name] = true
		ids = append(ids, name)
	}
}

// plainly is a JSON value in whose strings no character of a path is escaped.
func plainly(body []byte) []byte {
	if !bytes.Contains(body, []byte(`\/`)) && !bytes.Contains(body, []byte(`\u`)) {
		return body
	}
	plain := make([]byte, 0, len(body))
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 {
			return append(plain, body...)
		}
		c, n := unescape(body[at:])
		plain = append(append(plain, body[:at]...), c)
		body = body[at+n:]
	}
}

// unescape is the character that the escape at the beginning of b stands for, and
// the escape's length. What is in no path is a backslash.
func unescape(b []byte) (c byte, n int) {
	switch {
	case len(b) >= 2 && b[1] == '/':
		return '/', 2
	case len(b) >= 6 && b[1] == 'u':
		if code, err := strconv.ParseUint(string(b[2:6]), 16, 16); err == nil && code < utf8.RuneSelf {
			return byte(code), 6
		}
	}
	return '\\', min(2, len(b))
}

func isFileID(id []byte) bool {
	for _, c := range id {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
