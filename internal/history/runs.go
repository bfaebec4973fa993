package history

import "github.com/parley-chat/parley/chat"

// Runs holds what every subscription delivered against the final log: a
// contiguous run of it, the same events at the same places.
func Runs(h *History, final Final) []Violation {
	f := findings{check: "runs"}
	for i := range h.Runs {
		run := &h.Runs[i]
		log := final[run.Channel]
		if run.Refused != "" {
			f.add(run.Channel, "%s could not go on from %d: %s", run.Subscriber, run.From, run.Refused)
		}
		switch run.Numbering {
		case BySeq:
			f.bySeq(run, log)
		case BySequence:
			f.bySequence(run, log)
		case ByID:
			f.byID(run, log)
		}
	}
	return f.list
}

func (f *findings) bySeq(run *Run, log []Entry) {
	last := run.From
	for _, e := range run.Entries {
		if e.Seq != last+1 {
			f.add(run.Channel, "%s in run %d: after %d came %d", run.Subscriber, run.ID, last, e.Seq)
		}
		last = e.Seq
		f.same(run, e, at(log, e.Seq))
	}
	if run.Whole && last != uint64(len(log)) {
		f.add(run.Channel, "%s in run %d: ends at %d, the log at %d", run.Subscriber, run.ID, last, len(log))
	}
}

func (f *findings) bySequence(run *Run, log []Entry) {
	var bySequence []*Entry
	for i := range log {
		if log[i].Kind == chat.KindMessage {
			bySequence = append(bySequence, &log[i])
		}
	}
	next := run.From
	for _, e := range run.Entries {
		if e.Sequence != next {
			f.add(run.Channel, "%s in run %d: sequence %d came in place of %d", run.Subscriber, run.ID, e.Sequence, next)
		}
		next = e.Sequence + 1
		var there *Entry
		if e.Sequence < uint64(len(bySequence)) {
			there = bySequence[e.Sequence]
		}
		f.same(run, e, there)
	}
	if run.Whole && next != uint64(len(bySequence)) {
		f.add(run.Channel, "%s in run %d: ends before sequence %d, the log before %d", run.Subscriber, run.ID, next, len(bySequence))
	}
}

// byID allows tombstones of the final log to be missing from a run: the
// message may have been deleted before it was delivered.
func (f *findings) byID(run *Run, log []Entry) {
	if len(run.Entries) == 0 {
		return
	}
	places := messages(log)
	last := uint64(0)
	for i, e := range run.Entries {
		there := places[e.ID]
		f.same(run, e, there)
		if there == nil {
			continue
		}
		if i > 0 && last > 0 {
			f.between(run, log, last, there.Seq)
		}
		last = there.Seq
	}
	if run.Whole {
		f.between(run, log, last, uint64(len(log))+1)
	}
}

// between finds messages between two neighbours of a run.
func (f *findings) between(run *Run, log []Entry, last, seq uint64) {
	if seq <= last {
		f.add(run.Channel, "%s in run %d: after %d came %d", run.Subscriber, run.ID, last, seq)
		return
	}
	for _, missed := range log[last : seq-1] {
		if missed.Kind == chat.KindMessage && !missed.Deleted {
			f.add(run.Channel, "%s in run %d: %d is missing between %d and %d", run.Subscriber, run.ID, missed.Seq, last, seq)
		}
	}
}

func (f *findings) same(run *Run, got Entry, there *Entry) {
	if there == nil || got.ID != there.ID || got.Kind != there.Kind {
		f.add(run.Channel, "%s in run %d got %+v; in the log there is %+v", run.Subscriber, run.ID, got, there)
	}
}
