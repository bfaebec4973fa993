package upload

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Bounds on uploads under way.
const (
	maxUploads     = 64
	maxUserUploads = 8
	leastRate      = 16 << 10        // bytes a second that a client sends on the whole
	answerWithin   = time.Minute     // for the answer to go out
	lingerFor      = 5 * time.Second // after a refusal
	lingerBytes    = 64 << 20        // likewise
)

// Answer is what an upload is answered with.
type Answer struct {
	URL          string `json:"url"`
	FileName     string `json:"fileName"`
	FileSize     int64  `json:"fileSize"`
	Type         string `json:"type"`
	Width        int    `json:"width,omitempty"`
	Height       int    `json:"height,omitempty"`
	ThumbnailURL string `json:"thumbnailUrl,omitempty"`
}

// Receive answers POST /api/upload.
func (s *Service) Receive(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		s.options.Refuse(w, chat.E(chat.CodeMethodNotFound, "files are uploaded by POST"))
		return
	}
	f, err := s.receive(w, r)
	if err != nil {
		s.refuseUpload(w, r, err)
		return
	}
	s.stats.kept(f)
	// The file took as long as it took: the answer has its own time.
	_ = http.NewResponseController(w).SetWriteDeadline(s.options.Now().Add(answerWithin))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(f.answer()) // there is nobody to tell: a file that nobody knows of is collected
}

func (s *Service) receive(w http.ResponseWriter, r *http.Request) (f *File, err error) {
	id, err := s.uploader(r)
	if err != nil {
		return nil, err
	}
	if r.ContentLength > s.options.MaxSize+formBytes {
		return nil, tooLarge(s.options.MaxSize)
	}
	done, err := s.begin(owner{id.Project, id.User})
	if err != nil {
		return nil, err
	}
	defer done()
	permit := func(channel string) error { return s.options.Permit(r.Context(), &id, channel, chat.OpPost) }
	body := &paced{r: r.Body, control: http.NewResponseController(w), now: s.options.Now, idle: s.options.Idle, begun: s.options.Now()}
	form, err := s.readForm(r, body, permit)
	if form.spool != nil {
		defer func() { err = errors.Join(err, form.spool.drop()) }()
	}
	if err == nil {
		err = permit(form.channel) // while the file came, a right may have gone
	}
	if err != nil {
		return nil, err
	}
	return s.keep(r.Context(), &upload{project: id.Project, channel: form.channel, owner: id.User, name: form.name, spool: form.spool})
}

// uploader is the user whose file a request brings.
func (s *Service) uploader(r *http.Request) (chat.Identity, error) {
	id, err := s.options.Identify(r)
	switch {
	case err != nil:
	case id.Anonymous():
		err = chat.E(chat.CodeUnauthorized, "a token is needed")
	case id.User == "":
		err = chat.E(chat.CodeInvalid, "userId names the user whose file it is")
	}
	return id, err
}

// begin takes a place among the uploads under way.
func (s *Service) begin(by owner) (done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxUploads || s.users[by] >= maxUserUploads {
		return nil, &chat.Error{Code: chat.CodeRateLimited, Message: "too many uploads at once", RetryAfter: time.Second}
	}
	s.all++
	s.users[by]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.users[by]--; s.users[by] == 0 {
			delete(s.users, by)
		}
	}, nil
}

// underWay is how many uploads there are.
func (s *Service) underWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// paced reads from a client that has to keep sending: something within idle,
// and enough on the whole, so that nobody holds a place for nothing.
type paced struct {
	r       io.Reader
	control *http.ResponseController
	now     func() time.Time
	idle    time.Duration
	begun   time.Time
	read    int64
	why     atomic.Pointer[chat.Error] // it was stopped; see stop
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	until := p.now().Add(p.idle)
	if due := p.begun.Add(p.idle + time.Duration(p.read/leastRate)*time.Second); due.Before(until) {
		until = due
	}
	if err := p.control.SetReadDeadline(until); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	if why := p.why.Load(); why != nil { // stop may have come before the deadline did
		return 0, why
	}
	n, err := p.r.Read(b)
	p.read += int64(n)
	return n, err
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// refuseUpload answers, and then goes on reading for a while: a client that is
// still sending would otherwise see its connection reset, and not the answer.
func (s *Service) refuseUpload(w http.ResponseWriter, r *http.Request, err error) {
	e := chat.AsError(err)
	s.stats.refused(e.Code)
	if e.Code == chat.CodeInternal {
		s.options.Logger.ErrorContext(r.Context(), "an upload failed", "err", e)
	}
	control := http.NewResponseController(w)
	linger := r.Header.Get("Expect") == "" && e.Code != chat.CodeTimeout && control.EnableFullDuplex() == nil
	_ = control.SetWriteDeadline(s.options.Now().Add(answerWithin))
	w.Header().Set("Connection", "close")
	s.options.Refuse(w, e)
	if !linger || control.Flush() != nil || control.SetReadDeadline(s.options.Now().Add(lingerFor)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)
}
