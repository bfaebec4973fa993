package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// deafSink is the transport of a session that is never read from.
type deafSink struct{}

func (deafSink) Wake()             {}
func (deafSink) Close(*chat.Error) {}

func TestStats_MeasureAcksDeliveriesAndResumes(t *testing.T) {
	t.Parallel()
	c := newClock()
	h := newHub(t, chat.Options{Now: c.Now})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	for _, d := range []*device{ada, ben} {
		d.must(chat.Subscribe{Channel: "general"})
		d.level(1)
	}
	const posts = 128
	for i := range posts {
		ada.must(post("general", fmt.Sprint(i), ""))
	}
	ada.events(posts)
	ben.events(posts)
	c.advance(3 * time.Millisecond)
	followed := 0
	for _, d := range []*device{ada, ben} {
		for _, got := range d.all() {
			if got.Followed() {
				followed++
				got.Written()
			}
		}
	}
	if followed != posts+2 { // each message to the first who gets it, one event in 64 to both
		t.Errorf("%d deliveries were followed", followed)
	}

	late := connect(t, h, as("cy"))
	late.must(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: h.Epoch(), Seq: 28}})
	late.events(100)
	for _, got := range late.all() {
		if got.Followed() {
			t.Error("what came late by itself would be counted as late")
		}
	}

	s := h.Stats()
	if s.Acked.Count != posts || s.Acked.Counts[0] != posts {
		t.Errorf("acknowledged: %+v", s.Acked)
	}
	if d := s.Delivered; d.Count != 4 || d.Sum < 0.0119 || d.Sum > 0.0121 || at(d, 0.0025) != 0 || at(d, 0.005) != 4 {
		t.Errorf("delivered: %+v", d)
	}
	if r := s.Resumed; s.Resumes != 1 || r.Count != 1 || r.Sum != 100 || at(r, 64) != 0 || at(r, 256) != 1 {
		t.Errorf("resumed: %+v", r)
	}
}

// at is the count up to a bound, which must be one.
func at(d chat.Distribution, bound float64) uint64 {
	for i, b := range d.Bounds {
		if b > bound*0.999 && b < bound*1.001 {
			return d.Counts[i]
		}
	}
	return 1 << 63
}

func TestStats_SeeWhatWaits(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	before := h.Stats().QueueBytes
	deaf, err := h.Connect(as("ada"), deafSink{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deaf.Close)
	deaf.Do(t.Context(), chat.Request{Command: chat.Subscribe{Channel: "general"}})
	s := h.Stats()
	if s.QueueBytes <= before || s.QueueBytesMost != s.QueueBytes || s.CatchingUp != 1 || s.Sessions != 1 {
		t.Errorf("there wait %+v", s)
	}
}

func TestTrace_TellsThePassageOfEachEventThatWasChosen(t *testing.T) {
	t.Parallel()
	told, asked := make(chan chat.Passage, 10), 0
	h := newHub(t, chat.Options{Trace: func(context.Context) func(chat.Passage) {
		if asked++; asked == 2 {
			return nil
		}
		return func(p chat.Passage) { told <- p }
	}})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	ada.level(1)
	ada.must(post("general", "one", ""))
	ada.must(post("general", "two", "")) // nobody wants to know
	ada.events(2)
	if p := <-told; p.Seq != 1 || p.Kind != chat.KindMessage || p.Recipients != 1 || !p.Delivered.IsZero() {
		t.Errorf("offered: %+v", p)
	}
	for _, got := range ada.all() {
		if got.Followed() {
			got.Written()
			got.Written() // the second recipient's: only the first is told
		}
	}
	p := <-told
	for _, times := range [][2]time.Time{
		{p.Received, p.Queued}, {p.Queued, p.Committed}, {p.Committed, p.Offered}, {p.Committed, p.Delivered},
	} {
		if times[0].IsZero() || times[1].Before(times[0]) {
			t.Errorf("out of order: %+v", p)
		}
	}
	ada.must(post("elsewhere", "three", ""))
	if p := <-told; p.Channel.Name != "elsewhere" || p.Recipients != 0 || !p.Delivered.IsZero() {
		t.Errorf("to nobody: %+v", p)
	}
}
