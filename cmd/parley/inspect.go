package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Inspect looks at what a stopped server has kept, and at backups. It changes
// nothing.
type Inspect struct {
	Channels InspectChannels `cmd:"" help:"List the channels: heads, horizons, sizes."`
	Channel  InspectChannel  `cmd:"" help:"Show one channel: settings, members, head."`
	Events   InspectEvents   `cmd:"" help:"Print a channel's events, one a line."`
	Verify   InspectVerify   `cmd:"" help:"Read everything: seqs without holes, rows that fit their events, indexes that are complete. Exit status 1: something is wrong."`
}

// inspected is the folder that is looked at.
type inspected struct {
	Data    string `default:"data" placeholder:"DIR" help:"The data folder of a server that is stopped, or a backup. Default: data."`
	Project string `default:"default" help:"Whose channels. Default: default."`
}

// open runs f with the store.
func (c *inspected) open(f func(*pebble.Store) error) error {
	store, err := pebble.OpenReadOnly(filepath.Join(c.Data, logsName), pebble.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(store), store.Close())
}

// pageLength is how many channels, members or events are read at once.
const pageLength = 1000

// InspectChannels lists channels.
type InspectChannels struct {
	inspected `embed:""`
}

// Run prints the list.
func (c *InspectChannels) Run(ctx context.Context, p *process) error {
	return c.open(func(store *pebble.Store) error {
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		if _, err := fmt.Fprintln(w, "CHANNEL\tKIND\tHORIZON\tHEAD\tMESSAGES\tBYTES\tLAST EVENT"); err != nil {
			return err
		}
		after := ""
		for {
			page, err := store.Channels(ctx, c.Project, after, pageLength)
			if err != nil {
				return err
			}
			for _, channel := range page {
				after = channel.ID.Name
				if err := c.row(ctx, w, store, channel); err != nil {
					return err
				}
			}
			if len(page) < pageLength {
				return w.Flush()
			}
		}
	})
}

func (c *InspectChannels) row(ctx context.Context, w io.Writer, store *pebble.Store, channel *chat.Channel) error {
	head, err := store.Head(ctx, channel.ID)
	if err != nil {
		return err
	}
	size, err := store.Size(ctx, channel.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n",
		printable(channel.ID.Name), channel.Kind, head.Horizon, head.Seq, head.Next-head.First, size, moment(head.LastTime))
	return err
}

// InspectChannel shows one channel.
type InspectChannel struct {
	inspected `embed:""`
	Name      string `arg:"" help:"The channel."`
}

