// Package preview says what a page on the web is about, to who was sent a link
// to it.
//
// The link is a stranger's, and this server follows it. So these hold:
//
//   - only addresses of the public internet are connected to: [Options].Transport
//     checks that where the socket connects, for each redirect anew; and of their
//     ports only those of the web;
//   - what a page may cost is bounded: in time, in bytes as they come and as they
//     are unpacked, in redirects, in pages that are asked at once, and in pages
//     that one user has asked;
//   - a page is asked without cookies, credentials or anything of who wants it;
//   - what is answered of it is text without markup, and pixels that were drawn
//     here; nothing says why a page could not be had, or this server
//     would tell strangers what is behind its firewall.
package preview

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

// What holds unless Options say otherwise.
const (
	standardWithin = 5 * time.Second
	standardKeep   = time.Hour
	failureKeep    = 5 * time.Minute // or Keep, if that is less
	standardEvery  = 2 * time.Second
	standardBurst  = 20
)

// Bounds.
const (
	maxFetches = 16       // pages that are asked at once
	maxOfUser  = 6        // of them at one user's expense
	maxCached  = 16 << 20 // bytes of previews that are kept
)

// Preview is what a page says of itself: text without markup.
type Preview struct {
	URL         string // as it was asked for, without its fragment
	Title       string
	Description string
	Site        string // its name, or its host
	Image       string // a small picture, as a data: URL; "": there is none
}

// Options of a Service. Transport is needed.
type Options struct {
	// Transport asks pages. It has to refuse all addresses that are not of the
	// public internet, whatever name led there.
	Transport http.RoundTripper
	// Local lets pages of this machine be asked, at any port: for development,
	// where Transport does so.
	Local bool
	// Agent is the header User-Agent; "": "parley".
	Agent string
	// Draw makes a small picture of what a stranger says is one; nil: there are
	// none. It bounds what that costs.
	Draw func(ctx context.Context, content []byte, side int) (kind string, small []byte, err error)

	Within time.Duration // for a page, and for its picture, each; 0: 5 s
	Keep   time.Duration // how long a preview is kept; 0: an hour
	Every  time.Duration // a user may ask for a page that is not kept so often; 0: 2 s
	Burst  int           // and so many at once; 0: 20

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now
}

// Service makes previews. Its methods may be called concurrently.
type Service struct {
	options Options
	client  *http.Client

	ctx    context.Context // of fetches: they belong to nobody who asks
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu       sync.Mutex
	cache    cache
	fetches  map[string]*fetch // under way, by URL
	allowed  allowances
	fetched  uint64
	answered uint64
	failed   uint64
}

// fetch is a page that is being asked, for all who want it.
type fetch struct {
	by      owner
	done    chan struct{}
	preview *Preview // what came of it, to be read after done; nil: nothing
}

// New is a Service. Close ends it.
func New(o Options) *Service {
	o = o.withDefaults()
	s := &Service{
		options: o, fetches: make(map[string]*fetch),
		cache: cache{most: maxCached}, allowed: allowances{every: o.Every, burst: o.Burst},
	}
	s.client = &http.Client{Transport: o.Transport, CheckRedirect: s.redirect}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

func (o Options) withDefaults() Options {
	if o.Agent == "" {
		o.Agent = "parley"
	}
	if o.Within == 0 {
		o.Within = standardWithin
	}
	if o.Keep == 0 {
		o.Keep = standardKeep
	}
	if o.Every == 0 {
		o.Every = standardEvery
	}
	if o.Burst == 0 {
		o.Burst = standardBurst
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Close ends what is under way, and waits for it.
func (s *Service) Close() {
	s.cancel()
	s.tasks.Wait()
	s.client.CloseIdleConnections()
}

// Stats count what a Service did since it was made.
type Stats struct {
	Answered uint64 // requests with a preview
	Fetched  uint64 // pages asked
	Failed   uint64 // of them, those without a preview
}

// Stats are the counts now.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Answered: s.answered, Fetched: s.fetched, Failed: s.failed}
}

// Find is the preview of the page at link, for somebody who is known; nil: the
// page cannot be had, or says nothing. It fails with chat.CodeInvalid where link
// is none that is followed, and with chat.CodeRateLimited.
func (s *Service) Find(ctx context.Context, id *chat.Identity, link string) (*Preview, error) {
	at, err := s.address(link)
	if err != nil {
		return nil, err
	}
	f, err := s.ask(owner{id.Project, id.User}, at)
	if err != nil {
		return nil, err
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, chat.E(chat.CodeUnavailable, "the page was not there in time")
	}
	if f.preview == nil {
		return nil, s.stopping()
	}
	s.mu.Lock()
	s.answered++
	s.mu.Unlock()
	return f.preview, nil
}

// stopping is chat.CodeGoingAway once the service ends, and nil before.
func (s *Service) stopping() error {
	if s.ctx.Err() != nil {
		return chat.E(chat.CodeGoingAway, "the server is stopping")
	}
	return nil
}

// ask is the page's fetch: over, under way, or begun now at the user's expense.
func (s *Service) ask(by owner, at *url.URL) (*fetch, error) {
	key, now := at.String(), s.options.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.cache.get(key, now); f != nil {
		return f, nil
	}
	if f := s.fetches[key]; f != nil {
		return f, nil
	}
	if err := s.stopping(); err != nil {
		return nil, err
	}
	if len(s.fetches) >= maxFetches || s.underWay(by) >= maxOfUser {
		return nil, &chat.Error{Code: chat.CodeRateLimited, Message: "too many pages are asked at once", RetryAfter: time.Second}
	}
	if wait := s.allowed.take(by, now); wait > 0 {
		return nil, &chat.Error{Code: chat.CodeRateLimited, Message: "too many previews in too short a time", RetryAfter: wait}
	}
	f := &fetch{by: by, done: make(chan struct{})}
	s.fetches[key] = f
	s.fetched++
	s.tasks.Go(func() { s.run(f, at, key) })
	return f, nil
}

// underWay is how many pages are asked at the user's expense. mu is held.
func (s *Service) underWay(by owner) (n int) {
	for _, f := range s.fetches {
		if f.by == by {
			n++
		}
	}
	return n
}

// run carries a fetch out. Why it failed is in the log, and nobody else's business.
func (s *Service) run(f *fetch, at *url.URL, key string) {
	var err error
	f.preview, err = s.fetch(s.ctx, at)
	keep := s.options.Keep
	if err != nil {
		s.options.Logger.DebugContext(s.ctx, "a page has no preview", "err", err)
		keep = min(keep, failureKeep)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed++
	}
	if s.ctx.Err() == nil {
		s.cache.put(key, f, s.options.Now().Add(keep))
	}
	delete(s.fetches, key)
	close(f.done)
}

var errRedirects = errors.New("too many redirects")
