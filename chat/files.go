package chat

import "bytes"

// FilePrefix begins the path of every file, before its id.
const FilePrefix = "/files/"

// fileIDLen is the length of a file's id: 130 random bits in base 32, as
// [crypto/rand.Text] makes them.
const fileIDLen = 26

// FilesIn are the ids of the files whose paths a body names, each once, in
// order. It looks at the bytes of the JSON value, so that a path counts wherever
// it stands: in a file's url, a text, a member of some other object.
func FilesIn(body []byte) []string {
	var ids []string
	var seen map[string]bool // a body may name thousands: no search through all of them
	for rest := body; ; {
		_, after, found := bytes.Cut(rest, []byte("/files"))
		if !found {
			return ids
		}
		rest = after
		after = bytes.TrimPrefix(after, []byte(`\`)) // JSON may escape a slash
		id, ok := bytes.CutPrefix(after, []byte("/"))
		if !ok || len(id) < fileIDLen || !isFileID(id[:fileIDLen]) {
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

func isFileID(id []byte) bool {
	for _, c := range id {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
