package socketio_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/wire"
)

// Whatever comes, the connection answers or ends, and its neighbours live on.
func FuzzConn(f *testing.F) {
	for _, s := range []string{
		"0{\"token\":\"ada\"}\n2[\"join-room\",\"general\"]\n25[\"message\",{\"text\":\"x\"}]\n1\n2[\"typing\",true]",
		"0/parley,{\"token\":\"ada\",\"recovery\":true}\n2/parley,7[\"subscribe\",{\"channelId\":\"general\",\"acks\":true}]\n3/parley,0[]",
		"0{\"token\":\"ada\",\"pid\":\"x\",\"offset\":\"e:1\"}\n51-[\"message\",{\"_placeholder\":true,\"num\":0}]\n!abc",
		"abc", "0[]", "42[]",
	} {
		f.Add(s)
	}
	b := setupOn(f, vfs.NewMem()) // a sync of a disk's would cost more than all the rest
	neighbour := b.come(f, "neighbour")
	neighbour.ask(`["join-room","next-door"]`, `{"ok":true}`)
	head := regexp.MustCompile(`^[0-6](\d+-)?(/[^,]*,)?\d*`)
	f.Fuzz(func(t *testing.T, packets string) {
		l := b.line(t)
		for s := range strings.SplitSeq(packets, "\n") {
			m := wire.Message{Data: []byte(s)}
			if data, ok := strings.CutPrefix(s, "!"); ok {
				m = wire.Message{Data: []byte(data), Binary: true}
			}
			if l.conn.Ready(t.Context()) != nil || l.conn.Receive(t.Context(), m) != nil {
				break
			}
			l.take()
			if len(l.closed) > 0 {
				break
			}
		}
		for _, m := range l.inbox {
			payload := head.ReplaceAll(m.Data, nil)
			if !m.Binary && len(payload) > 0 && !json.Valid(payload) {
				t.Errorf("%q is told %q", packets, m.Data)
			}
		}
		neighbour.t, neighbour.told = t, nil
		neighbour.ask(`["typing",true]`, `{"ok":true}`)
	})
}
