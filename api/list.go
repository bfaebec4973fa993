package api

// list answers with a page: items under key, until limit or the bytes of an
// answer are full. Where there may be more it has the name of its last item as
// `next`, which is what `after` of the next page is to be.
func list[T any](c *call, key string, items []T, limit int, write func(T), name func(T) string) {
	next := ""
	if len(items) > 0 && len(items) == limit {
		next = name(items[limit-1])
	}
	listUntil(c, key, items, next, write, name)
}

// listUntil is list, where next is known.
func listUntil[T any](c *call, key string, items []T, next string, write func(T), name func(T) string) {
	c.out.Open()
	c.out.Array(key)
	for i, item := range items {
		if c.full() {
			next = name(items[i-1])
			break
		}
		write(item)
	}
	c.out.End()
	c.out.Maybe("next", next)
	c.out.Close()
}

// full reports that the answer holds as much as a page may.
func (c *call) full() bool { return len(c.out.Bytes()) >= maxAnswer }
