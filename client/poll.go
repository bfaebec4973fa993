package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a poll.
const (
	pollHold   = 25 * time.Second
	pollWithin = pollHold + 15*time.Second // the answer's way included
	pollFrames = 256                       // in one request
	pollBytes  = 512 << 10                 // of frames in one request, unless the first alone has more
)

// polls is a connection without a WebSocket: requests that the server holds
// until it has something to say (docs/polling.md). It takes and gives the same
// frames, and says with each request where the client stands.
//
// At most two requests are under way: one that is held, and one that says
// something and so ends the hold.
type polls struct {
	http   *http.Client
	url    string
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	direct bool          // subscriptions that the server begins are followed
	out    chan struct{} // of size one: there are frames to send
	news   chan struct{} // of size one: there are frames to read, or an end

	mu      sync.Mutex
	token   string
	session string
	places  map[string]*standing
	sending [][]byte
	arrived [][]byte
	err     error
}

// standing is where the client stands in a channel.
type standing struct {
	ChannelID string   `json:"channelId"`
	Position  Position `json:"position"`
	Presence  bool     `json:"presence,omitzero"`
	Acks      bool     `json:"acks,omitzero"`
	begun     bool     // the subscribe was answered
}

// pollRequest is the body of a request.
type pollRequest struct {
	Session       string           `json:"session,omitzero"`
	Subscriptions []*standing      `json:"subscriptions,omitzero"`
	Frames        []jsontext.Value `json:"frames,omitzero"`
	Hold          int64            `json:"hold"`
	Leave         bool             `json:"leave,omitzero"`
}

// pollAnswer is the body of its answer.
type pollAnswer struct {
	Session    string           `json:"session"`
	Frames     []jsontext.Value `json:"frames"`
	RetryAfter int64            `json:"retryAfter"`
}

// pollURL is where to poll, given where the WebSocket would be; "": nowhere.
func pollURL(socket, user, name string) string {
	u, err := url.Parse(socket)
	if err != nil || !strings.HasSuffix(u.Path, "/v1/ws") {
		return ""
	}
	u.Path = strings.TrimSuffix(u.Path, "ws") + "poll"
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	if query := u.Query(); user != "" { // each request says who asks
		query.Set("userId", user)
		query.Set("userName", name)
		u.RawQuery = query.Encode()
	}
	return u.String()
}

func (c *Client) poll(token string) *polls {
	p := &polls{
		http: c.http, url: c.pollURL, token: token, places: make(map[string]*standing), direct: c.o.OnDirect != nil,
		out: make(chan struct{}, 1), news: make(chan struct{}, 1),
	}
	p.ctx, p.cancel = context.WithCancel(c.ctx)
	p.work.Go(p.run)
	return p
}

// Write implements conn.
func (p *polls) Write(_ context.Context, frame []byte) error {
	var f outgoing
	if err := json.Unmarshal(frame, &f); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch f.Type {
	case "connect":
		if f.Token != "" {
			p.token = f.Token
		}
	case "subscribe":
		p.places[f.ChannelID] = &standing{ChannelID: f.ChannelID, Presence: f.Presence, Acks: f.Acks}
	case "unsubscribe":
		delete(p.places, f.ChannelID)
	}
	p.sending = append(p.sending, frame)
	signal(p.out)
	return p.err
}

// Read implements conn.
func (p *polls) Read(ctx context.Context) ([]byte, error) {
	for {
		p.mu.Lock()
		if len(p.arrived) > 0 {
			frame := p.arrived[0]
			p.arrived = p.arrived[1:]
			p.mu.Unlock()
			return frame, nil
		}
		err := p.err
		p.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-p.news:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Ping implements conn: a request that is not answered in time ends it anyway.
func (*polls) Ping(context.Context) error { return nil }

// Close implements conn: the server need not wait for another request.
func (p *polls) Close() error {
	p.Cut() // a request that came after the goodbye would begin another session
	p.mu.Lock()
	q := &pollRequest{Session: p.session, Leave: true}
	p.mu.Unlock()
	if q.Session == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), goodbyeWithin)
	defer cancel()
	_, err := p.ask(ctx, q)
	return err
}

