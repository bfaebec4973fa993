package chat

// Operation is something that needs a right.
type Operation uint8

const (
	OpRead      Operation = iota // subscribe, history, events, presence, cursors
	OpPost                       // messages, and edits of one's own
	OpSignal                     // typing and custom signals
	OpCursor                     // move one's own cursors
	OpDelete                     // one's own messages
	OpEditAny                    // others' messages
	OpDeleteAny                  // others' messages
	OpMembers                    // set others' roles, mutes and bans
	OpSettings                   // make the channel, change what it is, delete it
	OpReact                      // add reactions, take one's own away
	OpPin                        // pin messages, and take pins away
	OpState                      // write shared state
	OpJoin                       // become a member by oneself; of open channels only
	operations
)

// speaks reports whether the operation reaches others, who may not want it.
func (op Operation) speaks() bool {
	switch op {
	case OpPost, OpSignal, OpReact, OpPin, OpState:
		return true
	}
	return false
}

// standing is what rights look at in a channel: the columns of the table.
type standing uint8

const (
	asStranger standing = iota // not a member of an open channel
	asReader
	asMember
	asModerator
	asOwner
	standings
)

// rights is the one table: the scope that an operation needs, and who may.
// A server key may do everything; broadcast is written by server keys alone.
var rights = [operations]struct {
	scope string
	may   [standings]bool
}{
	//                          stranger reader  member moderator owner
	OpRead:      {ScopeRead, [standings]bool{true, true, true, true, true}},
	OpPost:      {ScopeSend, [standings]bool{true, false, true, true, true}},
	OpSignal:    {ScopeSend, [standings]bool{true, false, true, true, true}},
	OpCursor:    {ScopeRead, [standings]bool{true, true, true, true, true}},
	OpDelete:    {ScopeSend, [standings]bool{true, false, true, true, true}},
	OpEditAny:   {ScopeSend, [standings]bool{false, false, false, false, false}},
	OpDeleteAny: {ScopeSend, [standings]bool{false, false, false, true, true}},
	OpMembers:   {ScopeSend, [standings]bool{false, false, false, true, true}},
	OpSettings:  {ScopeSend, [standings]bool{false, false, false, false, true}},
	OpReact:     {ScopeSend, [standings]bool{true, false, true, true, true}},
	OpPin:       {ScopeSend, [standings]bool{false, false, true, true, true}},
	OpState:     {ScopeSend, [standings]bool{true, false, true, true, true}},
	OpJoin:      {ScopeRead, [standings]bool{true, true, true, true, true}},
}

// permit decides whether id may do op in the channel, where its member record
// is m (nil: none). It is asked at every operation and at every replay.
func permit(id *Identity, c *Channel, m *Member, op Operation) error {
	if id.Server {
		return nil
	}
	if !id.Covers(c.ID.Name) {
		return E(CodeForbidden, "the token does not reach channel %q", c.ID.Name)
	}
	if id.Anonymous() {
		if c.Public && op == OpRead {
			return nil
		}
		return E(CodeUnauthorized, "channel %q needs a token", c.ID.Name)
	}
	if m != nil && m.Banned {
		return E(CodeBanned, "banned from channel %q", c.ID.Name)
	}
	rule := rights[op]
	manages := id.Has(ScopeManage) && c.Kind != Direct
	if !id.Has(rule.scope) && !manages {
		return E(CodeForbidden, "the token lacks the scope %s", rule.scope)
	}
	if c.ID.Name == BroadcastChannel && op != OpRead && op != OpCursor {
		return E(CodeForbidden, "only the project's server writes %q", BroadcastChannel)
	}
	if m != nil && m.Muted && (op == OpPost || op == OpSignal || op == OpReact || op == OpState) {
		return E(CodeMuted, "muted in channel %q", c.ID.Name)
	}
	if op == OpJoin && c.Kind != Open {
		return E(CodeForbidden, "channel %q is joined by invitation", c.ID.Name)
	}
	as, ok := standingOf(id, c, m)
	if !ok && !manages {
		return E(CodeForbidden, "not a member of channel %q", c.ID.Name)
	}
	if manages {
		as = asOwner
	}
	if !rule.may[as] {
		return E(CodeForbidden, "not allowed in channel %q", c.ID.Name)
	}
	return nil
}

func standingOf(id *Identity, c *Channel, m *Member) (standing, bool) {
	if c.Kind == Direct {
		a, b, _ := DirectUsers(c.ID.Name)
		return asMember, id.User == a || id.User == b
	}
	if m != nil {
		switch m.Role {
		case Owner:
			return asOwner, true
		case Moderator:
			return asModerator, true
		case Ordinary:
			return asMember, true
		case Reader:
			return asReader, true
		}
	}
	return asStranger, c.Kind == Open
}

// mayGrant decides whether somebody may set target's standing to next: a
// moderator governs members and readers, an owner everybody.
func mayGrant(id *Identity, mine, target *Member, next *Member) error {
	if id.Server || id.Has(ScopeManage) || (mine != nil && mine.Role == Owner) {
		return nil
	}
	high := func(m *Member) bool { return m != nil && (m.Role == Owner || m.Role == Moderator) }
	if high(target) || high(next) {
		return E(CodeForbidden, "only an owner sets owners and moderators")
	}
	return nil
}
