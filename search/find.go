package search

import (
	"context"
	"errors"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Bounds on an answer.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// Ask is what is looked for.
type Ask struct {
	Query    string   // words, "phrases" and operators; see docs/search.md
	Channels []string // in one of these; none: anywhere
	Before   string   // what a page gave as Next; "": from the newest on
	Limit    int      // 0: DefaultLimit; more than MaxLimit is taken for that
}

// Hit is a message in its present state.
type Hit struct {
	Message    *chat.Event
	Highlights []Range // what was looked for, in the text that its readers see
}

// Found is a page of hits, the newest first.
type Found struct {
	Hits     []Hit
	Next     string // there are more: ask with it as Before
	Indexing bool   // some may be missing: the index is being made, or the disk is full
}

// Find answers with the messages that id may read and that the query describes.
// It tells nothing of others, not even how many there are. A query that takes
// too long is CodeTooMany.
func (x *Index) Find(ctx context.Context, id *chat.Identity, a Ask) (*Found, error) {
	if id.Anonymous() {
		return nil, chat.E(chat.CodeUnauthorized, "a search needs a token")
	}
	if !id.Has(chat.ScopeRead) && !id.Has(chat.ScopeManage) {
		return nil, chat.E(chat.CodeForbidden, "the token lacks the scope %s", chat.ScopeRead)
	}
	s, err := x.newSearch(id, a)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, x.options.Within)
	give, err := x.turns.take(waiting, id)
	cancel()
	if err != nil {
		return nil, &chat.Error{Code: chat.CodeRateLimited, Message: "there are too many searches: try again", RetryAfter: time.Second, Cause: err}
	}
	defer give()
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.leave()
	ctx, cancel = context.WithTimeout(ctx, x.options.Within)
	defer cancel()
	x.searches.Add(1)
	found := &Found{Indexing: !x.level.Load() || x.stalled.Load()}
	if err := s.run(ctx, found); err != nil {
		if errors.Is(err, errUnreadable) {
			x.hurt(err)
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, chat.E(chat.CodeTooMany, "the search looks at too many messages: name a channel, a sender, a time or a rarer word")
		}
		if x.damaged.Load() {
			return nil, madeAnew()
		}
		return nil, err
	}
	return found, nil
}

// search is one that is under way.
type search struct {
	index    *Index
	id       *chat.Identity
	query    *query
	channels []string
	span     span
	limit    int
	asked    map[uint32]*channelRight
}

// channelRight is a channel, and whether who asks may read it.
type channelRight struct {
	id      chat.ChannelID
	granted bool
}

func (x *Index) newSearch(id *chat.Identity, a Ask) (*search, error) {
	q, err := parse(a.Query)
	if err != nil {
		return nil, err
	}
	if err := checkChannels(a.Channels); err != nil {
		return nil, err
	}
	s := &search{index: x, id: id, query: q, channels: a.Channels, limit: a.Limit, asked: make(map[uint32]*channelRight)}
	if s.limit <= 0 {
		s.limit = DefaultLimit
	}
	s.limit = min(s.limit, MaxLimit)
	if !q.until.IsZero() {
		s.span.first = newDocument(q.until.Add(-time.Millisecond), 0, maxSeq)
	}
	if !q.from.IsZero() {
		s.span.end, s.span.ends = newDocument(q.from.Add(-time.Millisecond), 0, maxSeq), true
	}
	if a.Before != "" {
		d, err := parseCursor(a.Before)
		if err != nil {
			return nil, err
		}
		if d, ok := d.next(); ok && d.compare(&s.span.first) > 0 {
			s.span.first = d
		}
	}
	return s, nil
}

// run fills found.
func (s *search) run(ctx context.Context, found *Found) (err error) {
	x := s.index
	if s.span.ends && s.span.first.compare(&s.span.end) >= 0 {
		return nil
	}
	snapshot := x.db.NewSnapshot()
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	budget := &budget{over: ctx.Err}
	candidates, err := x.plan(budget, snapshot, s.id.Project, s.query, s.channels, s.span)
	if err != nil || candidates == nil {
		return err
	}
	defer func() { err = errors.Join(err, candidates.close()) }()
	size := 0
	var last document
	for ; candidates.at() != nil && budget.spend(); candidates.next() {
		d := *candidates.at()
		hit, err := s.look(ctx, &d)
		if err != nil {
			return err
		}
		if hit == nil {
			continue
		}
		if len(found.Hits) == s.limit || size >= chat.PageBytes {
			found.Next = last.cursor()
			return nil
		}
		last = d
		size += hit.Message.Size()
		found.Hits = append(found.Hits, *hit)
	}
	return budget.err
}

// look is what d is if who asks may read it and it is what the query says now;
// else nil.
func (s *search) look(ctx context.Context, d *document) (*Hit, error) {
	c, err := s.channel(ctx, d.channel())
	if err != nil || !c.granted {
		return nil, err
	}
	m, err := s.index.at(ctx, c.id, d.seq())
	if err != nil || m == nil || m.Deleted() || m.Body == nil {
		return nil, err
	}
	text := s.index.options.Text(m.Body)
	places, ok := s.query.match(contentOf(m.Body, text))
	if !ok {
		return nil, nil
	}
	return &Hit{Message: m, Highlights: inUTF16(text, places)}, nil
}

// channel asks for the right to read once in a search.
func (s *search) channel(ctx context.Context, number uint32) (*channelRight, error) {
	if c := s.asked[number]; c != nil {
		return c, nil
	}
	c := &channelRight{}
	id, known, err := s.index.names.of(number)
	if err != nil {
		return nil, err
	}
	if c.id = id; known && s.mayBe(id) {
		err = s.index.options.Permit(ctx, s.id, id.Name, chat.OpRead)
		c.granted = err == nil
		if err != nil && !isRefusal(err) {
			return nil, err
		}
	}
	s.asked[number] = c
	return c, nil
}

// mayBe spares asking for direct channels of others, of which there are many.
func (s *search) mayBe(id chat.ChannelID) bool {
	a, b, direct := chat.DirectUsers(id.Name)
	return id.Project == s.id.Project && (!direct || s.id.Server || s.id.User == a || s.id.User == b)
}

func isRefusal(err error) bool {
	switch chat.CodeOf(err) {
	case chat.CodeForbidden, chat.CodeBanned, chat.CodeUnauthorized, chat.CodeDeleted:
		return true
	}
	return false
}
