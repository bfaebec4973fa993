package client

import (
	"context"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Listing is a page of the user's channels, those with the newest events first.
type Listing struct {
	Channels []*Listed `json:"channels"`
	Next     string    `json:"next"` // what the next page begins after; "": this is the last
}

// Listed is a channel as its user sees it in a list.
type Listed struct {
	Channel
	Role     chat.Role `json:"role"`
	Head     Position  `json:"head"`
	Cursor   Cursor    `json:"cursor"`   // the user's own, with what is unread
	Mentions int       `json:"mentions"` // unread messages that mention the user, at most 100 counted
	Last     *Message  `json:"last"`     // the newest message kept, or nil
}

// Channel is what a channel is.
type Channel struct {
	ChannelID string           `json:"channelId"`
	Kind      chat.ChannelKind `json:"kind"`
	Title     string           `json:"title"`
	Public    bool             `json:"public"`    // readable without credentials
	Retention int64            `json:"retention"` // seconds for which events are kept; -1: for ever
	CreatedAt time.Time        `json:"createdAt"`
}

// Settings are what makes a channel. All of them are replaced.
type Settings struct {
	Kind      chat.ChannelKind // "": open, or direct where the name is such a one
	Title     string
	Public    bool
	Retention time.Duration // in whole seconds; 0: the server's default; negative: for ever
}

// Standing is how a user stands in a channel. All of it is replaced.
type Standing struct {
	UserID string // "": the client's own
	Role   chat.Role
	Muted  bool
	Banned bool
}

// Channels is a page of the user's channels; after is the last page's Next, ""
// for the first one. limit is 50 if 0, at most 1000.
func (c *Client) Channels(ctx context.Context, after string, limit int) (*Listing, error) {
	f := &outgoing{Type: "channels", Limit: limit}
	if after != "" {
		f.After = after
	}
	return get[Listing](ctx, c, f)
}

// PutChannel makes a channel, whose owner the user becomes, or changes what it
// is. The one takes a token with the scope chat:manage, the other its owner.
func (c *Client) PutChannel(ctx context.Context, channel string, s Settings) (*Channel, error) {
	f := &outgoing{Type: "channel.put", ChannelID: channel, Kind: string(s.Kind), Title: s.Title, Public: s.Public}
	if f.Retention = int64(s.Retention / time.Second); s.Retention < 0 {
		f.Retention = -1
	}
	return get[Channel](ctx, c, f)
}

// DeleteChannel deletes a channel with all that is kept of it; see PutChannel for
// who may.
func (c *Client) DeleteChannel(ctx context.Context, channel string) error {
	_, err := c.call(ctx, &outgoing{Type: "channel.delete", ChannelID: channel})
	return err
}

// PutMember sets how a user stands in a channel.
func (c *Client) PutMember(ctx context.Context, channel string, s Standing) (Ack, error) {
	return c.ack(ctx, &outgoing{
		Type: "member.put", ChannelID: channel, UserID: s.UserID, Role: &s.Role, Muted: s.Muted, Banned: s.Banned,
	})
}

// Join makes the user a member of an open channel.
func (c *Client) Join(ctx context.Context, channel string) (Ack, error) {
	return c.PutMember(ctx, channel, Standing{Role: chat.Ordinary})
}

// Leave ends the user's membership. A subscription to the channel goes on
// where the channel may still be read.
func (c *Client) Leave(ctx context.Context, channel string) (Ack, error) {
	return c.PutMember(ctx, channel, Standing{Role: chat.NoRole})
}
