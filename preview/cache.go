package preview

import (
	"container/list"
	"time"
)

// cache keeps what came of fetches, the last used, in so many bytes.
type cache struct {
	most int // bytes

	size  int
	order list.List // of *entry, the last used first
	byKey map[string]*list.Element
}

type entry struct {
	key   string
	fetch *fetch
	until time.Time
	size  int
}

// overhead is about what an entry takes besides its texts.
const overhead = 512

// get is what is kept; nil: nothing.
func (c *cache) get(key string, now time.Time) *fetch {
	at := c.byKey[key]
	if at == nil {
		return nil
	}
	e := at.Value.(*entry)
	if !now.Before(e.until) {
		c.remove(at)
		return nil
	}
	c.order.MoveToFront(at)
	return e.fetch
}

// put keeps a fetch that is over.
func (c *cache) put(key string, f *fetch, until time.Time) {
	e := &entry{key: key, fetch: f, until: until, size: overhead + len(key)}
	if p := f.preview; p != nil {
		e.size += len(p.URL) + len(p.Title) + len(p.Description) + len(p.Site) + len(p.Image)
	}
	if c.byKey == nil {
		c.byKey = make(map[string]*list.Element)
	}
	if old := c.byKey[key]; old != nil {
		c.remove(old)
	}
	c.byKey[key] = c.order.PushFront(e)
	c.size += e.size
	for c.size > c.most {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(at *list.Element) {
	e := c.order.Remove(at).(*entry)
	delete(c.byKey, e.key)
	c.size -= e.size
}
