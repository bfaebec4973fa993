package api

// list answers with a page: items under key, until limit or the bytes of an
// answer are full. Where there may be more it has the name of its last item as
// `next`, which is what `after` of the next page is to be.
func list[T any](c *call, key string, items []T, limit int, write func(T), name func(T) string) {
	c.out.Open()
	c.out.Array(key)
	next, more := "", len(items) == limit
	for _, item := range items {
		if c.full() {
			more = true
			break
		}
		write(item)
		next = name(item)
	}
	c.out.End()
	if more {
		c.out.String("next", next)
	}
	c.out.Close()
}

// full reports that the answer holds as much as a page may.
func (c *call) full() bool { return len(c.out.Bytes()) >= maxAnswer }
