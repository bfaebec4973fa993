package chat

import "github.com/parley-chat/parley/internal/planted"

// apply brings what is kept in memory in line with an edit, a delete or a
// member event. It must come before the acknowledgement: from then on nobody
// may be served the old state.
func (r *room) apply(e *Event) {
	if e.Kind == KindMessage {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.applyLocked(e)
}

func (r *room) applyLocked(e *Event) {
	switch e.Kind {
	case KindEdit, KindDelete:
		if planted.Is("cached_deleted_body") {
			return
		}
		r.pages = nil
		r.rewrites++
		r.rewrite(e)
	case KindMember:
		r.applyMember(e.Member)
	}
}

// rewrite puts the present state of the message that e names, and of e's
// forerunners, in place of what the ring holds of them.
func (r *room) rewrite(e *Event) {
	if slot := r.ring.find(e.TargetSeq, r.head); slot != nil {
		m := *(*slot).Event
		if m.Deleted() || m.EditSeq >= e.Seq {
			return
		}
		if e.Kind == KindDelete {
			m.Body, m.Meta, m.Mentions, m.DeletedAt = nil, nil, nil, e.At
		} else {
			m.Body, m.EditSeq, m.EditedAt = e.Body, e.Seq, e.At
		}
		r.replace(slot, &m)
	}
	if e.Kind != KindDelete {
		return
	}
	for i := range r.ring.n {
		slot := r.ring.at(i)
		if old := (*slot).Event; old.Kind == KindEdit && old.ID == e.ID && (old.Body != nil || old.Meta != nil || old.Mentions != nil) {
			scrubbed := *old
			scrubbed.Body, scrubbed.Meta, scrubbed.Mentions = nil, nil, nil
			r.replace(slot, &scrubbed)
		}
	}
}

func (r *room) replace(slot **Delivery, e *Event) {
	r.ring.bytes -= (*slot).size
	*slot = NewEventDelivery(e)
	r.ring.bytes += (*slot).size
}
