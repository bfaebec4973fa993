// Package upload keeps files: it takes them in, says who may have them, and
// removes those that nothing refers to.
//
// These hold, whatever crashes:
//
//   - a file is acknowledged after its content and its record are on stable
//     storage, in this order: a record's content is there;
//   - contents are named by their hash, and kept once; a content goes when its
//     last record is gone, under the lock of its hash;
//   - what a crash leaves – a spool, a content without a record – is found and
//     removed later;
//   - an offset that an upload in pieces was answered is on stable storage, and
//     its record with it: what stands in its file behind that never counts;
//   - a message that names a file, and was committed before the file was
//     condemned, keeps it: references are asked for once more after that.
package upload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

// What holds unless Options say otherwise.
const (
	DefaultMaxSize = 100 << 20
	DefaultUnused  = 24 * time.Hour

	defaultIdle  = 30 * time.Second
	defaultEvery = time.Hour
)

// Store is what a Service needs of a [chat.Store].
type Store interface {
	chat.Records

	// Referenced reports whether a body that is kept names the file.
	Referenced(ctx context.Context, project, file string) (bool, error)
}

// Options of a Service. The first six are needed.
type Options struct {
	Store Store
	Blobs Blobs
	Spool string // a folder of the service's own: what is there when it starts is removed, but for unfinished uploads

	// Identify is who sent a request; nobody is no error.
	Identify func(*http.Request) (chat.Identity, error)
	// Permit decides whether somebody may do something in a channel.
	Permit func(ctx context.Context, id *chat.Identity, channel string, op chat.Operation) error
	// Refuse answers a request with what err says.
	Refuse func(w http.ResponseWriter, err error)

	MaxSize      int64    // bytes of one file; 0: DefaultMaxSize
	Types        []string // the types that are taken, such as image/png or image/*; none: all
	UserQuota    int64    // bytes that a user's files may take; 0: no bound
	ProjectQuota int64    // bytes that a project's files may take; 0: no bound

	Unused     time.Duration // how long a file is kept that nothing refers to; 0: DefaultUnused
	Unfinished time.Duration // how long an upload in pieces is kept to which nothing comes; 0: DefaultUnfinished
	Every      time.Duration // how often such files and uploads are looked for; 0: an hour
	Idle       time.Duration // how long a client may send nothing; 0: 30 s

	// Foreign lets pages of other sites show files, in tags that send no Origin.
	Foreign bool
	// Room fails with chat.CodeStorageFull while the disk has no room for the
	// spool; nil: it always has.
	Room func() error

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now
}

// Service is the files of all projects. Its methods may be called concurrently.
type Service struct {
	options  Options
	spools   *os.Root
	partials *os.Root // what came of uploads in pieces
	secret   []byte   // signs links
	stats    counters

	drawing chan struct{} // holds a token while an image is decoded
	hashes  locks
	claims  claims     // of uploads in pieces
	records sync.Mutex // held from reading records until they are changed

	mu    sync.Mutex
	users map[owner]int // uploads under way
	all   int

	life   context.Context // ends with the service
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	collecting sync.Mutex // held by the one collection under way
	lastStrays time.Time  // when contents without a record were last looked for; collecting guards it
}

// owner is whose quota a file counts in.
type owner struct{ project, user string }

// New starts a service. Close ends it.
func New(ctx context.Context, o Options) (_ *Service, err error) {
	s := &Service{options: o.withDefaults(), drawing: make(chan struct{}, 1), users: make(map[owner]int)}
	if s.spools, err = openSpools(o.Spool); err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeSpools())
		}
	}()
	if s.partials, err = openPartials(o.Spool); err != nil {
		return nil, fmt.Errorf("open the folder of unfinished uploads: %w", err)
	}
	if s.secret, err = s.loadSecret(ctx); err != nil {
		return nil, fmt.Errorf("read the secret of links: %w", err)
	}
	s.life, s.cancel = context.WithCancel(context.Background())
	s.tasks.Go(func() { s.collectOften(s.life) })
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.Unused == 0 {
		o.Unused = DefaultUnused
	}
	if o.Unfinished == 0 {
		o.Unfinished = DefaultUnfinished
	}
	if o.Every == 0 {
		o.Every = defaultEvery
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.Room == nil {
		o.Room = func() error { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Close waits for a collection under way, and for what goes on without its
// client: both end early. Requests must have ended.
func (s *Service) Close() error {
	s.cancel()
	s.tasks.Wait()
	return s.closeSpools()
}

func (s *Service) closeSpools() error {
	err := s.spools.Close()
	if s.partials != nil {
		err = errors.Join(err, s.partials.Close())
	}
	return err
}

// loadSecret is the secret that signs links, made at the first start.
func (s *Service) loadSecret(ctx context.Context) ([]byte, error) {
	secret, err := s.record(ctx, keySecret)
	if err != nil || len(secret) > 0 {
		return secret, err
	}
	secret = []byte(rand.Text() + rand.Text())
	return secret, s.options.Store.PutRecords(ctx, map[string][]byte{keySecret: secret})
}

// Find is the file, if whoever asks may have it: its channel is readable, and a
// message that is kept names it, or it is the asker's own. Otherwise it is
// chat.CodeNotFound, or what the channel's rights say.
func (s *Service) Find(ctx context.Context, id *chat.Identity, file string) (*File, error) {
	f, err := s.file(ctx, id.Project, file)
	if err != nil {
		return nil, err
	}
	if err := s.options.Permit(ctx, id, f.Channel, chat.OpRead); err != nil {
		return nil, err
	}
	if id.User != "" && id.User == f.Owner {
		return f, nil
	}
	// A file whose message was deleted is gone for everybody else, at once.
	referenced, err := s.options.Store.Referenced(ctx, f.Project, f.ID)
	if err == nil && !referenced {
		err = notFound()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Delete removes a file, whatever refers to it. Its uploader may, and who may
// delete others' messages in its channel.
func (s *Service) Delete(ctx context.Context, id *chat.Identity, file string) error {
	f, err := s.Find(ctx, id, file)
	if err != nil {
		return err
	}
	op := chat.OpDeleteAny
	if id.User != "" && id.User == f.Owner {
		op = chat.OpDelete
	}
	if err := s.options.Permit(ctx, id, f.Channel, op); err != nil {
		return err
	}
	return s.remove(context.WithoutCancel(ctx), f)
}

func notFound() error { return chat.E(chat.CodeNotFound, "there is no such file") }
