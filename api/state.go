package api

import (
	"net/http"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func (a *API) listState(c *call) error {
	limit := c.limit()
	if c.in.Err != nil {
		return c.in.Err
	}
	page, err := a.hub.State(c.ctx, &c.id, c.PathValue("channel"), c.query.Get("after"), limit)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("keys")
	for i, k := range page.Keys {
		if c.full() {
			page.Next = page.Keys[i-1].Key
			break
		}
		appendState(c.out, k)
	}
	c.out.End()
	c.out.String("position", a.position(page.Head.Seq))
	c.out.Maybe("next", page.Next)
	c.out.Close()
	return nil
}

func appendState(w *frame.Writer, k *chat.StateKey) {
	w.Open()
	w.String("key", k.Key)
	w.Raw("value", k.Value)
	w.Uint("version", k.Version)
	w.Maybe("userId", k.By)
	w.Time("at", k.At)
	w.MaybeTime("expiresAt", k.ExpiresAt)
	w.Close()
}

func (a *API) getState(c *call) error {
	k, err := a.hub.StateKey(c.ctx, &c.id, c.PathValue("channel"), c.PathValue("key"))
	if err != nil {
		return err
	}
	c.etag = versionTag(k.Version)
	appendState(c.out, k)
	return nil
}

func (a *API) putState(c *call) error {
	value := c.in.get("value")
	if value == nil {
		c.in.invalid("value is missing")
	}
	return a.setState(c, chat.SetState{Value: value.Copy()})
}

func (a *API) addState(c *call) error {
	c.in.need("add")
	n := c.in.Int("add", c.in.get("add"))
	return a.setState(c, chat.SetState{Add: &n})
}

func (a *API) deleteState(c *call) error { return a.setState(c, chat.SetState{}) }

// setState changes the key that the path names, and answers with what it is
// then; of a key that went with nothing.
func (a *API) setState(c *call, set chat.SetState) error {
	set.Channel, set.Key = c.PathValue("channel"), c.PathValue("key")
	set.If = c.version()
	set.TTL = c.in.Millis("ttl", c.in.get("ttl"))
	set.Nonce = c.nonce()
	if c.in.Err != nil {
		return c.in.Err
	}
	committed, err := a.hub.SetState(c.ctx, &c.id, set)
	if err != nil || c.Method == http.MethodDelete {
		return err
	}
	e := committed.Event
	c.etag = versionTag(e.Seq)
	appendState(c.out, &chat.StateKey{Key: e.Name, Value: e.Body, Version: e.Seq, By: e.Sender, At: e.At, ExpiresAt: e.ExpiresAt})
	return nil
}
