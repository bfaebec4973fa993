package client

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// statePage is how many keys are asked for at a time: all that a channel may have.
const statePage = 1000

// Key is one key of a channel's shared state.
type Key struct {
	Key       string         `json:"key"`
	Value     jsontext.Value `json:"value"`
	Version   uint64         `json:"version"` // the seq of the event that set it
	UserID    string         `json:"userId"`  // who set it
	At        time.Time      `json:"at"`
	ExpiresAt time.Time      `json:"expiresAt"` // zero: never
}

// Snapshot is a channel's shared state. What changed after Head comes with the
// events that follow it.
type Snapshot struct {
	ChannelID string   `json:"channelId"`
	Keys      []*Key   `json:"keys"` // in key order
	Head      Position `json:"head"`
}

// StateOptions say when and for how long a key is written; the zero value
// writes it whatever it is, for good.
type StateOptions struct {
	If    *uint64       // only if the key's version is this one, or with 0 if there is no such key; otherwise chat.CodeVersion
	TTL   time.Duration // it goes by itself after so long, in whole milliseconds; 0: never
	Nonce string        // "": one is made
}

// State is the channel's whole shared state.
func (c *Client) State(ctx context.Context, channel string) (*Snapshot, error) {
	var whole *Snapshot
	for after := any(nil); ; {
		page, err := get[struct {
			Snapshot
			Next string `json:"next"`
		}](ctx, c, &outgoing{Type: "state.get", ChannelID: channel, After: after, Limit: statePage})
		if err != nil {
			return nil, err
		}
		if whole == nil {
			whole = &page.Snapshot
		} else {
			whole.Keys = append(whole.Keys, page.Keys...)
		}
		if page.Next == "" {
			return whole, nil
		}
		after = page.Next
	}
}

// SetState writes one key: value is any JSON value. The ack's Seq is the key's
// version from here on.
func (c *Client) SetState(ctx context.Context, channel, key string, value jsontext.Value, o StateOptions) (Ack, error) {
	f := o.frame("state.set", channel, key)
	f.Value = value
	return c.ack(ctx, f)
}

// AddState adds n to a key that holds a whole number; one that is not there
// counts as 0. The ack has the sum. It is done once, however often it is sent.
func (c *Client) AddState(ctx context.Context, channel, key string, n int64, o StateOptions) (Ack, error) {
	f := o.frame("state.set", channel, key)
	f.Add = &n
	return c.ack(ctx, f)
}

// DeleteState removes one key. Of o the TTL means nothing.
func (c *Client) DeleteState(ctx context.Context, channel, key string, o StateOptions) (Ack, error) {
	o.TTL = 0
	return c.ack(ctx, o.frame("state.delete", channel, key))
}

func (o *StateOptions) frame(typ, channel, key string) *outgoing {
	f := &outgoing{Type: typ, ChannelID: channel, Key: &key, If: o.If, TTL: o.TTL.Milliseconds(), Nonce: o.Nonce}
	if f.Nonce == "" {
		f.Nonce = rand.Text()
	}
	return f
}
