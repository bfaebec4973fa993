package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

// pollAnswer is what a poll is answered with.
type pollAnswer struct {
	Session    string            `json:"session"`
	Frames     []json.RawMessage `json:"frames"`
	RetryAfter int               `json:"retryAfter"`
}

func (b *bundle) poll(ctx context.Context, token string, body map[string]any) (*pollAnswer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/v1/poll", bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("polled: %s", response.Status)
	}
	a := &pollAnswer{}
	return a, json.NewDecoder(response.Body).Decode(a)
}

// mover follows one channel, now by WebSocket, now by polling, and is cut off
// whenever. It has nothing but its position, and a name that may be stale.
type mover struct {
	b       *bundle
	token   string
	run     *history.Listening
	epoch   string
	last    uint64
	session string
	wrong   []string
	over    bool
}

func (m *mover) position() string { return m.epoch + ":" + strconv.FormatUint(m.last, 10) }

// take records a frame of the log; what comes again is left out, as the
// protocol says. A hole is what must not be.
func (m *mover) take(data []byte, again bool) {
	var f struct {
		Type, ID, ChannelID, Text, NewText, SenderID, UserID, Nonce, DeletedAt string
		Seq, Sequence, EditSeq                                                 uint64
	}
	if err := json.Unmarshal(data, &f); err != nil {
		m.wrong = append(m.wrong, err.Error())
		return
	}
	e := history.Entry{Seq: f.Seq, ID: f.ID, Sender: f.UserID}
	switch f.Type {
	case "message":
		e.Kind, e.Sequence, e.Sender, e.Nonce, e.Text = chat.KindMessage, f.Sequence, f.SenderID, f.Nonce, f.Text
		e.EditSeq, e.Deleted = f.EditSeq, f.DeletedAt != ""
	case "message.update":
		e.Kind, e.Text = chat.KindEdit, f.NewText
	case "message.delete":
		e.Kind = chat.KindDelete
	case "error", "dropped":
		m.wrong = append(m.wrong, string(data))
		return
	default:
		return
	}
	switch {
	case f.Seq <= m.last && again:
		return
	case f.Seq != m.last+1:
		m.wrong = append(m.wrong, fmt.Sprintf("after %d came %d", m.last, f.Seq))
		return
	}
	m.last = f.Seq
	m.run.Saw(e)
	m.over = m.over || f.Text == "farewell"
}

// byPoll makes a few requests. Some are cut off, some answers are thrown away
// as if they had never come, some requests begin without a name.
func (m *mover) byPoll(ctx context.Context, dice *rand.Rand) {
	for range 1 + dice.IntN(4) {
		if dice.IntN(5) == 0 {
			m.session = ""
		}
		cut, cancel := ctx, context.CancelFunc(func() {})
		if dice.IntN(3) == 0 {
			cut, cancel = context.WithTimeout(ctx, time.Duration(dice.IntN(15_000))*time.Microsecond)
		}
		a, err := m.b.poll(cut, m.token, map[string]any{
			"session": m.session, "hold": dice.IntN(60),
			"subscriptions": []map[string]any{{"channelId": "general", "position": m.position(), "presence": dice.IntN(2) == 0}},
		})
		cancel()
		if err != nil || dice.IntN(4) == 0 {
			continue // the answer was lost
		}
		m.session = a.Session
		for _, f := range a.Frames {
			m.take(f, true)
		}
		if m.over {
			return
		}
	}
}

// bySocket follows for a while.
func (m *mover) bySocket(ctx context.Context, dice *rand.Rand) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(dice.IntN(60_000))*time.Microsecond)
	defer cancel()
	c, _, err := websocket.Dial(ctx, m.b.url+"/v1/ws?token="+m.token, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(1 << 24)
	frame := fmt.Sprintf(`{"type":"subscribe","channelId":"general","position":%q}`, m.position())
	if c.Write(ctx, websocket.MessageText, []byte(frame)) != nil {
		return
	}
	for !m.over {
		_, data, err := c.Read(ctx)
		if err != nil {
			return
		}
		m.take(data, false)
	}
}

