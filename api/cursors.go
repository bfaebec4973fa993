package api

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) listCursors(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	cursors, err := a.hub.Cursors(c.ctx, &c.id, c.PathValue("channel"), c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	list(c, "cursors", cursors, limit, func(cursor chat.Cursor) { appendCursor(c.out, &cursor) }, func(cursor chat.Cursor) string { return cursor.User })
	return nil
}

// putCursor moves the caller's own cursor; a secret key moves anybody's.
func (a *API) putCursor(c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	move := chat.Read{Channel: c.PathValue("channel")}
	c.in.need("read")
	if read := c.in.get("read"); read.Is('"') {
		move.ID = c.in.text("read")
	} else {
		move.Seq = c.in.Uint("read", read)
	}
	if c.in.Err != nil {
		return c.in.Err
	}
	cursor, err := a.hub.MarkRead(c.ctx, &c.id, move)
	if err != nil {
		return err
	}
	appendCursor(c.out, cursor)
	return nil
}

func appendCursor(w *frame.Writer, cursor *chat.Cursor) {
	w.Open()
	w.String("userId", cursor.User)
	w.Uint("delivered", cursor.Delivered)
	w.Uint("read", cursor.Read)
	w.MaybeTime("readAt", cursor.ReadAt)
	w.Uint("unread", cursor.Unread)
	w.Close()
}
