package client

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-chat/parley/chat"
)

// Draft is a message, or its new state. Text is used unless there is a Body.
type Draft struct {
	Text  string
	Body  jsontext.Value // any JSON value
	Nonce string         // "": one is made

	// Of new messages only:
	Meta     jsontext.Value // a JSON object
	ParentID string         // the message that it answers
	Mentions []string       // the users it calls
	TTL      time.Duration  // it is deleted by itself after so long, in whole milliseconds; 0: never
}

func (d *Draft) frame(typ, channel string) *outgoing {
	f := &outgoing{Type: typ, ChannelID: channel, Body: d.Body, Nonce: d.Nonce}
	if d.Body == nil {
		f.Text = &d.Text
	}
	if f.Nonce == "" {
		f.Nonce = rand.Text()
	}
	return f
}

func (d *Draft) publish(channel string) *outgoing {
	f := d.frame("publish", channel)
	f.Meta, f.ParentID, f.Mentions, f.TTL = d.Meta, d.ParentID, d.Mentions, d.TTL.Milliseconds()
	return f
}

// Send queues a message without waiting. Messages of one channel are stored in
// the order of the calls, unless the server refuses one for a while. What fails
// at once was not queued: CodeInvalid, CodeTooLarge, ErrQueueFull, ErrClosed.
func (c *Client) Send(channel string, d Draft) (*Pending, error) {
	return c.submit(d.publish(channel), false)
}

// Publish stores a message: it returns when the server says that it is on
// stable storage, however many connections that takes.
func (c *Client) Publish(ctx context.Context, channel string, d Draft) (Ack, error) {
	return c.ack(ctx, d.publish(channel))
}

// Edit gives the message id another text or body.
func (c *Client) Edit(ctx context.Context, channel, id string, d Draft) (Ack, error) {
	f := d.frame("edit", channel)
	f.ID = id
	return c.ack(ctx, f)
}

// Delete removes the message id's text for good.
func (c *Client) Delete(ctx context.Context, channel, id string) (Ack, error) {
	return c.ack(ctx, &outgoing{Type: "delete", ChannelID: channel, ID: id, Nonce: rand.Text()})
}

func (c *Client) ack(ctx context.Context, f *outgoing) (Ack, error) {
	p, err := c.submit(f, false)
	if err != nil {
		return Ack{}, err
	}
	return p.Wait(ctx)
}

// Range selects messages: the last Limit below the seq Before; or, with
// Forward, the first Limit above After; with both bounds the first between
// them; with neither the last ones.
type Range struct {
	Before  uint64
	After   uint64
	Forward bool   // from After on, even where it is 0
	Limit   int    // 0: 50; at most 1000
	Thread  string // a message's id: the replies to it alone
}

// History is a page of messages.
func (c *Client) History(ctx context.Context, channel string, r Range) (*Page, error) {
	f := &outgoing{Type: "history", ChannelID: channel, Before: r.Before, Limit: r.Limit, ThreadID: r.Thread}
	if r.Forward || r.After > 0 {
		f.After = &r.After
	}
	return get[Page](ctx, c, f)
}

// get is a call whose answer is a T.
func get[T any](ctx context.Context, c *Client, f *outgoing) (*T, error) {
	answer, err := c.call(ctx, f)
	if err != nil {
		return nil, err
	}
	return as[T](answer)
}

// Events are at most limit (0: 50) of what follows the seq after: all events,
// not messages alone. Below the horizon it is chat.CodeExpired.
func (c *Client) Events(ctx context.Context, channel string, after uint64, limit int) (*Log, error) {
	return c.log(ctx, &outgoing{Type: "events", ChannelID: channel, After: &after, Limit: limit})
}

// EventsSince is Events, by time.
func (c *Client) EventsSince(ctx context.Context, channel string, since time.Time, limit int) (*Log, error) {
	at := since.UTC().Format("2006-01-02T15:04:05.000Z")
	return c.log(ctx, &outgoing{Type: "events", ChannelID: channel, Since: at, Limit: limit})
}

func (c *Client) log(ctx context.Context, f *outgoing) (*Log, error) {
	answer, err := c.call(ctx, f)
	if err != nil {
		return nil, err
	}
	return readLog(answer)
}

// MarkRead moves the user's read cursor to a seq, and returns where it stands:
// it never moves back. A subscription to the channel is not needed.
func (c *Client) MarkRead(ctx context.Context, channel string, seq uint64) (Cursor, error) {
	ok, err := get[struct {
		Cursor Cursor `json:"cursor"`
	}](ctx, c, &outgoing{Type: "read", ChannelID: channel, Seq: &seq})
	if err != nil {
		return Cursor{}, err
	}
	return ok.Cursor, nil
}

// Audience is whom a signal reaches: the live subscriptions of a channel, every
// connection of a user, or one connection, but for the sending one.
type Audience struct {
	ChannelID string
	UserID    string
	SessionID string // one connection, by the id that it was told; with a channel if it is subscribed there
	Except    string // the id of one that is left out
	Echo      bool   // the sending one too
}

// SignalTo sends a custom event; data is any JSON value, or nil. It is sent
// once: a connection that breaks leaves it Unknown.
func (c *Client) SignalTo(ctx context.Context, to Audience, event string, data jsontext.Value) error {
	return c.once(ctx, &outgoing{
		Type: "signal", ChannelID: to.ChannelID, UserID: to.UserID, SessionID: to.SessionID,
		Except: to.Except, Echo: to.Echo, Event: event, Data: data,
	})
}

// Signal is SignalTo a channel.
func (c *Client) Signal(ctx context.Context, channel, event string, data jsontext.Value) error {
	return c.SignalTo(ctx, Audience{ChannelID: channel}, event, data)
}

// SignalUser is SignalTo a user.
func (c *Client) SignalUser(ctx context.Context, user, event string, data jsontext.Value) error {
	return c.SignalTo(ctx, Audience{UserID: user}, event, data)
}

func (c *Client) once(ctx context.Context, f *outgoing) error {
	p, err := c.submit(f, true)
	if err != nil {
		return err
	}
	_, err = p.wait(ctx)
	return err
}

// Typing tells the channel that the user types, or stopped. Nothing is sent
// while there is no connection. Say true at most once a second.
func (c *Client) Typing(channel string, on bool) {
	c.say(&outgoing{Type: "typing", ChannelID: channel, Typing: &on})
}

// SetPresence says how this device stands, now and after each reconnection.
// custom nil leaves the user's own words as they are.
func (c *Client) SetPresence(status chat.Status, custom *string) {
	frame := c.say(&outgoing{Type: "presence", Status: string(status), Custom: custom})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.presence = frame
}

// say sends what needs no answer, if there is a connection.
func (c *Client) say(f *outgoing) []byte {
	frame, err := encode(f)
	if err != nil {
		c.o.Logger.Error("encode a frame", "type", f.Type, "err", err)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil && len(c.link.out) < c.o.MaxPending {
		c.link.send(frame)
	}
	return frame
}
