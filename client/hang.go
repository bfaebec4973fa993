package client

import (
	"context"
	"crypto/rand"
)

// React adds a reaction of one's own to the message id, or takes it away.
func (c *Client) React(ctx context.Context, channel, id, reaction string, on bool) (Ack, error) {
	return c.ack(ctx, &outgoing{Type: "react", ChannelID: channel, ID: id, Reaction: reaction, On: &on, Nonce: rand.Text()})
}

// Pin pins the message id, or takes the pin away.
func (c *Client) Pin(ctx context.Context, channel, id string, on bool) (Ack, error) {
	return c.ack(ctx, &outgoing{Type: "pin", ChannelID: channel, ID: id, On: &on, Nonce: rand.Text()})
}

// Pins are the channel's pinned messages, in the order of their seqs.
func (c *Client) Pins(ctx context.Context, channel string) ([]*Message, error) {
	page, err := get[Page](ctx, c, &outgoing{Type: "pins", ChannelID: channel})
	if err != nil {
		return nil, err
	}
	return page.Messages, nil
}
