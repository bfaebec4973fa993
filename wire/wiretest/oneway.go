package wiretest

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// RunOneWay is Run for a dialect in which clients say nothing, and whose
// frames may be anything: check is given each.
func RunOneWay(t *testing.T, d wire.Dialect, pattern string, check func(t testing.TB, frame []byte)) {
	t.Run("Transcripts", func(t *testing.T) { Replay(t, d, pattern) })
	t.Run("Decode_RefusesEverything", func(t *testing.T) {
		for _, g := range append(garbage(), `{"type":"message"}`) {
			asked := false
			err := d.New("session").Decode([]byte(g), func(chat.Request) { asked = true })
			if checkRefusal(t, []byte(g), err); err == nil || asked {
				t.Errorf("%.80q was taken", g)
			}
		}
	})
	t.Run("Encode_YieldsFramesOrNothing", func(t *testing.T) {
		c := d.New("session")
		for _, delivery := range deliveries() {
			for _, frame := range encode(c, delivery) {
				check(t, []byte(frame))
			}
		}
	})
	t.Run("Shared_FramesAreTheSameForAll", func(t *testing.T) { testShared(t, d, nil) })
}

// FuzzEncode has check compare each frame that d becomes of a message with
// this body with what a client is to get.
func FuzzEncode(f *testing.F, d wire.Dialect, check func(t *testing.T, body, frame []byte)) {
	for _, e := range events() {
		if e.Kind == chat.KindMessage && e.Body != nil {
			f.Add(e.Body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) || !utf8.Valid(body) {
			return // it is never let in
		}
		e := *events()[0]
		e.Body = body
		d.New("session").Encode(&chat.Delivery{Event: &e}, func(frame []byte) { check(t, body, frame) })
	})
}