// Run prints it.
func (c *InspectChannel) Run(ctx context.Context, p *process) error {
	return c.open(func(store *pebble.Store) error {
		id := chat.ChannelID{Project: c.Project, Name: c.Name}
		channel, err := store.Channel(ctx, id)
		if err != nil {
			return err
		}
		head, err := store.Head(ctx, id)
		if err != nil {
			return err
		}
		members, err := countMembers(ctx, store, id)
		if err != nil {
			return err
		}
		kept := "for ever"
		if d, ends := channel.KeepFor(); ends {
			kept = d.String()
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, line := range [][2]string{
			{"name", printable(c.Name)},
			{"title", printable(channel.Title)},
			{"kind", string(channel.Kind)},
			{"public", strconv.FormatBool(channel.Public)},
			{"kept", kept},
			{"created", moment(channel.CreatedAt)},
			{"members", strconv.Itoa(members)},
			{"head", chat.Position{Epoch: store.Epoch(), Seq: head.Seq}.String()},
			{"horizon", strconv.FormatUint(head.Horizon, 10)},
			{"messages", fmt.Sprintf("%d, sequences %d to before %d", head.Next-head.First, head.First, head.Next)},
			{"last event", moment(head.LastTime)},
		} {
			if _, err := fmt.Fprintf(w, "%s\t%s\n", line[0], line[1]); err != nil {
				return err
			}
		}
		return w.Flush()
	})
}

func countMembers(ctx context.Context, store *pebble.Store, id chat.ChannelID) (n int, err error) {
	after := ""
	for {
		page, err := store.Members(ctx, id, after, pageLength)
		if err != nil {
			return 0, err
		}
		for _, m := range page {
			after = m.User
			if m.Role != chat.NoRole {
				n++
			}
		}
		if len(page) < pageLength {
			return n, nil
		}
	}
}

// InspectEvents prints events.
type InspectEvents struct {
	inspected `embed:""`
	Name      string `arg:"" help:"The channel."`
	After     uint64 `help:"Begin after this seq. Default: at the first that is kept."`
	Limit     int    `default:"100" help:"How many at most; 0: all. Default: 100."`
	JSON      bool   `name:"json" help:"As the native protocol has them, one JSON object a line."`
}

// Run prints them, in the order of their seqs.
func (c *InspectEvents) Run(ctx context.Context, p *process) error {
	if c.Limit < 0 {
		return fmt.Errorf("--limit is not negative")
	}
	return c.open(func(store *pebble.Store) error {
		id := chat.ChannelID{Project: c.Project, Name: c.Name}
		head, err := store.Head(ctx, id)
		if err != nil {
			return err
		}
		after, left := max(c.After, head.Horizon), c.Limit
		if c.Limit == 0 {
			left = int(head.Seq)
		}
		pool := new(frame.Pool)
		for left > 0 {
			events, err := store.Events(ctx, id, after, min(left, pageLength))
			if err != nil {
				return err
			}
			if len(events) == 0 {
				return nil
			}
			for _, e := range events {
				if err := c.print(p.stdout, pool, e); err != nil {
					return err
				}
			}
			after, left = events[len(events)-1].Seq, left-len(events)
		}
		return nil
	})
}

func (c *InspectEvents) print(w io.Writer, pool *frame.Pool, e *chat.Event) (err error) {
	if c.JSON {
		pool.Write(func(line []byte) { _, err = w.Write(append(line, '\n')) },
			func(to *frame.Writer) { wire.AppendEvent(to, pool, e, false) })
		return err
	}
	_, err = fmt.Fprintln(w, e.Seq, moment(e.At), kindName(e.Kind), printable(e.Sender), details(e))
	return err
}

// kindName is what the native protocol calls it.
func kindName(k chat.Kind) string {
	switch k {
	case chat.KindMessage:
		return "message"
	case chat.KindEdit:
		return "edit"
	case chat.KindDelete:
		return "delete"
	case chat.KindMember:
		return "member"
	case chat.KindReaction:
		return "reaction"
	case chat.KindPin:
		return "pin"
	case chat.KindState:
		return "state"
	case chat.KindCall:
		return "call"
	}
	return "kind-" + strconv.Itoa(int(k))
}

// details are what a kind has of its own.
func details(e *chat.Event) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+printable(value))
		}
	}
	add("id", e.ID)
	if e.TargetSeq != 0 {
		add("of", strconv.FormatUint(e.TargetSeq, 10))
	}
	add("parent", e.ParentID)
	add("name", e.Name)
	if e.Kind == chat.KindReaction || e.Kind == chat.KindPin {
		add("on", strconv.FormatBool(e.On))
	}
	if e.Member != nil {
		add("user", e.Member.User)
		add("role", string(e.Member.Role))
	}
	if e.Kind == chat.KindMessage && e.Deleted() {
		add("deleted", moment(e.DeletedAt))
	}
	if e.Call != nil {
		add("call", e.Call.ID)
		add("from", e.Call.Caller)
		add("to", e.Call.Callee)
		add("state", string(e.Call.State))
	}
	add("body", string(e.Body))
	return strings.Join(parts, " ")
}

// InspectVerify checks a store.
type InspectVerify struct {
	Data string `default:"data" placeholder:"DIR" help:"The data folder of a server that is stopped, or a backup. Default: data."`
}

// Run prints what is wrong, and fails if anything is.
func (c *InspectVerify) Run(ctx context.Context, p *process) error {
	in := inspected{Data: c.Data}
	return in.open(func(store *pebble.Store) error {
		if err := verify(ctx, store, p.problem); err != nil {
			return err
		}
		lacks, err := lacking(ctx, store, c.Data, p.problem)
		if err != nil {
			return err
		}
		if lacks.here && lacks.files > 0 {
			return fmt.Errorf("the store is sound, but the contents of %d files are missing", lacks.files)
		}
		_, err = fmt.Fprintf(p.stdout, "The store in %s is sound: epoch %s.\n", c.Data, store.Epoch())
		return err
	})
}

// moment is a time, or a dash for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// printable is s without what could act on a terminal: what users wrote is shown,
// not obeyed.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}
