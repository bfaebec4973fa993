package client

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
)

// Profile is what others see of a user.
type Profile struct {
	UserID   string         `json:"userId"`
	UserName string         `json:"userName"`
	Avatar   string         `json:"avatar"` // an https URL, or ""
	Meta     jsontext.Value `json:"meta"`   // a JSON object, or nil
}

// ProfileChange is what is to be another; nil leaves it as it is.
type ProfileChange struct {
	UserName *string
	Avatar   *string        // an https URL; "": none
	Meta     jsontext.Value // a JSON object; null: none
}

// PutProfile changes the user's own profile, and returns it. The zero change
// only returns it.
func (c *Client) PutProfile(ctx context.Context, p ProfileChange) (*Profile, error) {
	return get[Profile](ctx, c, &outgoing{Type: "profile.put", UserName: p.UserName, Avatar: p.Avatar, Meta: p.Meta})
}

// Block says that the user wants, or no longer wants, nothing of another: no
// direct messages, typing or signals. What the other says in shared channels
// still comes; hiding it is the program's to do.
func (c *Client) Block(ctx context.Context, user string, on bool) error {
	_, err := c.call(ctx, &outgoing{Type: "block", UserID: user, On: &on})
	return err
}
