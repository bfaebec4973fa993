package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
)

// keyCommand governs a project's keys.
type keyCommand struct {
	Make   keyMake   `cmd:"" help:"Make a key. Its text goes to standard output, this once."`
	List   keyList   `cmd:"" help:"List the keys, by how they begin."`
	Rotate keyRotate `cmd:"" help:"Make a key that takes another's place. Its text goes to standard output, this once."`
	Revoke keyRevoke `cmd:"" help:"End a key, and at once all sessions that it vouches for."`
}

// keyRing says where the keys are.
type keyRing struct {
	URL     string `default:"http://127.0.0.1:8080" placeholder:"URL" help:"The running server. Default: http://127.0.0.1:8080."`
	Key     string `secret:"" placeholder:"sk_KEY" help:"A secret key of the running server's."`
	Data    string `placeholder:"DIR" help:"In place of --key: the data folder of a server that is stopped."`
	Project string `placeholder:"NAME" help:"The project. Default: the one of --key; of a stopped server, default."`
}

// ring is what the commands work on: a server, or a stopped one's store.
type ring interface {
	keys(ctx context.Context) ([]api.Key, error)
	makeKey(ctx context.Context, n api.NewKey) (api.MadeKey, error)
	rotateKey(ctx context.Context, id string, grace time.Duration) (api.MadeKey, error)
	revokeKey(ctx context.Context, id string) (api.Key, error)
	close() error
}

// with does something with the keys, wherever they are.
func (k *keyRing) with(ctx context.Context, do func(ring) error) (err error) {
	var r ring
	switch {
	case k.Key != "":
		r, err = newRemoteRing(k.URL, k.Key, k.Project)
	case k.Data != "":
		r, err = openStoppedRing(ctx, k.Data, k.Project)
	default:
		return fmt.Errorf("say --key, a secret key of the server at --url, or --data, the folder of one that is stopped")
	}
	if err != nil {
		return err
	}
	defer func() {
		if cerr := r.close(); err == nil {
			err = cerr
		}
	}()
	return do(r)
}

// keyMake makes a key.
type keyMake struct {
	Publishable bool     `help:"One for pages: it lets guests in, and may be seen by anybody. Default: a secret key, for your own servers."`
	Name        string   `help:"What to call it in lists."`
	Scope       []string `help:"What a publishable key's guests may try: chat:read, chat:send, chat:manage; repeatable. Default: chat:read and chat:send."`
	Channel     []string `help:"Channels that they reach, as names or a prefix and *; repeatable. Default: all."`
	keyRing     `embed:""`
}

// Run makes it.
func (c *keyMake) Run(ctx context.Context, p *process) error {
	n := api.NewKey{Kind: string(auth.Secret), Name: c.Name, Scopes: c.Scope, Channels: c.Channel}
	if c.Publishable {
		n.Kind = string(auth.Publishable)
	}
	return c.with(ctx, func(r ring) error {
		k, err := r.makeKey(ctx, n)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, k.Text); err != nil {
			return err
		}
		return tell(p, "This is the %s key %s of project %s.%s\n", k.Kind, k.ID, k.Project, onlyNow(k))
	})
}

// onlyNow warns of what cannot be had again.
func onlyNow(k api.MadeKey) string {
	if k.Kind == string(auth.Secret) {
		return " Keep it: it is not shown again."
	}
	return ""
}

// tell says something to the person, apart from what the command yields.
func tell(p *process, format string, args ...any) error {
	_, err := fmt.Fprintf(p.stderr, format, args...)
	return err
}

// keyList lists keys.
type keyList struct {
	keyRing `embed:""`
}

// Run lists them.
func (c *keyList) Run(ctx context.Context, p *process) error {
	return c.with(ctx, func(r ring) error {
		keys, err := r.keys(ctx)
		if err != nil {
			return err
		}
		return printKeys(p.stdout, keys)
	})
}

// printKeys writes a table.
func printKeys(w io.Writer, keys []api.Key) error {
	var rows strings.Builder
	rows.WriteString("ID\tKIND\tSTATE\tBEGINS\tMADE\tNAME\n")
	for _, k := range keys {
		state := k.State
		if state == string(auth.Retiring) {
			state += " until " + instant(k.EndsAt)
		}
		made := "-"
		if !k.CreatedAt.IsZero() {
			made = instant(k.CreatedAt)
		}
		fmt.Fprintf(&rows, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Kind, state, k.Prefix, made, k.Name)
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if _, err := io.WriteString(table, rows.String()); err != nil {
		return err
	}
	return table.Flush()
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// keyRotate puts a new key in the place of another.
type keyRotate struct {
	ID      string        `arg:"" help:"The key's id, as the list has it."`
	Grace   time.Duration `default:"24h" help:"How long the old one counts beside the new one; 0: no longer. Default: 24h."`
	keyRing `embed:""`
}

// Run makes the new one.
func (c *keyRotate) Run(ctx context.Context, p *process) error {
	return c.with(ctx, func(r ring) error {
		k, err := r.rotateKey(ctx, c.ID, c.Grace)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, k.Text); err != nil {
			return err
		}
		old := "no longer"
		if c.Grace > 0 {
			old = "for " + c.Grace.String() + " more"
		}
		return tell(p, "This is the %s key %s; %s counts %s.%s\n", k.Kind, k.ID, c.ID, old, onlyNow(k))
	})
}

// keyRevoke ends a key.
type keyRevoke struct {
	ID      string `arg:"" help:"The key's id, as the list has it."`
	keyRing `embed:""`
}

// Run ends it.
func (c *keyRevoke) Run(ctx context.Context, p *process) error {
	return c.with(ctx, func(r ring) error {
		k, err := r.revokeKey(ctx, c.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "Key %s was revoked at %s.\n", k.ID, instant(k.RevokedAt))
		return err
	})
}
