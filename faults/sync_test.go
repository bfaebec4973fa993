package faults

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// steps are what the client of a short run does, one after the other.
const steps = 14

// moment is when a fault comes: in the n-th sync of a thread from the server's
// start on, or in the first sync of all after the client's step before has its
// answer. strace counts the calls of each thread, and which thread syncs is
// the scheduler's choice; while the server starts it is nearly always the same.
type moment struct {
	starting int // n; 0: not then
	step     int // from 1; steps+1 is the server's own end
}

func (m moment) String() string {
	if m.starting > 0 {
		return fmt.Sprintf("the %d. sync of a thread", m.starting)
	}
	return fmt.Sprintf("the first sync of step %d", m.step)
}

// shortRun is a server and one client who does a bit of everything. strace
// injects a fault into one of the server's syncs. When the server has ended it
// is started again, without faults, and the client goes on. What was told is
// checked.
type shortRun struct {
	t      *testing.T
	server *server
	fault  string // strace's words for it
	trace  string
	strace *exec.Cmd // attached; nil: none is

	fell  bool     // the server ended before it was told to, or not well
	ended bool     // it was told to end before the fault came, or none came
	said  string   // by the server, until it fell or had ended
	hit   []string // the files whose syncs had the fault
}

func runShort(t *testing.T, fault string, m moment) *shortRun {
	t.Helper()
	dir := t.TempDir()
	r := &shortRun{t: t, fault: fault, trace: filepath.Join(dir, "trace")}
	r.server = newServer(t, build(t), filepath.Join(dir, "data"), "--dev", "--search=false") // whose syncs are none of the store's
	if m.starting > 0 {
		r.server.under = r.line(m.starting)
	}
	if err := r.server.start(); errors.Is(err, errExited) {
		r.fall()
	} else if err != nil {
		t.Fatal(err)
	}
	l := gather(t, r.server, crowd{channels: 1})
	ask, answer := make(chan int), make(chan struct{})
	l.posters.Go(func() {
		defer close(ask)
		l.talkShortly(func(step int) {
			ask <- step
			<-answer
		})
	})
	for talking := true; talking; {
		select {
		case <-r.server.exited:
			r.fall()
		case step, more := <-ask:
			if talking = more; !more {
				step = steps + 1
			}
			if step == m.step {
				r.attach()
			}
			if more {
				answer <- struct{}{}
			}
		}
	}
	r.ended = !r.fell && len(r.readTrace()) == 0
	if err := r.server.stop(); err != nil {
		r.fall()
	} else {
		r.detached()
		if !r.fell {
			r.said = r.server.output.String()
		}
		r.server.under = nil
		r.server.mustStart()
	}
	l.check()
	r.hit = r.readTrace()
	return r
}

// line is strace's command line. Not --seccomp-bpf: strace 6.1 injects no
// signals with it.
func (r *shortRun) line(n int) []string {
	return []string{
		"strace", "-f", "-y", "-o", r.trace, "-e", "trace=fsync,fdatasync",
		"-e", fmt.Sprintf("inject=fsync,fdatasync:%s:when=%d", r.fault, n),
	}
}

// attach has the next sync of the running server hit.
func (r *shortRun) attach() {
	r.t.Helper()
	line := append(r.line(1), "-p", fmt.Sprint(r.server.pid()))
	r.strace = exec.Command(line[0], line[1:]...)
	told, err := r.strace.StderrPipe()
	if err == nil {
		err = r.strace.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "attached") {
			return
		}
	}
	r.t.Fatalf("strace has not attached to the server: %v", lines.Err())
}

// detached waits for the strace that was attached to a server that is gone.
func (r *shortRun) detached() {
	if r.strace != nil {
		_ = r.strace.Wait() // it ends as its tracee did
		r.strace = nil
	}
}

// fall notes that the server ended, and starts it again without faults.
func (r *shortRun) fall() {
	r.t.Helper()
	r.detached()
	if r.fell {
		r.t.Fatalf("the server fell again, without a fault: %v\n%s", r.server.err, r.server.output)
	}
	r.fell, r.said, r.server.under = true, r.server.output.String(), nil
	r.server.mustStart()
}

