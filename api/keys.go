package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Keys makes, lists and ends projects' credentials, and calls tokens back.
type Keys interface {
	// Governs is the project whose keys id may govern: its own, which ""
	// stands for, or, of the server's operator, any.
	Governs(id *chat.Identity, project string) (string, error)

	Keys(project string) ([]Key, error)
	// MakeKey and RotateKey answer with the credential itself, this once.
	MakeKey(ctx context.Context, project string, k NewKey) (MadeKey, error)
	RotateKey(ctx context.Context, project, id string, grace time.Duration) (MadeKey, error)
	RevokeKey(ctx context.Context, project, id string) (Key, error)

	RevokeToken(ctx context.Context, project, id string, until time.Time) error
	// RevokeUser is the time before which the user's tokens count no more.
	RevokeUser(ctx context.Context, project, user string) (time.Time, error)
}

// Projects makes and lists projects. It is for the server's operator.
type Projects interface {
	Operates(id *chat.Identity) error
	Projects() []Project
	MakeProject(ctx context.Context, name string) (Project, error)
}

// defaultGrace is how long a rotated key goes on where nobody says.
const defaultGrace = 24 * time.Hour

func (a *API) keyRows(d describer) []operation {
	return under(
		"Tokens and keys",
		d.row("list-projects", http.MethodGet, "/v1/projects", somebody, a.listProjects,
			"The server's projects; takes the secret key of its configuration", answer[ProjectPage](http.StatusOK)),
		d.row("make-project", http.MethodPost, "/v1/projects", somebody, a.makeProject,
			"Make a project, which has no keys yet", body[NewProject](), answer[Project](http.StatusCreated),
			about("A second time it is 409 exists: a retry is harmless.")),
		d.row("list-keys", http.MethodGet, "/v1/keys", somebody, a.listKeys,
			"A project's keys, the oldest first, without the credentials themselves", answer[KeyPage](http.StatusOK), query("project")),
		d.row("make-key", http.MethodPost, "/v1/keys", somebody, a.makeKey,
			"Make a key; its credential is told this once", body[NewKey](), answer[MadeKey](http.StatusCreated), query("project"),
			about("Each request makes another key. An Idempotency-Key is refused: it would promise what is not kept.")),
		d.row("rotate-key", http.MethodPost, "/v1/keys/{key}/rotate", somebody, a.rotateKey,
			"Make a key that takes over from this one, which goes on for a while", body[Rotation](), optional(), answer[MadeKey](http.StatusOK), query("project")),
		d.row("revoke-key", http.MethodDelete, "/v1/keys/{key}", somebody, a.revokeKey,
			"End a key; what it vouches for ends within 5 s", answer[Key](http.StatusOK), query("project")),
		d.row("revoke-tokens", http.MethodPost, "/v1/tokens/revoke", somebody, a.revokeTokens,
			"Call back one token, or all that a user has", body[Revocation](), answer[Revoked](http.StatusOK), query("project"),
			about("Connections that were made with it end within 5 s, with the code token_revoked.")),
	)
}

func (a *API) listProjects(c *call) error {
	if err := a.options.Projects.Operates(&c.by); err != nil {
		return err
	}
	return c.json(ProjectPage{a.options.Projects.Projects()})
}

func (a *API) makeProject(c *call) error {
	if err := a.options.Projects.Operates(&c.by); err != nil {
		return err
	}
	c.in.need("name")
	name := c.in.text("name")
	if c.in.Err != nil {
		return c.in.Err
	}
	p, err := a.options.Projects.MakeProject(c.ctx, name)
	if err != nil {
		return err
	}
	return c.json(p)
}

// governed is the project that the request is about.
func (a *API) governed(c *call) (string, error) {
	return a.options.Keys.Governs(&c.by, c.id.Project)
}

func (a *API) listKeys(c *call) error {
	project, err := a.governed(c)
	if err != nil {
		return err
	}
	keys, err := a.options.Keys.Keys(project)
	if err != nil {
		return err
	}
	return c.json(KeyPage{keys})
}

func (a *API) makeKey(c *call) error {
	project, err := a.governed(c)
	if err != nil {
		return err
	}
	c.in.need("kind")
	if c.Header.Get("Idempotency-Key") != "" {
		c.in.invalid("Idempotency-Key is not taken here: each request makes another key")
	}
	k := NewKey{
		Kind: c.in.text("kind"), Name: c.in.text("name"),
		Scopes: c.in.words("scopes", maxWords), Channels: c.in.words("channels", maxWords),
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	made, err := a.options.Keys.MakeKey(c.ctx, project, k)
	if err != nil {
		return err
	}
	return c.json(made)
}

func (a *API) rotateKey(c *call) error {
	project, err := a.governed(c)
	if err != nil {
		return err
	}
	grace := defaultGrace
	if c.in.given("graceSeconds") {
		grace = c.in.seconds("graceSeconds", 0)
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	made, err := a.options.Keys.RotateKey(c.ctx, project, c.PathValue("key"), grace)
	if err != nil {
		return err
	}
	return c.json(made)
}

func (a *API) revokeKey(c *call) error {
	project, err := a.governed(c)
	if err != nil {
		return err
	}
	k, err := a.options.Keys.RevokeKey(c.ctx, project, c.PathValue("key"))
	if err != nil {
		return err
	}
	return c.json(k)
}

func (a *API) revokeTokens(c *call) error {
	project, err := a.governed(c)
	if err != nil {
		return err
	}
	token, user, until := c.in.text("tokenId"), c.in.text("userId"), c.in.Time("expires", c.in.get("expires"))
	switch {
	case (token == "") == (user == ""):
		c.in.invalid("it is about a tokenId or a userId")
	case user != "" && !until.IsZero():
		c.in.invalid("expires is a token's")
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	if token != "" {
		if err := a.options.Keys.RevokeToken(c.ctx, project, token, until); err != nil {
			return err
		}
		return c.json(Revoked{TokenID: token})
	}
	before, err := a.options.Keys.RevokeUser(c.ctx, project, user)
	if err != nil {
		return err
	}
	return c.json(Revoked{UserID: user, Before: before})
}

// json answers with v, for operations that nobody asks often.
func (c *call) json(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return &chat.Error{Code: chat.CodeInternal, Message: "internal error", Cause: err}
	}
	c.out.Open()
	c.out.Members(data)
	c.out.Close()
	return nil
}
