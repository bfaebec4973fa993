package faults

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-chat/parley/internal/freeport"
)

// within bounds everything that must happen at all. It is long: the machine
// may be busy with other tests.
const within = 60 * time.Second

// binaries builds the server, once for each set of flags.
type binaries struct {
	dir   string
	mu    sync.Mutex
	built map[string]func() error
}

var built *binaries // TestMain's

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "parley-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Most of what these tests do is waiting for processes and disks.
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = &binaries{dir: dir, built: make(map[string]func() error)}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build is the path of the server, built with flags: none, "-race", or
// "-tags=planted".
func build(t *testing.T, flags ...string) string {
	t.Helper()
	name := filepath.Join(built.dir, "parley"+strings.Join(flags, ""))
	built.mu.Lock()
	once := built.built[name]
	if once == nil {
		once = sync.OnceValue(func() error {
			args := append([]string{"build", "-o", name}, flags...)
			out, err := exec.Command("go", append(args, "github.com/parley-chat/parley/cmd/parley")...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("build the server: %w\n%s", err, out)
			}
			return nil
		})
		built.built[name] = once
	}
	built.mu.Unlock()
	if err := once(); err != nil {
		t.Fatal(err)
	}
	return name
}

// need fails the test unless a program is there.
func need(t *testing.T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%v: this fault cannot be made without it (apt-get install %s)", err, debian)
	}
}

// server is one server through all its lives: the same folder, the same address.
type server struct {
	t      testing.TB
	binary string
	data   string
	addr   string
	args   []string // besides address and folder
	env    []string
	under  []string // a command to run it under

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // after exited
	output *tail
	ups    []time.Duration // how long each start took
}

func newServer(t testing.TB, binary, data string, args ...string) *server {
	s := &server{t: t, binary: binary, data: data, addr: freeAddress(t), args: args, output: &tail{}}
	t.Cleanup(func() { _ = s.kill() })
	return s
}

func freeAddress(t testing.TB) string {
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (s *server) url() string { return "http://" + s.addr }

// launch starts the process, and does not wait for it to be of use.
func (s *server) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := append(append([]string{}, s.under...), s.binary, "serve", "--addr", s.addr, "--data", s.data, "--log", "text")
	line = append(line, s.args...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	// A test that is killed takes its server with it; so does strace.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	go func() {
		s.err = cmd.Wait()
		close(exited)
	}()
	return nil
}

// errExited says that the server ended by itself before it was ready.
var errExited = errors.New("the server has ended")

// start launches the server and returns when it is ready.
func (s *server) start() error {
	began := time.Now()
	if err := s.launch(); err != nil {
		return err
	}
	for time.Since(began) < within {
		if s.answers("/readyz") {
			s.ups = append(s.ups, time.Since(began))
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%w: %w\n%s", errExited, s.err, s.output)
		case <-time.After(2 * time.Millisecond):
		}
	}
	return fmt.Errorf("the server is not ready after %v\n%s", within, s.output)
}

// mustStart is start for the test's own goroutine.
func (s *server) mustStart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) answers(path string) bool {
	_, err := s.get(path)
	return err == nil
}

// get is what a path of the server answers.
func (s *server) get(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+path, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, response.Status, body)
	}
	return string(body), err
}

// signal sends to the process and all that it started.
func (s *server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = syscall.Kill(-s.cmd.Process.Pid, sig)
	}
}

// pid is the process, if it runs by itself.
func (s *server) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd.Process.Pid
}

// kill is kill -9; it returns when the process is gone.
func (s *server) kill() error {
	if s.cmd == nil || s.ended() {
		return nil
	}
	s.signal(syscall.SIGKILL)
	return s.wait()
}

// ended reports that the process is gone.
func (s *server) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// wait is for the process to end by itself.
func (s *server) wait() error {
	select {
	case <-s.exited:
		return nil
	case <-time.After(within):
		return fmt.Errorf("the server does not end\n%s", s.output)
	}
}

// stop is SIGTERM, and wants it to end well.
func (s *server) stop() error {
	s.signal(syscall.SIGTERM)
	if err := s.wait(); err != nil {
		return err
	}
	if s.err != nil {
		return fmt.Errorf("stop the server: %w\n%s", s.err, s.output)
	}
	return nil
}

// token is a user's, minted as an operator would.
func (s *server) token(user string) string {
	s.t.Helper()
	out, err := exec.Command(s.binary, "token", "--data", s.data, "--user", user, "--ttl", "24h").Output()
	if err != nil {
		s.t.Fatalf("mint a token: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// metric is the value of one without labels.
func (s *server) metric(name string) float64 {
	s.t.Helper()
	text, err := s.get("/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		var value float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &value); err != nil {
				s.t.Fatalf("metric %s: %v", line, err)
			}
			return value
		}
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

// tail keeps the end of what the server's lives have said.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 16 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b = append(t.b, b...); len(t.b) > most {
		t.b = t.b[len(t.b)-most:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.b))
}