// tracedSync is one line of strace's: the thread, the file that is synced, and
// what came of it, which is told later when another thread comes between.
var (
	tracedSync    = regexp.MustCompile(`^(\d+) +(?:fsync|fdatasync)\(\d+<([^>]*)>(.*)`)
	tracedResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>(.*)`)
)

// readTrace gives the files whose syncs had the fault until now.
func (r *shortRun) readTrace() (hit []string) {
	r.t.Helper()
	data, err := os.ReadFile(r.trace)
	if err != nil && !(errors.Is(err, os.ErrNotExist) && r.strace == nil) {
		r.t.Fatal(err)
	}
	return hitBy(string(data))
}

func hitBy(trace string) (hit []string) {
	begun := make(map[string]string) // by thread
	for line := range strings.Lines(trace) {
		var file, end string
		if found := tracedSync.FindStringSubmatch(line); found != nil {
			file, end = found[2], found[3]
			begun[found[1]] = file
		} else if found := tracedResumed.FindStringSubmatch(line); found != nil {
			file, end = begun[found[1]], found[2]
		}
		if file != "" && (strings.Contains(end, "INJECTED") || strings.Contains(end, "= ?")) {
			hit = append(hit, file)
		}
	}
	return hit
}

// talkShortly is the client's; before is called before each step.
func (l *load) talkShortly(before func(step int)) {
	p := &talker{load: l, user: "ada", client: l.client("ada", ""), mine: make([][]string, 1)}
	defer p.client.Close()
	step := func(f func()) {
		p.said++
		before(p.said)
		f()
	}
	for range 4 {
		step(func() { p.publish(l.living, 0) })
	}
	for _, id := range slices.Clone(p.mine[0]) {
		step(func() { p.edit(l.living, 0, id) })
		step(func() { p.mark(l.living, 0) })
	}
	step(func() { p.delete(l.living, 0, p.mine[0][0]) })
	step(func() { p.publish(l.living, 0) })
}

// atEach makes the fault at every moment, and gives each run to see.
func atEach(t *testing.T, fault string, see func(m moment, r *shortRun)) {
	t.Helper()
	need(t, "strace", "strace")
	// A store that opens syncs some dozen times.
	for n := 1; ; n++ {
		m := moment{starting: n}
		r := runShort(t, fault, m)
		if len(r.hit) == 0 && !r.fell {
			break
		}
		see(m, r)
		if t.Failed() || n > 100 {
			t.Fatalf("%s in %v", fault, m)
		}
	}
	for step := range steps + 1 {
		m := moment{step: step + 1}
		r := runShort(t, fault, m)
		see(m, r)
		if t.Failed() {
			t.Fatalf("%s in %v", fault, m)
		}
	}
}

func TestSync_AKillAtEachLosesNothing(t *testing.T) {
	t.Parallel()
	kills := 0
	atEach(t, "signal=KILL", func(m moment, r *shortRun) {
		kills++
		if !r.fell {
			t.Errorf("%v did not kill the server", m)
		}
	})
	t.Logf("killed at %d moments", kills)
}

// A sync that fails is the end of the store: it stops, says why, and when the
// disk is well again everything that was acknowledged is there.
func TestSync_AFailureOfEachStopsTheServer(t *testing.T) {
	t.Parallel()
	failures := 0
	atEach(t, "error=EIO", func(m moment, r *shortRun) {
		failures++
		if len(r.hit) == 0 {
			t.Errorf("%v did not fail", m)
			return
		}
		// Of a table Pebble writes another if it cannot be synced: nothing rests
		// on it yet. A file that cannot be synced is refused; the log does not
		// rest on files.
		table, file := strings.HasSuffix(r.hit[0], ".sst"), strings.Contains(r.hit[0], "/files/")
		// Nor does anything rest on what a server does that was told to end.
		ended := m.step > steps || m.starting > 0 && r.ended
		if !r.fell && !ended && !table && !file {
			t.Errorf("%v, of %s, failed, and the server went on", m, r.hit[0])
		}
		if !table && !strings.Contains(r.said, "input/output error") {
			t.Errorf("%v, of %s, failed, and the server did not say so:\n%s", m, r.hit[0], r.said)
		}
	})
	t.Logf("EIO at %d moments", failures)
}

func TestHitBy_ReadsWhatAnotherThreadCutInTwo(t *testing.T) {
	const trace = `71 fsync(3</data/a>) = 0
71 fdatasync(4</data/b> <unfinished ...>
72 fsync(5</data/c>) = -1 EIO (Input/output error) (INJECTED)
71 <... fdatasync resumed>) = -1 EIO (Input/output error) (INJECTED)
73 fsync(6</data/d> <unfinished ...>
73 <... fsync resumed>) = 0
72 fsync(7</data/e>) = ?
`
	want := []string{"/data/c", "/data/b", "/data/e"}
	if got := hitBy(trace); !slices.Equal(got, want) {
		t.Errorf("hit %v, want %v", got, want)
	}
}
