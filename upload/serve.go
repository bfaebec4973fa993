package upload

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// thumbnailPath follows a file's path.
const thumbnailPath = "/thumbnail"

// maxRanges bounds how many ranges of one file a request gets: each is a
// reading of its own. Who asks for more gets the whole.
const maxRanges = 8

// policy keeps a document from running or loading anything, should a browser
// take a file for one.
const policy = "sandbox; default-src 'none'"

// ServeHTTP answers GET and HEAD of /files/{id} and its thumbnail.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.options.Refuse(w, chat.E(chat.CodeMethodNotFound, "files are read by GET and HEAD"))
		return
	}
	harden(w.Header(), s.options.Foreign)
	err := s.serve(w, r)
	if err == nil {
		return
	}
	e := chat.AsError(err)
	if e.Code == chat.CodeInternal {
		s.options.Logger.ErrorContext(r.Context(), "a file could not be read", "err", e)
	}
	s.options.Refuse(w, e)
}

// harden sets what every answer has, refusals too.
func harden(h http.Header, foreign bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer") // links and tokens stand in the URL
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	if foreign {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) error {
	file, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, chat.FilePrefix), "/")
	query := r.URL.Query()
	small := query.Get("thumb") == "1" || rest == strings.TrimPrefix(thumbnailPath, "/")
	if rest != "" && !small {
		return notFound()
	}
	id, err := s.identify(r, file, query.Get("link"))
	if err != nil {
		return err
	}
	f, err := s.Find(r.Context(), &id, file)
	if err != nil {
		return err
	}
	c := content{name: f.SHA256, size: f.Size, typ: servedAs(f.Type), shown: inline[f.Type]}
	if small {
		if f.Thumbnail == nil {
			return notFound()
		}
		c = content{name: f.thumbnailName(), size: f.Thumbnail.Size, typ: f.Thumbnail.Type, shown: true}
	}
	return s.send(w, r, f, c)
}

// identify is who asks: by a link for the file, or by their credentials.
func (s *Service) identify(r *http.Request, file, link string) (chat.Identity, error) {
	if link != "" {
		return s.follow(file, link)
	}
	return s.options.Identify(r)
}

// content is what is sent of a file.
type content struct {
	name, typ string
	size      int64
	shown     bool // in a page's place; else it is saved
}

func (s *Service) send(w http.ResponseWriter, r *http.Request, f *File, c content) error {
	kind := "attachment"
	if c.shown {
		kind = "inline"
	}
	asked := r.Header.Get("Range")
	if strings.Count(asked, ",") >= maxRanges {
		r.Header.Del("Range")
		asked = ""
	}
	reader := &blobReader{ctx: r.Context(), service: s, name: c.name, size: c.size, control: http.NewResponseController(w)}
	defer reader.Close()
	if r.Method == http.MethodGet && c.size > 0 {
		// Now, as long as it can be said that it is not there.
		if err := reader.open(begins(asked, c.size)); err != nil {
			if chat.CodeOf(err) == chat.CodeNotFound {
				s.options.Logger.ErrorContext(r.Context(), "a file's content is gone", "content", c.name)
			}
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", c.typ)
	h.Set("Content-Disposition", disposition(kind, f.Name))
	h.Set("ETag", `"`+c.name+`"`)
	// Each use asks again: rights go, and files do.
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Authorization")
	http.ServeContent(w, r, "", f.CreatedAt, reader)
	s.stats.sent(reader.read)
	return nil
}

// begins is where the first range of a Range header begins; 0 where that would
// take more than a look.
func begins(asked string, size int64) int64 {
	first, ok := strings.CutPrefix(asked, "bytes=")
	first, _, dash := strings.Cut(first, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	if !ok || !dash || err != nil || n < 0 || n >= size {
		return 0
	}
	return n
}

// blobReader is a blob for http.ServeContent, which seeks before it reads. What
// is read is sent: the time for sending grows with it.
type blobReader struct {
	ctx     context.Context
	service *Service
	name    string
	size    int64
	control *http.ResponseController

	at     int64
	from   io.ReadCloser // nil: not open
	fromAt int64         // where from stands
	read   int64
	said   time.Time // when the deadline was last moved
}

func (b *blobReader) open(at int64) error {
	from, err := b.service.options.Blobs.Open(b.ctx, b.name, at)
	if err != nil {
		return err
	}
	b.Close()
	b.from, b.fromAt = from, at
	return nil
}

// Read implements io.Reader.
func (b *blobReader) Read(p []byte) (int, error) {
	if b.at >= b.size {
		return 0, io.EOF
	}
	if b.from == nil || b.fromAt != b.at {
		if err := b.open(b.at); err != nil {
			return 0, err
		}
	}
	if now := b.service.options.Now(); now.Sub(b.said) > time.Second {
		b.said = now
		if err := b.control.SetWriteDeadline(now.Add(answerWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.size-b.at)])
	b.at += int64(n)
	b.fromAt = b.at
	b.read += int64(n)
	return n, err
}

// Seek implements io.Seeker.
func (b *blobReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += b.at
	case io.SeekEnd:
		offset += b.size
	}
	if offset < 0 {
		return 0, errors.New("a place before the start")
	}
	b.at = offset
	return offset, nil
}

// Close ends the reading.
func (b *blobReader) Close() {
	if b.from != nil {
		_ = b.from.Close() // it was only read
		b.from = nil
	}
}
