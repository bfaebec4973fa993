package plain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Poll is a client of the native protocol by long-polling, which follows one
// channel. What is sent goes with the next request.
type Poll struct {
	http    http.Client
	url     string
	header  http.Header
	channel string

	mu      sync.Mutex
	sending []json.RawMessage
	session string // Next changes it

	// Next's alone.
	arrived []json.RawMessage
	// Position is where the client stands, epoch:seq; "": nowhere yet.
	Position string
}

// shortHold is how long a request is held: what is sent meanwhile waits for it.
const shortHold = 100 * time.Millisecond

// NewPoll is a client that goes on from position, or with "" from the end.
func NewPoll(url string, header http.Header, channel, position string) *Poll {
	return &Poll{
		http: http.Client{Transport: &http.Transport{}}, url: url + "/v1/poll", header: header,
		channel: channel, Position: position,
	}
}

// Send implements Line.
func (p *Poll) Send(_ context.Context, frame string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending = append(p.sending, json.RawMessage(frame))
	return nil
}

// Next implements Line.
func (p *Poll) Next(ctx context.Context) ([]byte, error) {
	for len(p.arrived) == 0 {
		if err := p.exchange(ctx); err != nil {
			return nil, err
		}
	}
	frame := p.arrived[0]
	p.arrived = p.arrived[1:]
	return frame, p.follow(frame)
}

func (p *Poll) exchange(ctx context.Context) error {
	p.mu.Lock()
	frames := p.sending
	p.sending = nil
	p.mu.Unlock()
	type subscription struct {
		ChannelID string `json:"channelId"`
		Position  string `json:"position,omitempty"`
		Presence  bool   `json:"presence"`
	}
	answer, err := p.ask(ctx, map[string]any{
		"session": p.session, "frames": frames, "hold": shortHold.Milliseconds(),
		"subscriptions": []subscription{{p.channel, p.Position, true}},
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.session = answer.Session
	p.mu.Unlock()
	p.arrived = answer.Frames
	return p.ahead()
}

// pollAnswer is what a request is answered with.
type pollAnswer struct {
	Session string            `json:"session"`
	Frames  []json.RawMessage `json:"frames"`
}

func (p *Poll) ask(ctx context.Context, request any) (*pollAnswer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = p.header.Clone()
	response, err := p.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("polled: %s: %s", response.Status, data)
	}
	answer := &pollAnswer{}
	return answer, json.Unmarshal(data, answer)
}

// ahead moves the position past all that has arrived: the next request says so.
func (p *Poll) ahead() error {
	for _, frame := range p.arrived {
		var f struct {
			Type, ChannelID, Position string
			Ref                       any
			Seq                       uint64
		}
		if err := json.Unmarshal(frame, &f); err != nil {
			return err
		}
		if f.ChannelID != p.channel {
			continue
		}
		epoch, digits, _ := strings.Cut(p.Position, ":")
		seq, _ := strconv.ParseUint(digits, 10, 64) // of nowhere: 0
		switch {
		case f.Type == "subscribed" && p.Position == "":
			p.Position = f.Position
		case f.Ref == nil && f.Seq == seq+1 && f.Type != "read" && f.Type != "delivered" && epoch != "":
			p.Position = epoch + ":" + strconv.FormatUint(f.Seq, 10)
		}
	}
	return nil
}

// follow fails where the subscription is over.
func (p *Poll) follow(frame []byte) error {
	var f struct {
		Type, ChannelID, Code string
		Ref                   any
	}
	if err := json.Unmarshal(frame, &f); err != nil {
		return err
	}
	if f.Type == "dropped" || f.Type == "error" && f.Ref == nil && f.ChannelID == p.channel {
		return fmt.Errorf("the subscription has ended: %s", frame)
	}
	return nil
}

// Close implements Line: it leaves, since the server would keep the session for
// its lease.
func (p *Poll) Close() {
	defer p.http.CloseIdleConnections()
	p.mu.Lock()
	session := p.session
	p.mu.Unlock()
	if session == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = p.ask(ctx, map[string]any{"session": session, "leave": true, "hold": 0}) // it would end by itself
}
