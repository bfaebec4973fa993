package history

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Options of a Recorder. The zero value records in memory alone.
type Options struct {
	// File gets every record as it is made, so that a test process that is
	// killed leaves its history behind. Load reads it.
	File string
	Now  func() time.Time // nil: time.Now
}

// Recorder records a history. Its methods may be called from many goroutines.
type Recorder struct {
	now   func() time.Time
	began time.Time

	mu   sync.Mutex
	ops  []Op
	runs []Run
	file *os.File
	err  error // of the file
}

// record is one line of the file.
type record struct {
	Op    *Op    `json:"op,omitempty"`    // invoked, or again with its outcome
	Run   *Run   `json:"run,omitempty"`   // begun, or changed
	Seen  *Entry `json:"seen,omitempty"`  // by the run In
	In    int    `json:"in,omitempty"`    // the run's id
	Trace string `json:"trace,omitempty"` // a note for a person
}

// NewRecorder begins a history.
func NewRecorder(o Options) (*Recorder, error) {
	r := &Recorder{now: o.Now}
	if r.now == nil {
		r.now = time.Now
	}
	r.began = r.now()
	if o.File != "" {
		f, err := os.OpenFile(o.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("record a history: %w", err)
		}
		r.file = f
	}
	return r, nil
}

// Now is the time since the history began.
func (r *Recorder) Now() time.Duration { return r.now().Sub(r.began) }

// write appends a record to the file. r.mu is held.
func (r *Recorder) write(line record) {
	if r.file == nil || r.err != nil {
		return
	}
	data, err := json.Marshal(line)
	if err == nil {
		_, err = r.file.Write(append(data, '\n'))
	}
	r.err = err
}

// Note writes a line for a person into the file: a fault that was made.
func (r *Recorder) Note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(record{Trace: fmt.Sprintf("%v %s", r.Now(), fmt.Sprintf(format, args...))})
}

// Call is an operation under way. Exactly one of its methods is called, once;
// none of them leaves it Unknown.
type Call struct {
	r  *Recorder
	id int
}

// Invoke records that op is about to be asked for.
func (r *Recorder) Invoke(op Op) *Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	op.ID, op.Invoked, op.Outcome = len(r.ops), r.Now(), Unknown
	r.ops = append(r.ops, op)
	r.write(record{Op: &op})
	return &Call{r, op.ID}
}

// OK records the answer.
func (c *Call) OK(a Answer) { c.end(OK, "", a) }

// Fail records that the operation was refused and has surely no effect.
func (c *Call) Fail(code chat.Code) { c.end(Failed, code, Answer{}) }

func (c *Call) end(o Outcome, code chat.Code, a Answer) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	op := &c.r.ops[c.id]
	op.Returned, op.Outcome, op.Code, op.Answer = c.r.Now(), o, code, a
	c.r.write(record{Op: op})
}

// Listening is a run under way.
type Listening struct {
	r  *Recorder
	id int
}

// Begin records that a subscription begins; run.Begun is the caller's.
func (r *Recorder) Begin(run Run) *Listening {
	r.mu.Lock()
	defer r.mu.Unlock()
	run.ID, run.Entries = len(r.runs), nil
	r.runs = append(r.runs, run)
	r.write(record{Run: &run})
	return &Listening{r, run.ID}
}

// Saw records what the subscription delivered next.
func (l *Listening) Saw(e Entry) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	run := &l.r.runs[l.id]
	run.Entries = append(run.Entries, e)
	l.r.write(record{Seen: &e, In: l.id})
}

// Refused records that the server would not go on from where the run begins.
func (l *Listening) Refused(why string) {
	l.change(func(run *Run) { run.Refused = why })
}

// Whole records that the run must reach to the end of the final log.
func (l *Listening) Whole() {
	l.change(func(run *Run) { run.Whole = true })
}

func (l *Listening) change(f func(*Run)) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	run := &l.r.runs[l.id]
	f(run)
	l.r.write(record{Run: run})
}

// History is what was recorded so far.
func (r *Recorder) History() *History {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := &History{Ops: slices.Clone(r.ops), Runs: slices.Clone(r.runs)}
	for i := range h.Runs {
		h.Runs[i].Entries = slices.Clone(h.Runs[i].Entries)
	}
	return h
}

// Close closes the file. It fails if not everything could be written to it.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	if r.err != nil {
		err = r.err
	}
	if err != nil {
		return fmt.Errorf("record a history: %w", err)
	}
	return nil
}

// Load reads the file of a Recorder. A last line that was cut short is left
// out, as is every answer that it did not live to record.
func Load(path string) (*History, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load a history: %w", err)
	}
	defer f.Close()
	h := new(History)
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		data, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return h, nil
		}
		var line record
		if err == nil {
			err = json.Unmarshal(data, &line)
		}
		if err == nil {
			err = h.add(&line)
		}
		if err != nil {
			return nil, fmt.Errorf("load a history: line %d: %w", n, err)
		}
	}
}

func (h *History) add(line *record) error {
	switch {
	case line.Op != nil && line.Op.ID == len(h.Ops):
		h.Ops = append(h.Ops, *line.Op)
	case line.Op != nil && line.Op.ID >= 0 && line.Op.ID < len(h.Ops):
		h.Ops[line.Op.ID] = *line.Op
	case line.Run != nil && line.Run.ID == len(h.Runs):
		h.Runs = append(h.Runs, *line.Run)
	case line.Run != nil && line.Run.ID >= 0 && line.Run.ID < len(h.Runs):
		line.Run.Entries = h.Runs[line.Run.ID].Entries
		h.Runs[line.Run.ID] = *line.Run
	case line.Seen != nil && line.In >= 0 && line.In < len(h.Runs):
		run := &h.Runs[line.In]
		run.Entries = append(run.Entries, *line.Seen)
	case line.Op != nil || line.Run != nil || line.Seen != nil:
		return fmt.Errorf("it belongs to nothing before it")
	}
	return nil
}
