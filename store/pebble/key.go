package pebble

import (
	"encoding/binary"
	"strings"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// The keyspaces: the first byte of every key. The project follows in all but
// spaceStore's, so that a project is a handful of contiguous ranges.
const (
	spaceChannel = 'c' // project, channel            → settings
	spaceEvent   = 'e' // project, channel, seq       → edit, delete or member event
	spaceHead    = 'h' // project, channel            → head
	spaceMessage = 'm' // project, channel, seq       → message in its present state
	spaceNonce   = 'n' // project, channel, sender, nonce → what it was used for
	spaceMember  = 'p' // project, channel, user      → member
	spaceCursor  = 'r' // project, channel, user      → cursor
	spaceStore   = 's' // what is true of the whole store
	spaceUser    = 'u' // project, user               → user
)

// Names end with two bytes that no escaped name contains, so that names of any
// bytes sort as themselves and none is another's prefix.
const (
	escape     = 0x00
	escapedNul = 0xff
	terminator = 0x01
)

func appendName(dst []byte, name string) []byte {
	for {
		i := strings.IndexByte(name, escape)
		if i < 0 {
			break
		}
		dst = append(append(dst, name[:i]...), escape, escapedNul)
		name = name[i+1:]
	}
	return append(append(dst, name...), escape, terminator)
}

// cutName reads what appendName wrote; false if key holds no whole name.
func cutName(key []byte) (name string, rest []byte, ok bool) {
	var b []byte
	for i := 0; i+1 < len(key); i++ {
		if key[i] != escape {
			b = append(b, key[i])
			continue
		}
		switch key[i+1] {
		case terminator:
			return string(b), key[i+2:], true
		case escapedNul:
			b = append(b, escape)
			i++
		default:
			return "", nil, false
		}
	}
	return "", nil, false
}

func appendProject(dst []byte, project string) []byte {
	if planted.Is("key_without_project") {
		project = ""
	}
	return appendName(dst, project)
}

// path is the part of the keys that names a channel.
func appendPath(dst []byte, ch chat.ChannelID) []byte {
	return appendName(appendProject(dst, ch.Project), ch.Name)
}

func channelKey(dst []byte, space byte, ch chat.ChannelID) []byte {
	return appendPath(append(dst[:0], space), ch)
}

func userKey(dst []byte, space byte, ch chat.ChannelID, user string) []byte {
	return appendName(channelKey(dst, space, ch), user)
}

func projectKey(dst []byte, space byte, project string) []byte {
	return appendProject(append(dst[:0], space), project)
}

func seqKey(dst []byte, space byte, path []byte, seq uint64) []byte {
	dst = append(append(dst[:0], space), path...)
	return binary.BigEndian.AppendUint64(dst, seq)
}

func nonceKey(dst []byte, path []byte, sender, nonce string) []byte {
	dst = append(append(dst[:0], spaceNonce), path...)
	return appendName(appendName(dst, sender), nonce)
}

// seqOf is the seq at the end of a message's or event's key.
func seqOf(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key[len(key)-8:])
}

// after is the first key behind every key that begins with prefix. No prefix
// of ours ends in 0xff.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	end[len(end)-1]++
	return end
}
