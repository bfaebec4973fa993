package poll_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/transport/conntest"
	"github.com/parley-chat/parley/transport/poll"
)

// client polls: one goroutine holds requests, another sends frames with
// requests of its own.
type client struct {
	url    string
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	send   chan struct{} // of size one: there are frames to send

	mu      sync.Mutex
	session string
	outbox  []string
	early   map[int][]string // answers that overtook others, by their number
	last    int              // the number of the answer taken last
	inbox   []string
	parting []string // frames of the answer that ended the session
	over    bool
	asked   int // requests under way
	news    chan struct{}
}

func dial(ctx context.Context, url string) (*client, error) {
	c := &client{url: url, send: make(chan struct{}, 1), early: map[int][]string{}, news: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.request(ctx, nil, 0); err != nil {
		return nil, err
	}
	c.work.Go(func() {
		for c.alive() && c.request(c.ctx, nil, 20_000) == nil {
		}
		c.end()
	})
	c.work.Go(c.deliver)
	return c, nil
}

func (c *client) deliver() {
	for {
		select {
		case <-c.send:
		case <-c.ctx.Done():
			return
		}
		for c.alive() {
			c.mu.Lock()
			n := min(100, len(c.outbox))
			frames := c.outbox[:n:n]
			c.outbox = c.outbox[n:]
			c.mu.Unlock()
			if n == 0 {
				break
			}
			if c.request(c.ctx, frames, 0) != nil {
				return
			}
		}
	}
}

// request makes one, and takes its answer in. Frames that there was no room
// for, always the last ones, are put back.
func (c *client) request(ctx context.Context, frames []string, hold int) error {
	c.mu.Lock()
	body, err := json.Marshal(map[string]any{"session": c.session, "frames": frames, "hold": hold})
	c.asked++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.asked--
		c.tell()
		c.mu.Unlock()
	}()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var a struct {
		Session string
		Frames  []string
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := len(a.Frames)
	for kept > 0 && a.Frames[kept-1] == string(chat.CodeRateLimited) {
		kept--
	}
	if refused := len(a.Frames) - kept; refused > 0 {
		c.outbox = append(append([]string{}, frames[len(frames)-refused:]...), c.outbox...)
	}
	return c.take(a.Session, a.Frames[:kept], len(a.Frames) > 0)
}

// take puts answers in order by their numbers.
func (c *client) take(session string, frames []string, told bool) error {
	if session == "" {
		c.parting, c.over = append(c.parting, frames...), true
		return nil
	}
	at := strings.LastIndexByte(session, '.')
	number, err := strconv.Atoi(session[at+1:])
	if err != nil {
		return err
	}
	if told {
		c.early[number] = frames
	}
	for {
		next, ok := c.early[c.last+1]
		if !ok {
			break
		}
		delete(c.early, c.last+1)
		c.last++
		c.inbox = append(c.inbox, next...)
	}
	c.session = session[:at+1] + strconv.Itoa(c.last)
	return nil
}

// tell wakes who receives; mu is held.
func (c *client) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

func (c *client) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.over
}

func (c *client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.tell()
}

func (c *client) Send(_ context.Context, frame string) error {
	c.mu.Lock()
	c.outbox = append(c.outbox, frame)
	c.mu.Unlock()
	select {
	case c.send <- struct{}{}:
	default:
	}
	return nil
}

func (c *client) Receive(ctx context.Context) (string, error) {
	for {
		c.mu.Lock()
		if c.over && c.asked == 0 {
			c.inbox, c.parting = append(c.inbox, c.parting...), nil
		}
		if len(c.inbox) > 0 {
			frame := c.inbox[0]
			c.inbox = c.inbox[1:]
			c.mu.Unlock()
			return frame, nil
		}
		over, news := c.over && c.asked == 0, c.news
		c.mu.Unlock()
		if over {
			return "", io.EOF
		}
		select {
		case <-news:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (c *client) Close() error {
	c.mu.Lock()
	body := fmt.Sprintf(`{"session":%q,"leave":true}`, c.session)
	c.mu.Unlock()
	response, err := http.Post(c.url, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (c *client) Cut() error {
	c.cancel()
	c.work.Wait()
	return nil
}

func TestConn(t *testing.T) {
	t.Parallel()
	conntest.Run(t, func(t *testing.T, hub *conntest.Hub) conntest.Server {
		s := poll.New(poll.Options{
			Connect: func(id chat.Identity, sink chat.Sink) (poll.Session, error) { return hub.Connect(id, sink), nil },
			Refuse:  refuse,
			Lease:   2 * time.Second, Patience: 100 * time.Millisecond,
		})
		h := httptest.NewServer(s.Handler(conntest.Echo()))
		t.Cleanup(func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = s.Shutdown(ctx)
			h.Close()
		})
		return conntest.Server{
			Shutdown: s.Shutdown, SeesCut: 5 * time.Second,
			Dial: func(ctx context.Context) (conntest.Client, error) { return dial(ctx, h.URL) },
		}
	})
}
