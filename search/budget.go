package search

// turnsChecked is after how many turns it is asked whether anybody waits.
const turnsChecked = 256

// budget is what a search may take. The lists that it follows share it, for it may
// be that they go on for long without coming to anything.
type budget struct {
	over  func() error // why nobody waits any more; nil: somebody does
	turns int
	err   error // what over said: nothing may be answered from lists that ended for it
}

// spend notes a turn, and reports whether there is one. It is cheap.
func (b *budget) spend() bool {
	if b.turns++; b.turns%turnsChecked == 0 && b.err == nil {
		b.err = b.over()
	}
	return b.err == nil
}
