package client

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Options of a Client. URL is needed; every other zero value works.
type Options struct {
	URL string // http, https, ws or wss; without a path it is /v1/ws

	Token string // what to prove who one is with; or
	// TokenSource is asked before each connection and when a token is about to
	// expire. Its error is treated like a connection that failed.
	TokenSource func(ctx context.Context) (string, error)

	UserID, UserName string // believed by a server with --dev only

	// OnState is told each state, in order, on a goroutine of its own.
	OnState func(Status)
	// OnSignal gets the custom events that were sent to this user or session.
	OnSignal func(*Signal)
	// OnMembership is told when the user comes into a channel, is something else
	// there or is out of it, subscribed or not. It is not stored: what happened
	// without a connection is in the list of Channels alone.
	OnMembership func(*Membership)
	// OnCall is told each state of the user's calls, those of other devices too.
	OnCall func(*Call)
	// OnDirect is asked for a handler when something is said in a direct
	// channel of the user's to which there is no subscription: the server has
	// begun one, which goes on like any other. An answer of nil ends it, until
	// something is said again. It is called on the subscription's goroutine.
	// Where OnDirect is nil direct channels must be subscribed to.
	OnDirect func(*Subscription) func(Event)

	MaxPending    int           // requests without an answer; more is ErrQueueFull; 0: 1024
	MaxQueue      int           // bytes that wait for a subscription's handler; 0: 4 MiB
	Transport     Transport     // Auto: by WebSocket, and by polling where none gets through
	RetrySocket   time.Duration // while polling because none got through, one is tried this often; 0: 1 min
	Base, Cap     time.Duration // of the pause before the n-th attempt: at random up to min(Cap, Base·2ⁿ); 0: 200 ms, 10 s
	ConnectWithin time.Duration // for dialling and being let in; 0: 10 s
	PingEvery     time.Duration // a silent connection is asked, and has half as long to answer; 0: 20 s
	AckEvery      time.Duration // the least time between two delivery acks of a subscription; 0: 1 s

	Dial   func(ctx context.Context, network, addr string) (net.Conn, error) // nil: net.Dialer
	Logger *slog.Logger                                                      // nil: discards
	Now    func() time.Time                                                  // nil: time.Now
}

// State is where a Client stands.
type State string

const (
	Connecting   State = "connecting"   // for the first time
	Connected    State = "connected"    // and let in
	Reconnecting State = "reconnecting" // it was connected, and will be again
	Closed       State = "closed"       // for good
)

// Status is a State and what led to it.
type Status struct {
	State   State
	Err     error         // why the last attempt or connection ended; nil: it did not
	RetryIn time.Duration // Connecting and Reconnecting: the pause that begins now
	UserID  string        // Connected: who the server says this is
	Name    string        // Connected: the user's name
	Session string        // Connected: the connection's own id; see Audience
	// GuestToken is the token of a new guest, who came with a publishable key,
	// for coming again as the same; the Client itself does so while it lives.
	GuestToken string
}

// Client keeps one connection to a server; see the package's comment.
type Client struct {
	o       Options
	url     string
	pollURL string
	http    *http.Client
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup
	states  mailbox

	blocked int // attempts in a row that looked as if no WebSocket got through; run's

	mu       sync.Mutex
	refs     uint64
	pending  map[uint64]*Pending
	subs     map[string]*Subscription
	byRef    map[uint64]*Subscription // whose subscribe is under way
	link     *link                    // the connection that is up, or nil
	closing  bool                     // Close was called
	presence []byte                   // said again on each connection; nil: nothing
	hurry    chan struct{}            // cuts the pause before the next attempt short
	err      error                    // why the client gave up
	pass     string                   // the token of the guest that the server made of the client; "": none
}

