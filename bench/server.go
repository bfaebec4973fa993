package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/parley-chat/parley/bench/load"
	"github.com/parley-chat/parley/bench/proc"
	"github.com/parley-chat/parley/internal/freeport"
)

// Target is the server to measure: one that runs, or one to start.
type Target struct {
	Name string // in the report; default: the command's base name, or the URL

	URL string // of one that runs: ws://HOST:PORT/PATH
	PID int    // its process, to read its use of the machine; 0: not read

	// Command starts one for the run and its end stops it. {addr} stands for
	// an address to listen on, {data} for an empty folder.
	Command  []string
	Path     string // of the protocol; default /v1/ws, or /socket.io/
	Protocol load.Protocol

	Data string // where the empty folder is made; default: the system's for temporary files
}

func (t Target) name() string {
	switch {
	case t.Name != "":
		return t.Name
	case len(t.Command) > 0:
		return filepath.Base(t.Command[0])
	}
	return t.URL
}

func (t Target) path() string {
	switch {
	case t.Path != "":
		return t.Path
	case t.Protocol == load.SocketIO:
		return "/socket.io/"
	}
	return "/v1/ws"
}

type server struct {
	url     string
	address string
	pid     int
	data    string
	args    []string

	command *exec.Cmd
	output  *tail
	exited  chan error
}

func start(ctx context.Context, t Target, log *slog.Logger) (*server, error) {
	if len(t.Command) == 0 {
		return &server{url: t.URL, pid: t.PID}, nil
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp(t.Data, "parley-bench-")
	if err != nil {
		return nil, err
	}
	args := make([]string, len(t.Command))
	for i, arg := range t.Command {
		args[i] = strings.NewReplacer("{addr}", address, "{data}", data).Replace(arg)
	}
	s := &server{url: "ws://" + address + t.path(), address: address, data: data, args: args}
	if err := s.launch(); err != nil {
		_ = os.RemoveAll(data)
		return nil, err
	}
	log.Info("started", "command", strings.Join(args, " "), "pid", s.pid)
	if err := s.await(ctx, address); err != nil {
		_ = s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) launch() error {
	s.command, s.output, s.exited = exec.Command(s.args[0], s.args[1:]...), &tail{}, make(chan error, 1)
	s.command.Stdout, s.command.Stderr = s.output, s.output
	// A bench that is killed takes its server with it.
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return err
	}
	s.pid = s.command.Process.Pid
	command, exited := s.command, s.exited
	go func() { exited <- command.Wait() }()
	return nil
}

// restart ends the server, and after between (nil: nothing) starts it again on
// its data. It returns how long that took until ready said yes.
func (s *server) restart(ctx context.Context, between func() error, ready func() bool) (time.Duration, error) {
	if s.command == nil {
		return 0, errors.New("only a server that the bench has started can be started again")
	}
	if err := s.end(); err != nil {
		return 0, err
	}
	if between != nil {
		if err := between(); err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	if err := s.launch(); err != nil {
		return 0, err
	}
	for !ready() {
		if time.Since(begun) > time.Minute {
			return 0, fmt.Errorf("it is not ready\n%s", s.output)
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

// await returns when the server accepts connections.
func (s *server) await(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var dialer net.Dialer
	for {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case err := <-s.exited:
			s.exited <- err
			return fmt.Errorf("it ended at once: %w\n%s", err, s.output)
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %w\n%s", err, s.output)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop ends a server that start started, and removes its data.
func (s *server) stop() error {
	if s.command == nil {
		return nil
	}
	return errors.Join(s.end(), os.RemoveAll(s.data))
}

// end ends the process.
func (s *server) end() error {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case err = <-s.exited:
	case <-time.After(20 * time.Second):
		_ = s.command.Process.Kill()
		err = fmt.Errorf("it did not end within 20 s of SIGTERM: %w", <-s.exited)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGTERM {
			err = nil
		}
	}
	if err != nil {
		err = fmt.Errorf("stop the server: %w\n%s", err, s.output)
	}
	return err
}

// cpu is the server's processor time; 0 where it cannot be read.
func (s *server) cpu() time.Duration {
	if s.pid == 0 {
		return 0
	}
	used, err := proc.CPU(s.pid)
	if err != nil {
		return 0
	}
	return used
}

func (s *server) memory() proc.Memory {
	if s.pid == 0 {
		return proc.Memory{}
	}
	m, err := proc.ReadMemory(s.pid)
	if err != nil {
		return proc.Memory{}
	}
	return m
}

// settled waits until the server's memory has not changed by a hundredth for
// two seconds, or for at most so long.
func (s *server) settled(ctx context.Context, atMost time.Duration) (proc.Memory, error) {
	const step = 250 * time.Millisecond
	m := s.memory()
	still := time.Duration(0)
	for waited := time.Duration(0); waited < atMost && still < 2*time.Second; waited += step {
		if err := sleep(ctx, min(step, atMost)); err != nil {
			return m, err
		}
		now := s.memory()
		still += step
		if change := now.Anonymous - m.Anonymous; change > m.Anonymous/100 || change < -m.Anonymous/100 {
			still, m = 0, now
		}
	}
	return s.memory(), nil
}

// quiet waits until the server has used less than a twentieth of a core for two
// seconds, or for about so long at most, and says for how long. What it has put
// off it has done then; what it does now and then it may do again.
func (s *server) quiet(ctx context.Context, atMost time.Duration) (took time.Duration, err error) {
	const step, most = 2 * time.Second, 20
	begun := time.Now()
	for busy := true; busy && time.Since(begun) < atMost; {
		used, at := s.cpu(), time.Now()
		if err := sleep(ctx, step); err != nil {
			return 0, err
		}
		busy = (s.cpu()-used)*most > time.Since(at)
	}
	return time.Since(begun), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tail keeps the end of what a server has said.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 8 << 10
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
