package client

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-chat/parley/chat"
)

type (
	// Call is one attempt of a user to talk to another, as it is now.
	Call struct {
		ID         string         `json:"callId"`
		State      chat.CallState `json:"state"`
		CallerID   string         `json:"callerId"`
		CallerName string         `json:"callerName"`
		CalleeID   string         `json:"calleeId"`
		ChannelID  string         `json:"channelId"` // where its end is told as a *CallEnd
		By         string         `json:"by"`        // who brought it into this state; "": the clock
		Data       jsontext.Value `json:"data"`      // what the caller gave for the callee
		StartedAt  time.Time      `json:"startedAt"`
		AnsweredAt time.Time      `json:"answeredAt"` // zero: it was not
		EndedAt    time.Time      `json:"endedAt"`    // zero: it is under way
	}

	// CallEnd says that a call is over, and how.
	CallEnd struct {
		Call
		Seq uint64    `json:"seq"`
		At  time.Time `json:"at"`
	}
)

// Place is the event's seq.
func (c *CallEnd) Place() uint64 { return c.Seq }

func (*CallEnd) event() {}

// StartCall rings every device of a user; data is any JSON value for the other
// side, or nil. The call's end is told in channel; "": the direct channel of
// the two. It is sent once: a connection that breaks leaves it Unknown, and
// OnCall tells.
func (c *Client) StartCall(ctx context.Context, user, channel string, data jsontext.Value) (*Call, error) {
	return c.phone(ctx, &outgoing{Type: "call", UserID: user, ChannelID: channel, Data: data})
}

// AcceptCall answers a call that rings.
func (c *Client) AcceptCall(ctx context.Context, id string) (*Call, error) {
	return c.phone(ctx, &outgoing{Type: "call.accept", CallID: id})
}

// DeclineCall declines a call that rings.
func (c *Client) DeclineCall(ctx context.Context, id string) (*Call, error) {
	return c.phone(ctx, &outgoing{Type: "call.decline", CallID: id})
}

// EndCall ends a call, or gives up calling.
func (c *Client) EndCall(ctx context.Context, id string) (*Call, error) {
	return c.phone(ctx, &outgoing{Type: "call.end", CallID: id})
}

func (c *Client) phone(ctx context.Context, f *outgoing) (*Call, error) {
	p, err := c.submit(f, true)
	if err != nil {
		return nil, err
	}
	answer, err := p.wait(ctx)
	if err != nil {
		return nil, err
	}
	return as[Call](answer)
}

// called takes a call's new state: an answer, or what all devices are told.
func (c *Client) called(f *incoming) error {
	c.mu.Lock()
	p := c.pending[f.ref()]
	if p != nil {
		c.settle(p, f, nil)
	}
	c.mu.Unlock()
	if p != nil || c.o.OnCall == nil {
		return nil
	}
	call, err := as[Call](f)
	if err == nil {
		c.states.put(func() { c.o.OnCall(call) })
	}
	return err
}
