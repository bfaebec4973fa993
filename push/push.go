// Package push tells people of messages while they are away, by Web Push: RFC
// 8030 carries, RFC 8291 encrypts for the browser alone, RFC 8292 says which
// server it is from.
//
// A Service follows the log as a reader who is late: hints say that a channel
// has something new, a moment later the messages are read, and whoever they
// concern and has neither got nor read them is told. Nothing of it is in the
// way of an acknowledgement, and all of it may be lost but the log.
//
// Invariants, each with a test:
//  1. Rights, cursors, blocks and the message are asked for right before each
//     attempt to send, and again before a retry: what was read, deleted or
//     forbidden meanwhile is not told.
//  2. One subscription gets one notification at a time, in order, and of one
//     channel only the latest waits.
//  3. A channel's position is kept only once all that came of it is settled.
//     After a crash what was not settled is told again, if it is younger than
//     MaxAge; a second time replaces the first where it is shown.
//  4. Nothing connects but to public addresses over TLS, and no redirect is
//     followed. Logs hold no endpoint: it is the right to push to its user.
package push

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/dial"
)

// Log is where messages are read.
type Log interface {
	Head(ctx context.Context, ch chat.ChannelID) (chat.Head, error)
	Messages(ctx context.Context, ch chat.ChannelID, page chat.Page) ([]*chat.Event, error)
	Message(ctx context.Context, ch chat.ChannelID, id string) (*chat.Event, error)
}

// Directory says who is where.
type Directory interface {
	Channel(ctx context.Context, ch chat.ChannelID) (*chat.Channel, error)
	Members(ctx context.Context, ch chat.ChannelID, after string, limit int) ([]*chat.Member, error)
	Joined(ctx context.Context, project, user, after string, limit int) ([]string, error)
	User(ctx context.Context, project, id string) (*chat.User, error)
	Blocked(ctx context.Context, project, user, other string) (bool, error)
}

// Cursors say how far users have come.
type Cursors interface {
	Cursor(ctx context.Context, ch chat.ChannelID, user string) (chat.Cursor, error)
	Mentions(ctx context.Context, ch chat.ChannelID, user string, after uint64, most int) (int, error)
}

// Records keep subscriptions, settings, positions and the key.
type Records interface {
	Records(ctx context.Context, prefix string, visit func(key string, value []byte) error) error
	PutRecords(ctx context.Context, records map[string][]byte) error
}

// Store is what a Service asks of the store; chat.Store has all of it.
type Store interface {
	Log
	Directory
	Cursors
	Records
}

// MaxAge is how old a message may be for which a Service that has just started
// still tells anybody; MaxDelay is how long it may be told to wait, and MaxTTL
// the most that push services take.
const (
	MaxAge   = 10 * time.Minute
	MaxDelay = 5 * time.Minute
	MaxTTL   = 4 * 7 * 24 * time.Hour
)

// Options of a Service. Store, Listen, Permit and Text are needed.
type Options struct {
	Store Store
	// Listen calls f, which does not block, for each channel that has something
	// new, until stop is called; as chat.Bus has it.
	Listen func(f func(chat.Hint)) (stop func())
	// Permit decides whether somebody may do something in a channel.
	Permit func(ctx context.Context, id *chat.Identity, channel string, op chat.Operation) error
	// Check is nil as long as what vouched for an identity still does; nil:
	// nothing is ever revoked.
	Check func(chat.Identity) *chat.Error
	// Text is what a person reads of a body.
	Text func(body []byte) string

	Key     string // the VAPID key: 32 bytes in base64url; "": made once, kept in the store's records
	Contact string // where push services find who runs this server: https:… or mailto:…

	Delay    time.Duration // how long a message may take to be delivered before anybody is told, at most MaxDelay; 0: 3 s
	TTL      time.Duration // how long push services keep a notification for a browser that is off, at most MaxTTL; 0: 24 h
	Backoff  time.Duration // before the first retry; doubles with each; 0: 2 s
	Loopback bool          // endpoints on this machine, without TLS too: for development and tests

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now
}

// The service's periods and bounds.
const (
	standardDelay   = 3 * time.Second
	standardTTL     = 24 * time.Hour
	standardBackoff = 2 * time.Second
	keepEvery       = time.Second // positions are written so often, if any moved
	sweepEvery      = time.Minute
	forgetEvery     = time.Hour // subscriptions that nobody renewed
	maxPlaces       = 100_000   // channels that are followed at a time
)

// Service tells people of messages. See New and Close.
type Service struct {
	o        Options
	store    Store
	log      *slog.Logger
	now      func() time.Time
	key      key
	client   *http.Client
	accounts accounts
	outbox   *outbox
	stats    counters

	mu     sync.Mutex
	places map[chat.ChannelID]*place
	queue  []*place            // those that are due at some time, in its order
	moved  map[*place]struct{} // those whose position is to be kept
	missed bool                // there was no room for a channel
	wake   chan struct{}

	recovered chan struct{} // closed once what was missed was looked for

	unhear func()
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// New starts a service, which looks first for what it missed. Close ends it.
func New(ctx context.Context, o Options) (*Service, error) {
	o.defaults()
	s := &Service{
		o: o, store: o.Store, log: o.Logger, now: o.Now,
		places: make(map[chat.ChannelID]*place), moved: make(map[*place]struct{}), wake: make(chan struct{}, 1), recovered: make(chan struct{}),
		client: &http.Client{
			Transport: dial.Transport(dial.Options{Loopback: o.Loopback}),
			Timeout:   attemptWithin,
			// A redirect would be the push service's word for where secrets go.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	var err error
	if s.key, err = openKey(ctx, o.Store, o.Key); err != nil {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if err := s.loadPositions(ctx); err != nil {
		return nil, err
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.outbox = newOutbox(s.attempt, o.Backoff, &s.stats)
	for range workers {
		s.work.Go(func() { s.outbox.work(ctx) })
	}
	s.unhear = o.Listen(s.hear)
	s.work.Go(func() { s.run(ctx) })
	return s, nil
}

func (o *Options) defaults() {
	if o.Delay == 0 {
		o.Delay = standardDelay
	}
	if o.TTL == 0 {
		o.TTL = standardTTL
	}
	if o.Backoff == 0 {
		o.Backoff = standardBackoff
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Check == nil {
		o.Check = func(chat.Identity) *chat.Error { return nil }
	}
}

// Key is the public key with which browsers subscribe, in base64url.
func (s *Service) Key() string { return s.key.public }

// Close ends the service and waits for it. What was on its way is cut off, and
// told by the next service on this store.
func (s *Service) Close() error {
	s.unhear()
	s.cancel()
	s.outbox.close()
	s.work.Wait()
	s.client.CloseIdleConnections()
	err := s.keepPositions(context.Background())
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// run is the service's clock and its reader.
func (s *Service) run(ctx context.Context) {
	s.recover(ctx)
	close(s.recovered)
	keep := time.NewTicker(keepEvery)
	defer keep.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	swept, forgot := s.now(), s.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-due.C:
		case <-keep.C:
			if err := s.keepPositions(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("keep the positions of notifications", "err", err) // tried again in a second
			}
			if s.now().Sub(swept) >= sweepEvery {
				swept = s.now()
				s.sweep(ctx)
			}
			if s.now().Sub(forgot) >= forgetEvery {
				forgot = s.now()
				s.forget(ctx)
			}
		}
		due.Reset(s.lookAll(ctx))
	}
}
