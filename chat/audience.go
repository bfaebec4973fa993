package chat

// audience narrows down who gets a signal of those to whom it goes.
type audience struct {
	from    *Session // it alone is left out
	except  string   // the id of another that is left out
	only    string   // the id of the only one who gets it; "": all others
	dialect string   // with kin: who else does not get it
	kin     bool
	echo    bool // from is not left out
}

// others is everybody but s, which may be nil.
func (s *Session) others() *audience {
	if s == nil {
		return nil
	}
	return &audience{from: s}
}

func (a *audience) has(s *Session) bool {
	switch {
	case a == nil:
		return true
	case s == a.from && !a.echo, s.id == a.except, a.only != "" && s.id != a.only:
		return false
	}
	return !a.kin || s.speech().Dialect == a.dialect
}

func newSignalDelivery(s *Signal, to *audience) *Delivery {
	size := 128 + len(s.Data) + 96*(len(s.Joined)+len(s.Left)+len(s.Changed))
	if s.Call != nil {
		size += 256 + len(s.Call.Data)
	}
	return &Delivery{Signal: s, size: size, audience: to}
}

// roomIn is up to where the signal may fill a queue of the given bound. The
// state of a call and a membership are the last to be dropped: nothing repeats
// them; what everybody says to everybody is the first.
func (d *Delivery) roomIn(bound int) int {
	switch {
	case d.Signal.Kind == SignalCall, d.Signal.Kind == SignalMembership:
		return bound
	case d.expendable:
		return bound / 8
	}
	return bound / 2
}