// Cut implements conn.
func (p *polls) Cut() {
	p.cancel()
	p.work.Wait()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run makes one request after the other.
func (p *polls) run() {
	err := p.introduce()
	for err == nil {
		err = p.exchange()
	}
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
	signal(p.news)
}

// introduce waits for the first frame, so that nothing is asked before it.
func (p *polls) introduce() error {
	select {
	case <-p.out:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// exchange says what there is to say; if that is nothing it has a request held
// until there is something at either side.
func (p *polls) exchange() error {
	q := p.request()
	if len(q.Frames) > 0 {
		return p.say(q)
	}
	held := make(chan error, 1)
	p.work.Go(func() { held <- p.say(q) })
	for {
		select {
		case err := <-held:
			return err
		case <-p.out:
		}
		// Of what was signalled the last request may have taken all. What is
		// said ends the hold, unless it overtakes it on the way.
		if q := p.request(); len(q.Frames) > 0 {
			if err := p.say(q); err != nil {
				return err
			}
		}
	}
}

// say makes a request, and takes its answer.
func (p *polls) say(q *pollRequest) error {
	ctx, cancel := context.WithTimeout(p.ctx, pollWithin)
	defer cancel()
	answer, err := p.ask(ctx, q)
	if err != nil {
		return err
	}
	return p.take(answer)
}

// request is the next one. With frames it is not held: there may be more.
func (p *polls) request() *pollRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := &pollRequest{Session: p.session, Hold: pollHold.Milliseconds()}
	for _, s := range p.places {
		if s.begun {
			at := *s
			q.Subscriptions = append(q.Subscriptions, &at)
		}
	}
	for size := 0; len(p.sending) > 0 && len(q.Frames) < pollFrames; {
		frame := p.sending[0]
		if size += len(frame); size > pollBytes && len(q.Frames) > 0 {
			break
		}
		q.Frames = append(q.Frames, frame)
		p.sending, q.Hold = p.sending[1:], 0
	}
	if len(p.sending) > 0 {
		signal(p.out)
	}
	return q
}

// ask makes a request.
func (p *polls) ask(ctx context.Context, q *pollRequest) (*pollAnswer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	p.mu.Lock()
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	p.mu.Unlock()
	response, err := p.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, problem(response, data)
	}
	answer := new(pollAnswer)
	if err := json.Unmarshal(data, answer); err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	return answer, nil
}

// problem is what an answer without frames says.
func problem(response *http.Response, data []byte) error {
	var told struct {
		fault
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(data, &told); err != nil || told.Code == "" {
		return fmt.Errorf("poll: the server answered %s", response.Status)
	}
	err := told.err()
	err.Message = told.Detail
	return err
}

// take gives the frames to the reader, and waits if the server wants that.
func (p *polls) take(a *pollAnswer) error {
	p.mu.Lock()
	p.session = a.Session
	var lost error
	for _, data := range a.Frames {
		f, err := decode(data)
		if err != nil {
			p.mu.Unlock()
			return err
		}
		if err := p.follow(f); err != nil {
			lost = err
		}
		p.arrived = append(p.arrived, data)
	}
	p.mu.Unlock()
	signal(p.news)
	if lost != nil {
		return lost
	}
	wait := time.NewTimer(time.Duration(a.RetryAfter) * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// follow notes what a frame says of where the client stands. It fails where a
// subscription cannot go on by itself: whoever reads begins it again, by a
// frame of its own, on the next connection.
func (p *polls) follow(f *incoming) error {
	if f.Type == "connected" {
		who, err := as[connected](f)
		if err == nil && who.GuestToken != "" {
			p.token = who.GuestToken
		}
		return err
	}
	s := p.places[f.ChannelID]
	if f.Type == "subscribed" {
		return p.begun(s, f)
	}
	if s == nil {
		return nil
	}
	switch f.Type {
	case "dropped":
		delete(p.places, f.ChannelID)
	case "error":
		if len(f.Ref) > 0 || !s.begun {
			return nil
		}
		refused, err := as[fault](f)
		if err != nil {
			return err
		}
		return fmt.Errorf("go on in %q: %s: %s", f.ChannelID, refused.Code, refused.Message)
	case "delivered", "read":
	default:
		if len(f.Ref) == 0 && f.Seq == s.Position.Seq+1 {
			s.Position.Seq = f.Seq
		}
	}
	return nil
}

// begun notes where a subscription begins. One that is told again, for the
// server's own reasons, changes nothing.
func (p *polls) begun(s *standing, f *incoming) error {
	told, err := as[Subscribed](f)
	switch {
	case err != nil:
		return err
	case s != nil && len(f.Ref) > 0:
		s.Position, s.begun = told.Position, true
	case s == nil && told.Direct && p.direct:
		p.places[f.ChannelID] = &standing{ChannelID: f.ChannelID, Position: told.Position, begun: true}
	}
	return nil
}
