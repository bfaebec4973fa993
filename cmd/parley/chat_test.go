package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
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

func TestChat_SaysThatItsInputBroke(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	gone := errors.New("the disk is gone")
	in, typed := io.Pipe()
	for channel, in := range map[string]io.Reader{
		"early": io.MultiReader(strings.NewReader("one\n"), iotest.ErrReader(gone)), // while a line is on its way
		"late":  in,
	} {
		var out screenful
		done := make(chan error, 1)
		go func() { done <- converse(t, in, &out, channel, "--url", b.url, "--user", "ada", "--name", "Ada") }()
		if channel == "late" {
			_, _ = io.WriteString(typed, "one\n")
			out.until(t, "Ada  one ✓")
			_ = typed.CloseWithError(gone)
		}
		if err := <-done; err == nil || !strings.Contains(err.Error(), "read the input: the disk is gone") {
			t.Errorf("%s: got %v", channel, err)
		}
		if !strings.Contains(out.String(), "Ada  one ✓") {
			t.Errorf("%s: what came before was lost:\n%s", channel, out.String())
		}
	}
}

func TestChatPost_SaysThatAMessageIsTooLarge(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	for _, size := range []int{100_000, 1 << 20} { // the server says so, and what asks it
		in := strings.NewReader(strings.Repeat("x", size))
		err := converse(t, in, io.Discard, "post", "general", "--one", "--url", b.url, "--user", "ada")
		if err == nil || !strings.Contains(err.Error(), "the message was not posted: too_large") {
			t.Errorf("%d bytes: %v", size, err)
		}
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
