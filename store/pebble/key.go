package pebble

import (
	"encoding/binary"
	"strings"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/planted"
)

// The keyspaces: the first byte of every key. The project follows in all but
// spaceDue's and spaceStore's, so that a project is a handful of contiguous
// ranges. A seq is that of a message, if nothing else is said: what hangs on
// messages lies in the order of their seqs, and goes with them as one range.
const (
	spaceReaction = 'a' // project, channel, seq, name, user → seq of the reaction that added it
	spaceBlock    = 'b' // project, user, other user  → nothing
	spaceChannel  = 'c' // project, channel           → settings
	spaceDue      = 'd' // expiry, project, channel, what → see dueKey
	spaceEvent    = 'e' // project, channel, its seq  → event that is no message
	spaceFile     = 'f' // project, file, channel, seq of the event that names it → nothing
	spaceHead     = 'h' // project, channel           → head
	spacePin      = 'i' // project, channel, seq      → seq of the pin that pinned it
	spaceJoined   = 'j' // project, user, channel     → nothing
	spaceState    = 'k' // project, channel, key      → value of shared state
	spaceMessage  = 'm' // project, channel, seq      → message in its present state
	spaceNonce    = 'n' // project, channel, sender, nonce → what it was used for
	spaceMember   = 'p' // project, channel, user     → member
	spaceCursor   = 'r' // project, channel, user     → cursor
	spaceStore    = 's' // what is true of the whole store
	spaceThread   = 't' // project, channel, seq of the thread's first, seq → nothing
	spaceUser     = 'u' // project, user              → user
	spaceMention  = 'w' // project, channel, user, seq → nothing
	spaceNotes    = 'x' // project, channel, seq      → notes: apart, as a message may be long
)

// nothing is the value of a key that says it all.
var nothing = []byte{valueVersion, plainKey}

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

// cutPath reads what appendPath wrote.
func cutPath(key []byte) (ch chat.ChannelID, rest []byte, err error) {
	project, rest, ok := cutName(key)
	name, rest, ok2 := cutName(rest)
	if !ok || !ok2 {
		return ch, nil, errRow
	}
	return chat.ChannelID{Project: project, Name: name}, rest, nil
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

// threadPath takes a channel's place in the keys of a thread's replies.
func threadPath(path []byte, first uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(nil), path...), first)
}

// mentionPath takes a channel's place in the keys of a user's mentions.
func mentionPath(path []byte, user string) []byte {
	return appendName(append([]byte(nil), path...), user)
}

func reactionKey(path []byte, seq uint64, name, user string) []byte {
	return appendName(appendName(seqKey(nil, spaceReaction, path, seq), name), user)
}

func stateKey(path []byte, name string) []byte {
	return appendName(append([]byte{spaceState}, path...), name)
}

func joinedKey(ch chat.ChannelID, user string) []byte {
	return appendName(appendName(projectKey(nil, spaceJoined, ch.Project), user), ch.Name)
}

func blockKey(project, user, other string) []byte {
	return appendName(appendName(projectKey(nil, spaceBlock, project), user), other)
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
