package preview

import "time"

// owner is at whose expense pages are asked.
type owner struct{ project, user string }

// maxOwners bounds how many are remembered; those whose allowance is full again
// need not be.
const maxOwners = 10_000

// allowances bound what each may have: so many at once, and one more after each
// time.
type allowances struct {
	every time.Duration
	burst int
	spent map[owner]time.Time // when all of it will be there again
}

// take takes one; else it says how long it will be until there is one.
func (a *allowances) take(by owner, now time.Time) (wait time.Duration) {
	full := a.spent[by]
	if full.Before(now) {
		full = now
	}
	next := full.Add(a.every)
	if over := next.Sub(now) - time.Duration(a.burst)*a.every; over > 0 {
		return over
	}
	if a.spent == nil {
		a.spent = make(map[owner]time.Time)
	}
	if len(a.spent) >= maxOwners {
		a.forget(now)
	}
	a.spent[by] = next
	return 0
}

// forget drops those whose allowance is full, or everybody's: a flood of users
// is bounded by how many pages are asked at once.
func (a *allowances) forget(now time.Time) {
	for by, full := range a.spent {
		if full.Before(now) {
			delete(a.spent, by)
		}
	}
	if len(a.spent) >= maxOwners {
		clear(a.spent)
	}
}