// New starts a Client, which connects at once and until Close. It fails only
// if Options.URL is none.
func New(o Options) (*Client, error) {
	address, err := endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	polls := pollURL(address, o.UserID, o.UserName)
	if o.Transport == Polling && polls == "" {
		return nil, chat.E(chat.CodeInvalid, "%q does not end in /v1/ws: nobody knows where to poll", o.URL)
	}
	fill(&o)
	c := &Client{
		o: o, url: address, pollURL: polls,
		pending: make(map[uint64]*Pending),
		subs:    make(map[string]*Subscription),
		byRef:   make(map[uint64]*Subscription),
		hurry:   make(chan struct{}, 1),
		states:  mailbox{wake: make(chan struct{}, 1)},
	}
	c.http = &http.Client{Transport: &http.Transport{DialContext: o.Dial, Proxy: http.ProxyFromEnvironment}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.work.Go(c.run)
	return c, nil
}

func endpoint(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
	default:
		return "", chat.E(chat.CodeInvalid, "%q is no http or ws address", raw)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/ws"
	}
	return u.String(), nil
}

func fill(o *Options) {
	or := func(d *time.Duration, standard time.Duration) {
		if *d <= 0 {
			*d = standard
		}
	}
	or(&o.Base, 200*time.Millisecond)
	or(&o.Cap, 10*time.Second)
	or(&o.ConnectWithin, 10*time.Second)
	or(&o.RetrySocket, time.Minute)
	or(&o.PingEvery, 20*time.Second)
	or(&o.AckEvery, time.Second)
	if o.MaxPending <= 0 {
		o.MaxPending = 1024
	}
	if o.MaxQueue <= 0 {
		o.MaxQueue = 4 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
}

// Err is why the client gave up by itself (its credentials are no good, or the
// server does not speak the protocol), and nil while it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close says goodbye, fails what is pending and waits for all goroutines, so
// it must not be called by a handler.
func (c *Client) Close() {
	c.mu.Lock()
	c.closing = true
	l := c.link
	c.mu.Unlock()
	if l != nil {
		l.goodbye()
	}
	c.cancel()
	c.work.Wait()
	c.http.CloseIdleConnections()
}

// Hurry makes the next attempt at once if the client is pausing before it.
func (c *Client) Hurry() {
	select {
	case c.hurry <- struct{}{}:
	default:
	}
}

// run connects again and again, until Close or for ever.
func (c *Client) run() {
	var owned sync.WaitGroup
	owned.Go(func() { c.states.serve() })
	defer owned.Wait()
	defer c.states.close()

	pause := backoff{base: c.o.Base, cap: c.o.Cap}
	state := Connecting
	c.tell(Status{State: state})
	for {
		began := c.o.Now()
		connected, err := c.connect()
		if c.isClosing() {
			break
		}
		if connected {
			state = Reconnecting
			pause.lasted(c.o.Now().Sub(began))
		}
		if final := c.final(err); final != nil {
			c.giveUp(final)
			break
		}
		wait := pause.next(err)
		c.o.Logger.Info("disconnected", "err", err, "retry_in", wait)
		c.tell(Status{State: state, Err: err, RetryIn: wait})
		c.rest(wait)
	}
	c.cancel()
	c.failAll()
	c.tell(Status{State: Closed, Err: c.Err()})
}

func (c *Client) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

func (c *Client) rest(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.hurry:
	case <-c.ctx.Done():
	}
}

// final is err if trying again cannot help.
func (c *Client) final(err error) error {
	refused, ok := errors.AsType[*chat.Error](err)
	if !ok {
		return nil
	}
	switch refused.Code {
	case chat.CodeUnsupported, chat.CodeForeignSender, chat.CodeInvalid, chat.CodeForbidden:
		return err
	case chat.CodeUnauthorized, chat.CodeTokenExpired, chat.CodeTokenRevoked:
		if c.o.TokenSource == nil && !c.outdated() {
			return err
		}
	}
	return nil
}

func (c *Client) giveUp(err error) {
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
}

func (c *Client) tell(s Status) {
	if c.o.OnState != nil {
		c.states.put(func() { c.o.OnState(s) })
	}
}

// failAll ends everything that waits.
func (c *Client) failAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	why := ErrClosed
	if c.err != nil {
		why = errors.Join(ErrClosed, c.err)
	}
	for _, p := range c.pending {
		c.settle(p, nil, p.giveUp(why))
	}
	for _, s := range c.subs {
		s.fail(why)
	}
}
