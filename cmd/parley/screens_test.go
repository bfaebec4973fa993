package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var updateScreens = flag.Bool("update-screens", false, "write testdata/screens anew")

// within is how long a screen may take to become what it must be.
const screenWithin = 20 * time.Second

// tmux is a terminal multiplexer of the test's own: terminals that programs
// run in, and whose screens can be read.
type tmux struct {
	t      *testing.T
	socket string
}

func newTmux(t *testing.T) *tmux {
	t.Helper()
	dir, err := os.MkdirTemp("", "tmux") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	x := &tmux{t, filepath.Join(dir, "s")}
	t.Cleanup(func() {
		_ = x.command(context.Background(), "kill-server").Run() // it may have ended with its last window
		_ = os.RemoveAll(dir)
	})
	return x
}

func (x *tmux) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "tmux", append([]string{"-u", "-S", x.socket, "-f", os.DevNull}, args...)...)
}

func (x *tmux) run(args ...string) string {
	x.t.Helper()
	out, err := x.command(x.t.Context(), args...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// window is a terminal with one program in it.
type window struct {
	*tmux
	name string
}

// open runs a program in a terminal of its own, which stays when it has ended
// and says with which status.
func (x *tmux) open(name string, width, height int, env []string, args ...string) *window {
	x.t.Helper()
	line := []string{"new-session", "-d", "-s", name, "-x", fmt.Sprint(width), "-y", fmt.Sprint(height)}
	for _, e := range append([]string{"LC_ALL=C.UTF-8", "TZ=UTC", "PATH=" + os.Getenv("PATH")}, env...) {
		line = append(line, "-e", e)
	}
	x.run(append(append(line, "--", "sh", "-c", `"$@"; echo "ended with $?"; read -r _`, "sh"), args...)...)
	x.run("set-option", "-t", name, "status", "off")
	return &window{x, name}
}

// keys presses keys, by their tmux names.
func (w *window) keys(names ...string) {
	w.t.Helper()
	w.run(append([]string{"send-keys", "-t", w.name}, names...)...)
}

// types types text, and what comes after it by name.
func (w *window) types(text string, names ...string) {
	w.t.Helper()
	w.run("send-keys", "-t", w.name, "-l", text)
	if len(names) > 0 {
		w.keys(names...)
	}
}

func (w *window) resize(width, height int) {
	w.t.Helper()
	w.run("resize-window", "-t", w.name, "-x", fmt.Sprint(width), "-y", fmt.Sprint(height))
}

// screen is what stands in the terminal, as lines.
func (w *window) screen() string {
	w.t.Helper()
	var lines []string
	for _, line := range strings.Split(w.run("capture-pane", "-p", "-t", w.name), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// until waits until ok says so of the screen.
func (w *window) until(what string, ok func(screen string) bool) string {
	w.t.Helper()
	for end := time.Now().Add(screenWithin); ; time.Sleep(10 * time.Millisecond) {
		s := w.screen()
		if ok(s) {
			return s
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s: waited in vain for %s:\n%s", w.name, what, s)
		}
	}
}

// shows waits for a part of the screen.
func (w *window) shows(parts ...string) {
	w.t.Helper()
	for _, part := range parts {
		w.until(fmt.Sprintf("%q", part), func(s string) bool { return strings.Contains(s, part) })
	}
}

// loses waits until a part is not on the screen any more.
func (w *window) loses(part string) {
	w.t.Helper()
	w.until(fmt.Sprintf("no %q", part), func(s string) bool { return !strings.Contains(s, part) })
}

// ended waits for the program's end, and is the status that it ended with.
func (w *window) ended() string {
	w.t.Helper()
	s := w.until("the program's end", func(s string) bool { return strings.Contains(s, "ended with ") })
	return strings.TrimSpace(s[strings.Index(s, "ended with ")+len("ended with "):])
}

var varying = []struct {
	was *regexp.Regexp
	is  string
}{
	{regexp.MustCompile(`\b\d\d:\d\d\b`), "12:34"},
	{regexp.MustCompile(`── \w+day, \d+ \w+ \d{4} ─+`), "── (the day) ──"},
}

// matches waits until the screen is the golden one of that name.
func (w *window) matches(name string) {
	w.t.Helper()
	path := filepath.Join("testdata", "screens", name+".txt")
	normal := func(s string) string {
		for _, v := range varying {
			s = v.was.ReplaceAllString(s, v.is)
		}
		return s
	}
	if *updateScreens {
		last, since := "", time.Now()
		w.until("a screen that stands", func(s string) bool {
			if s != last {
				last, since = s, time.Now()
			}
			return time.Since(since) > time.Second
		})
		if err := os.WriteFile(path, []byte(normal(last)), 0o644); err != nil { //nolint:gosec // a golden file
			w.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	got := ""
	for end := time.Now().Add(screenWithin); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got = normal(w.screen()); got == string(want) {
			return
		}
	}
	w.t.Fatalf("%s: the screen is not %s (-want +got):\n%s\n%s", w.name, path, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")), got)
}
