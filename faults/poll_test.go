package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

// polled is what a poll is answered with.
type polled struct {
	Session    string `json:"session"`
	Frames     []json.RawMessage
	RetryAfter int64 `json:"retryAfter"`
}

// poll makes one request at /v1/poll.
func (l *load) poll(ctx context.Context, token string, body object) (*polled, error) {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.server.url()+"/v1/poll", bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("polled: %s: %s", response.Status, answer)
	}
	a := new(polled)
	if err == nil {
		err = json.Unmarshal(answer, a)
	}
	return a, err
}

// talkPolling sends a message again, in a request of the same name, until it
// is acknowledged.
func (l *load) talkPolling(user, token string) {
	session := ""
	for said := 0; l.rest(); said++ {
		channel := rand.IntN(len(l.channels))
		op := history.Op{
			Client: user, User: user, Kind: history.Post, Channel: l.channels[channel],
			Nonce: fmt.Sprint(user, "-", said), Text: fmt.Sprintf("post of %s, %d", user, said),
		}
		publish := object{"type": "publish", "ref": 1, "channelId": op.Channel, "nonce": op.Nonce, "text": op.Text}
		call := l.rec.Invoke(op)
		ctx, cancel := context.WithTimeout(l.living, within)
		for acked := false; !acked && pause(ctx, rand.N(50*time.Millisecond)); {
			a, err := l.poll(ctx, token, object{"session": session, "frames": []object{publish}})
			if err != nil {
				continue
			}
			session = a.Session
			for _, data := range a.Frames {
				var f frame
				if json.Unmarshal(data, &f) == nil && f.Type == "ack" && f.Nonce == op.Nonce {
					acked = true
					l.ok(call, channel, history.Answer{Seq: f.Seq, ID: f.ID})
				}
			}
		}
		cancel()
	}
}

// hearPolling follows by position, over one request after the other: a name
// may be of a life that the server has behind it. What comes again is left out.
func (l *load) hearPolling(ctx context.Context, e *listener) bool {
	begun, session, refused := l.rec.Now(), "", 0
	for ctx.Err() == nil {
		subscription := object{"channelId": e.channel}
		if e.epoch != "" {
			subscription["position"] = e.epoch + ":" + strconv.FormatUint(e.last, 10)
		}
		a, err := l.poll(ctx, e.token, object{"session": session, "subscriptions": []object{subscription}})
		if err != nil {
			if !pause(ctx, rand.N(50*time.Millisecond)) {
				return false
			}
			continue // the same request: the answer may have been lost
		}
		session = a.Session
		for _, data := range a.Frames {
			var f frame
			if err := json.Unmarshal(data, &f); err != nil {
				l.complain(e.channel, "%s: %s: %v", e.name, data, err)
				return false
			}
			entry, logged := f.entry()
			switch {
			case f.Type == "subscribed" && e.epoch == "":
				var digits string
				e.epoch, digits, _ = strings.Cut(f.Position, ":")
				e.last, _ = strconv.ParseUint(digits, 10, 64)
				e.run = l.rec.Begin(history.Run{Subscriber: e.name, Channel: e.channel, Numbering: history.BySeq, Begun: begun, From: e.last})
				e.joined.Store(true)
			case f.Type == "error":
				// The store may be opening; what cannot be resumed never can.
				if refused++; f.Code == chat.CodeExpired || refused > 100 {
					l.complain(e.channel, "%s cannot go on from %v: %s", e.name, subscription["position"], data)
					return false
				}
			case logged && f.Seq > e.last:
				e.last = f.Seq
				if !e.saw(entry) {
					return false
				}
			}
		}
		pause(ctx, time.Duration(a.RetryAfter)*time.Millisecond)
	}
	return false
}

// Everything over polls: posts, and listeners who stand where they stand
// through all the server's lives. Others talk natively besides.
func TestKill_UnderPollingClientsLosesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, build(t), t.TempDir(), "--post-rate", "0", "--channel-rate", "0")
	s.mustStart()
	l := gather(t, s, crowd{channels: 2, native: 2, pace: 40 * time.Millisecond, tokens: true})
	for i, channel := range l.channels {
		l.listen(fmt.Sprint("polling-ear-", i), channel, l.hearPolling)
	}
	for i := range 3 {
		l.post(fmt.Sprint("polling-", i), l.talkPolling)
	}
	kills := min(atOnce, max(10, made(t).kills/10))
	killUnderLoad(t, l, kills)
	l.check()
	if acked := l.acked.Load(); acked < int64(kills) {
		t.Errorf("%d acknowledgements in %d lives: this is no load", acked, kills)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