// One client after the other polls and follows by WebSocket, cut off at
// random, while others post, edit and delete: it has a contiguous run of the
// log, each event once.
func TestPoll_AClientThatMovesBetweenDoorsHasEachEventOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	rec, err := history.NewRecorder(history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	epoch := b.hub.Epoch()
	var movers, writers sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	all := make([]*mover, 6)
	for i := range all {
		name := fmt.Sprint("mover-", i)
		m := &mover{b: b, token: b.token(t, auth.Grant{User: name}), epoch: epoch}
		m.run = rec.Begin(history.Run{Subscriber: name, Channel: "general", Numbering: history.BySeq})
		all[i] = m
		dice := rand.New(rand.NewPCG(uint64(i), 1))
		movers.Go(func() {
			for !m.over && ctx.Err() == nil {
				if dice.IntN(2) == 0 {
					m.byPoll(ctx, dice)
				} else {
					m.bySocket(ctx, dice)
				}
			}
			m.run.Whole()
		})
	}
	for i := range 3 {
		token := b.token(t, auth.Grant{User: fmt.Sprint("writer-", i)})
		writers.Go(func() { b.scribble(ctx, t, token, rand.New(rand.NewPCG(uint64(i), 2))) })
	}
	writers.Wait()
	b.ask(t, b.secretKey(t), "POST", general+"?userId=writer-0", `{"text":"farewell"}`).want(t, 201, "")
	movers.Wait()
	for i, m := range all {
		if len(m.wrong) > 0 || !m.over {
			t.Errorf("mover %d: over: %t, at %d: %s", i, m.over, m.last, strings.Join(m.wrong[:min(3, len(m.wrong))], "\n"))
		}
	}
	final := history.Final{"general": b.whole(t)}
	for _, v := range append(history.Runs(rec.History(), final), history.Dense(rec.History(), final)...) {
		t.Error(v)
	}
	st := b.polls.Stats()
	t.Logf("%d events; polls: %d answered, %d sessions, %d answers lost", len(final["general"]), st.Answered, st.Opened, st.Lost)
	if st.Lost == 0 || st.Opened < 10 {
		t.Error("that was no test")
	}
}

// scribble posts, edits and deletes over REST and by polls.
func (b *bundle) scribble(ctx context.Context, t *testing.T, token string, dice *rand.Rand) {
	var mine []string
	for i := range 120 {
		frame := map[string]any{"type": "publish", "ref": 1, "channelId": "general", "text": fmt.Sprint("text ", i)}
		if at := len(mine) - 1; at >= 0 && dice.IntN(3) == 0 {
			frame = map[string]any{"type": "edit", "ref": 1, "channelId": "general", "id": mine[at], "text": fmt.Sprint("edited ", i)}
			if dice.IntN(2) == 0 {
				frame = map[string]any{"type": "delete", "ref": 1, "channelId": "general", "id": mine[at]}
				mine = mine[:at]
			}
		}
		a, err := b.poll(ctx, token, map[string]any{"frames": []any{frame}, "leave": true})
		if err != nil {
			t.Error(err)
			return
		}
		acked := false
		for _, data := range a.Frames {
			var f struct{ Type, ID string }
			if err := json.Unmarshal(data, &f); err == nil && f.Type == "ack" {
				acked = true
				if frame["type"] == "publish" {
					mine = append(mine, f.ID)
				}
			}
		}
		if !acked {
			t.Errorf("no ack in %s", a.Frames)
		}
		time.Sleep(time.Duration(dice.IntN(4_000)) * time.Microsecond) // the load is spread, and so are the cuts
	}
}

// whole is the log of the channel.
func (b *bundle) whole(t *testing.T) []history.Entry {
	t.Helper()
	m := &mover{epoch: b.hub.Epoch()}
	rec, err := history.NewRecorder(history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.run = rec.Begin(history.Run{Channel: "general", Numbering: history.BySeq})
	token := b.secretKey(t)
	for {
		before := m.last
		got := b.ask(t, token, "GET", fmt.Sprintf("/v1/channels/general/events?after=%d&limit=1000", m.last), "").want(t, 200, "")
		for _, e := range got.list(t, "events") {
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			m.take(data, false)
		}
		if m.last == before {
			return rec.History().Runs[0].Entries
		}
	}
}
