package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// screenful is an output that tests can wait on.
type screenful struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (s *screenful) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
	return s.text.Write(b)
}

func (s *screenful) until(t *testing.T, part string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		text := s.text.String()
		if s.more == nil {
			s.more = make(chan struct{})
		}
		more := s.more
		s.mu.Unlock()
		if strings.Contains(text, part) {
			return
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("waiting for %q in:\n%s", part, text)
		}
	}
}

func (s *screenful) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// converse runs `parley chat` with that input.
func converse(t *testing.T, in io.Reader, out io.Writer, args ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p := &process{
		args: append([]string{"chat"}, args...), getenv: func(string) string { return "" },
		stdin: in, stdout: out, stderr: out,
	}
	return run(ctx, p)
}

func TestChat_PostsEachLineOfAPipeInOrderAndEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	var out screenful
	if err := converse(t, strings.NewReader("one\n/two\n\nthree"), &out, "--url", b.url, "--user", "ada", "--name", "Ada"); err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, want := range []string{"Ada  one ✓", "Ada  /two ✓", "Ada  three ✓"} {
		at := strings.Index(out.String(), want)
		if at < last {
			t.Fatalf("%q is missing, or not in its place:\n%s", want, out.String())
		}
		last = at
	}
}

func TestChat_ShowsThePastAndWhatOthersSay(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	if err := converse(t, strings.NewReader("before"), io.Discard, "den", "--url", b.url, "--user", "ada"); err != nil {
		t.Fatal(err)
	}
	in, typed := io.Pipe()
	var out screenful
	done := make(chan error, 1)
	go func() { done <- converse(t, in, &out, "den", "--url", b.url, "--user", "bob") }()
	out.until(t, "ada  before")
	if err := converse(t, strings.NewReader("live"), io.Discard, "den", "--url", b.url, "--user", "ada"); err != nil {
		t.Fatal(err)
	}
	out.until(t, "ada  live")
	_ = typed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestChat_ShowsNothingThatATerminalObeys(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	in := strings.NewReader("\x1b]0;title\x07\x1b[2Jgone\u009b31m\u202eback\n")
	var out screenful
	if err := converse(t, in, &out, "--url", b.url, "--user", "eve"); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\x07\u009b\u202e") || !strings.Contains(out.String(), "gone") {
		t.Errorf("shown: %q", out.String())
	}
}

func TestChat_SaysHowToGetAToken(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var out screenful
	err := converse(t, strings.NewReader("hello"), &out, "--url", b.url, "--user", "ada")
	if err == nil || !strings.Contains(err.Error(), "parley token") {
		t.Errorf("got %v", err)
	}
}
