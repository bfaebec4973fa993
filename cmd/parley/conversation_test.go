package main

import (
	"bufio"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/parley-chat/parley/internal/freeport"
)

// killable is a server in a process of its own, which can be killed and
// started again where it was.
type killable struct {
	t    *testing.T
	data string
	addr string
	cmd  *exec.Cmd
}

func startKillable(t *testing.T) *killable {
	t.Helper()
	addr, err := freeport.Address() // another test must not have it while the server is down
	if err != nil {
		t.Fatal(err)
	}
	s := &killable{t: t, data: t.TempDir(), addr: addr}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *killable) url() string { return "http://" + s.addr }

// start returns when the server says where it listens.
func (s *killable) start() {
	s.t.Helper()
	s.cmd = exec.CommandContext(s.t.Context(), "parley", "serve", "--dev", "--addr", s.addr, "--data", s.data)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = regexp.MustCompile(`[\d.]+:\d+`).FindString(said)
}

// kill is kill -9: nothing is finished, nobody is told.
func (s *killable) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it says that it was killed
}

// talk opens `parley chat general` for a user.
func (s *killable) talk(x *tmux, user, name string, width, height int) *window {
	s.t.Helper()
	return x.open(user, width, height, nil, "parley", "chat", "general", "--url", s.url(), "--user", user, "--name", name)
}

// theyTalk has two do all that one does with messages.
func theyTalk(ada, ben *window) {
	ada.types("Hello Ben, are you there? This line is long enough to be broken into two.", "Enter")
	ben.shows("Hello Ben")
	ben.types("hi")
	ada.shows("Ben is typing…")
	ben.types(" 👋 日本語", "Enter")
	ada.shows("hi 👋 日本語")
	ada.loses("is typing…")
	ada.types("/reply what do you think of @Ben’s idea?", "Enter")
	ada.types("/react :+1:", "Enter")
	ben.shows("👍 1", "what do you think")
	ben.types("an eror", "Enter")
	ben.shows("an eror ✓")
	ben.keys("Up")
	ben.shows("edit> an eror")
	ben.keys("BSpace", "BSpace", "BSpace")
	ben.types("rror", "Enter")
	ada.shows("an error (edited)")
	ben.types("to be deleted", "Enter")
	ben.shows("to be deleted ✓")
	ada.shows("to be deleted")
	ben.types("/delete", "Enter")
	ben.shows("for everybody? y or n")
	ben.types("y")
	ada.shows("(deleted)")
}

// Two people talk; their server is killed in the middle and started again.
func TestChat_GoesOnAfterTheServerIsKilled(t *testing.T) {
	t.Parallel()
	server, x := startKillable(t), newTmux(t)
	ada := server.talk(x, "ada", "Ada", 80, 24)
	ada.shows("This is the beginning of #general.", "connected as Ada")
	ben := server.talk(x, "ben", "Ben", 60, 16)
	ben.shows("● Ada")
	ada.shows("● Ben")
	theyTalk(ada, ben)
	ada.matches("ada-talks")
	ben.matches("ben-talks")

	server.kill()
	ada.shows("! reconnecting")
	ben.shows("! reconnecting")
	ada.types("said while it is gone", "Enter")
	ada.types("and once more", "Enter")
	ada.shows("connection refused")
	ada.matches("ada-offline")
	ben.matches("ben-offline")

	server.start()
	ada.keys("Enter")
	ada.shows("connected as Ada", "● Ben")
	ben.keys("Enter")
	ben.shows("connected as Ben", "and once more")
	ada.types("/join den", "Enter")
	ada.shows("This is the beginning of #den.")
	ben.resize(120, 40)
	ben.types("@Ada come back", "Enter")
	ada.shows("@1")
	ada.keys("M-Down")
	ada.shows("── new ──", "@Ada come back")
	ada.matches("ada-after")
	ben.matches("ben-after")

	for _, w := range []*window{ada, ben} {
		w.types("/quit", "Enter")
		if status := w.ended(); status != "0" {
			t.Errorf("%s ended with status %s", w.name, status)
		}
	}
}

// Who is added to a channel by a back end sees it, and sees it go.
func TestChat_ShowsTheChannelsThatOneIsAddedTo(t *testing.T) {
	t.Parallel()
	server, x := startKillable(t), newTmux(t)
	b := &bundle{url: server.url()}
	launched := time.Now()
	ben := server.talk(x, "ben", "Ben", 80, 24)
	ben.shows("This is the beginning of #general.", "connected as Ben")
	asks := func(method, path, body string) {
		t.Helper()
		if got := b.visit(t, method, path, map[string]string{"Body": body}); got.status >= 300 {
			t.Fatalf("%s %s: %s", method, path, got.text)
		}
	}
	asks("PUT", "/v1/channels/plans?userId=olga", `{"kind":"private"}`)
	asks("POST", "/v1/channels/plans/messages?userId=olga", `{"text":"before you came"}`)
	added := time.Now()
	asks("PUT", "/v1/channels/plans/members/ben?userId=olga", `{"role":"member"}`)
	ben.shows(" plans")
	if took := time.Since(added); took > 8*time.Second && added.Sub(launched) < 5*time.Second {
		t.Errorf("it took %v: it came with the list, which is read after 15 s", took)
	}
	ben.keys("M-Down")
	ben.shows("before you came")
	ben.keys("M-Up")
	ben.shows("This is the beginning of #general.")
	asks("DELETE", "/v1/channels/plans/members/ben?userId=olga", "")
	ben.loses("plans")

	// Out of the one that is in sight, and in again.
	asks("PUT", "/v1/channels/plans/members/ben?userId=olga", `{"role":"member"}`)
	ben.shows(" plans")
	ben.keys("M-Down")
	ben.shows("before you came")
	asks("PUT", "/v1/channels/plans/members/ben?userId=olga", `{"role":"","banned":true}`)
	ben.shows("#plans cannot be shown: banned from channel")
	asks("POST", "/v1/channels/plans/messages?userId=olga", `{"text":"while you were out"}`)
	asks("PUT", "/v1/channels/plans/members/ben?userId=olga", `{"role":"member","banned":false}`)
	ben.loses("#plans cannot be shown")
	ben.shows("before you came", "while you were out")
}
