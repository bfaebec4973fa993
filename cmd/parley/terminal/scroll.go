package terminal

import (
	"slices"
)

// pane is the part of a room that can be seen: rows lines of n cells, and
// whether its first line is the room's first.
func (r *room) pane(n, rows int) (lines []string, top bool) {
	all := r.all()
	newest := newestOwn(all, r.me)
	i := len(all) - 1
	if at := slices.Index(all, r.bottom); r.bottom != nil && at >= 0 {
		i = at
	} else {
		r.bottom, r.hidden = nil, 0
	}
	hidden := r.hidden
	for ; i >= 0 && len(lines) < rows; i-- {
		drawn := r.draw(all, i, n, newest)
		if hidden > 0 {
			drawn = drawn[:max(0, len(drawn)-hidden)]
			hidden = 0
		}
		lines = append(slices.Clone(drawn), lines...)
	}
	top = i < 0 && len(lines) <= rows
	if len(lines) > rows {
		lines = lines[len(lines)-rows:]
	}
	return lines, top
}

// newestOwn is the entry whose tick is told in words.
func newestOwn(all []*entry, me string) *entry {
	for _, e := range slices.Backward(all) {
		if e.sender == me && !e.deleted && e.fate == stored {
			return e
		}
	}
	return nil
}

// scroll moves the pane by lines, up if by is positive. It reports whether
// more of the past is needed.
func (r *room) scroll(by, n, rows int) bool {
	all := r.all()
	if len(all) == 0 {
		return false
	}
	newest := newestOwn(all, r.me)
	i := len(all) - 1
	if at := slices.Index(all, r.bottom); at >= 0 {
		i = at
	}
	hidden := r.hidden
	tall := func(i int) int { return len(r.draw(all, i, n, newest)) }
	for ; by > 0; by-- {
		if hidden++; hidden >= tall(i) {
			if i == 0 {
				hidden--
				break
			}
			i, hidden = i-1, 0
		}
	}
	for ; by < 0; by++ {
		if hidden--; hidden < 0 {
			if i == len(all)-1 {
				hidden = 0
				break
			}
			i++
			hidden = tall(i) - 1
		}
	}
	// Never above the first line.
	above := -hidden
	for j := i; j >= 0 && above < rows; j-- {
		above += tall(j)
	}
	more := above < rows
	for ; above < rows && (i < len(all)-1 || hidden > 0); above++ {
		if hidden--; hidden < 0 {
			i++
			hidden = tall(i) - 1
		}
	}
	r.bottom, r.hidden = all[i], hidden
	if i == len(all)-1 && hidden == 0 {
		r.bottom = nil
	}
	return more
}

// follows reports that the newest message is in sight.
func (r *room) follows() bool { return r.bottom == nil }

// follow goes back to the newest message.
func (r *room) follow() { r.bottom, r.hidden = nil, 0 }

// pick moves the mark by one message, up if by is positive, and brings it into
// sight. It reports whether more of the past is needed.
func (r *room) pick(by, n, rows int) bool {
	if len(r.entries) == 0 {
		return false
	}
	at := slices.Index(r.entries, r.picked)
	switch {
	case at < 0 && by > 0:
		at = len(r.entries) - 1
		if i := slices.Index(r.entries, r.bottom); i >= 0 {
			at = i
		}
	case at < 0:
		return false
	case at-by >= len(r.entries):
		r.picked = nil
		r.follow()
		return false
	default:
		at = max(0, at-by)
	}
	r.picked = r.entries[at]
	r.show(at, n, rows)
	return at == 0
}

// show scrolls by as little as brings the entry into sight.
func (r *room) show(at, n, rows int) {
	all := r.all()
	newest := newestOwn(all, r.me)
	foot := len(all) - 1
	if i := slices.Index(all, r.bottom); i >= 0 {
		foot = i
	}
	if at >= foot {
		r.bottom, r.hidden = all[at], 0
		if at == len(all)-1 {
			r.follow()
		}
		return
	}
	lines := -r.hidden
	for i := foot; i >= at; i-- {
		lines += len(r.draw(all, i, n, newest))
	}
	if lines > rows {
		r.scroll(lines-rows, n, rows)
	}
}
