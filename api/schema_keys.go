package api

import "time"

// The types of this file are encoded as they stand: nobody asks for them often.

// TokenRequest says for whom tokens are.
type TokenRequest struct {
	UserID   string   `json:"userId"`
	Name     string   `json:"name,omitempty"`
	Scopes   []string `json:"scopes,omitempty" nullable:"false" doc:"Default: chat:send and chat:read"`
	Channels []string `json:"channels,omitempty" nullable:"false" doc:"Names, or a prefix and *; default: all"`
}

// TokenPair is one token for this server and one for the application's own.
type TokenPair struct {
	Token    string `json:"tsToken"`
	AppToken string `json:"appJwt" doc:"Holds userId, signed with the project's app secret; lives one hour"`
}

// GuestRequest may say which guest one was.
type GuestRequest struct {
	GuestToken string `json:"guestToken,omitempty" doc:"A former one: the same guest again"`
}

// Guest is somebody without a name of their own.
type Guest struct {
	UserID  string    `json:"userId"`
	Token   string    `json:"guestToken" doc:"Connect with it; ask with it for the next one before it expires"`
	Expires time.Time `json:"expires"`
}

// NewProject is a project to be made.
type NewProject struct {
	Name string `json:"name" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$"`
}

// Project is a tenant: its keys, channels and users.
type Project struct {
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"createdAt,omitzero"`
	Configured bool      `json:"configured,omitempty" doc:"It has keys of the server's configuration, too"`
}

// ProjectPage holds all projects.
type ProjectPage struct {
	Projects []Project `json:"projects" nullable:"false"`
}

// NewKey is a key to be made.
type NewKey struct {
	Kind     string   `json:"kind" enum:"secret,publishable"`
	Name     string   `json:"name,omitempty" doc:"What people call it"`
	Scopes   []string `json:"scopes,omitempty" nullable:"false" doc:"Of a publishable key: what its guests may do; default: chat:read and chat:send"`
	Channels []string `json:"channels,omitempty" nullable:"false" doc:"Of a publishable key: names, or a prefix and *; default: all"`
}

// Key is a project's credential, without what makes it one.
type Key struct {
	ID        string    `json:"id"`
	Project   string    `json:"project"`
	Kind      string    `json:"kind" enum:"secret,publishable"`
	Name      string    `json:"name,omitempty"`
	Prefix    string    `json:"prefix" doc:"How it begins; a publishable key whole"`
	Scopes    []string  `json:"scopes,omitempty" nullable:"false"`
	Channels  []string  `json:"channels,omitempty" nullable:"false"`
	State     string    `json:"state" enum:"active,retiring,ended,revoked"`
	CreatedAt time.Time `json:"createdAt,omitzero"`
	EndsAt    time.Time `json:"endsAt,omitzero" doc:"After a rotation: it counts until then"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
	Successor string    `json:"successor,omitempty" doc:"After a rotation: the id of the key that took over"`
}

// MadeKey is a key that was just made.
type MadeKey struct {
	Key
	Text string `json:"key" doc:"The credential itself: it is told this once"`
}

// KeyPage holds all keys of a project.
type KeyPage struct {
	Keys []Key `json:"keys" nullable:"false"`
}

// Rotation says how long the old key goes on.
type Rotation struct {
	GraceSeconds *int64 `json:"graceSeconds,omitempty" minimum:"0" doc:"Default: 86400"`
}

// Revocation says what is called back: one token, or all that a user has now.
type Revocation struct {
	TokenID string     `json:"tokenId,omitempty" doc:"The token's jti"`
	Expires *time.Time `json:"expires,omitempty" doc:"When the token ends by itself; kept for good if it is not known"`
	UserID  string     `json:"userId,omitempty"`
}

// Revoked is what was called back.
type Revoked struct {
	TokenID string    `json:"tokenId,omitempty"`
	UserID  string    `json:"userId,omitempty"`
	Before  time.Time `json:"before,omitzero" doc:"Tokens of the user that were issued before it count no more"`
}
