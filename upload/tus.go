package upload

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

// TusPath is where uploads in pieces are made; each is below it.
const TusPath = "/api/tus"

// What is spoken there: the tus resumable upload protocol, https://tus.io.
const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,termination,expiration,checksum"
	tusType       = "application/offset+octet-stream"
)

// fileHeader holds, in base64url without padding, the JSON that POST
// /api/upload answers. It stands where an upload is whole.
const fileHeader = "Parley-File"

// ServeTus answers for TusPath and what is below it.
func (s *Service) ServeTus(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Cache-Control", "no-store")
	t := &tusCall{Service: s, w: w, r: r, method: r.Method}
	if named := r.Header.Get("X-HTTP-Method-Override"); r.Method == http.MethodPost && named != "" {
		t.method = named // of clients whose way lets no PATCH through
	}
	if t.method == http.MethodOptions {
		h.Set("Tus-Version", tusVersion)
		h.Set("Tus-Extension", tusExtensions)
		h.Set("Tus-Max-Size", strconv.FormatInt(s.options.MaxSize, 10))
		h.Set("Tus-Checksum-Algorithm", strings.Join(algorithms(), ","))
		w.WriteHeader(http.StatusNoContent)
		return
	}
	err := t.serve()
	switch {
	case err == nil:
	case r.ContentLength != 0:
		s.refuseUpload(w, r, err)
	default:
		e := chat.AsError(err)
		if t.method == http.MethodPost || t.method == http.MethodPatch {
			s.stats.refused(e.Code)
		}
		if e.Code == chat.CodeInternal {
			s.options.Logger.ErrorContext(r.Context(), "an upload in pieces failed", "err", e)
		}
		s.options.Refuse(w, e)
	}
}

// tusCall is one request.
type tusCall struct {
	*Service
	w      http.ResponseWriter
	r      *http.Request
	method string
	id     chat.Identity
}

func (t *tusCall) serve() (err error) {
	if t.r.Header.Get("Tus-Resumable") != tusVersion {
		t.w.Header().Set("Tus-Version", tusVersion)
		return chat.E(chat.CodeTus, "the header Tus-Resumable has to be %s", tusVersion)
	}
	if t.id, err = t.uploader(t.r); err != nil {
		return err
	}
	name, below := strings.CutPrefix(t.r.URL.Path, TusPath+"/")
	switch {
	case !below && t.method == http.MethodPost:
		return t.create()
	case !below:
		t.w.Header().Set("Allow", "OPTIONS, POST")
		return chat.E(chat.CodeMethodNotFound, "uploads are made by POST")
	case !isID(name):
		return noPartial()
	}
	p := &partial{ID: name, Project: t.id.Project, Owner: t.id.User}
	switch t.method {
	case http.MethodHead:
		return t.tell(p)
	case http.MethodPatch:
		return t.patch(p)
	case http.MethodDelete:
		return t.end(p)
	}
	t.w.Header().Set("Allow", "OPTIONS, HEAD, PATCH, DELETE")
	return chat.E(chat.CodeMethodNotFound, "an upload takes HEAD, PATCH and DELETE")
}

// create makes an upload, with its first bytes if they come along.
func (t *tusCall) create() error {
	length, err := t.number("Upload-Length")
	if err != nil {
		return err
	}
	if length > t.options.MaxSize {
		return tooLarge(t.options.MaxSize)
	}
	given := t.r.Header.Get("Upload-Metadata")
	m, err := readMetadata(given)
	if err != nil {
		return err
	}
	if err := t.permit(m.channel); err != nil {
		return err
	}
	if err := t.options.Room(); err != nil {
		return err
	}
	p := newPartial(t.id, m, given, length, t.options.Now())
	p.Expires = p.CreatedAt.Add(t.options.Unfinished)
	body := t.body()
	release, free := t.claims.take(p.key(), body.stop)
	if !free {
		return locked() // nobody can have an id that was never given out
	}
	defer release()
	if err := t.addPartial(t.r.Context(), p); err != nil {
		return err
	}
	var f *File
	switch {
	case t.r.ContentLength != 0:
		f, err = t.take(p, body)
	case length == 0:
		f, err = t.finish(p)
	}
	if err != nil { // the client does not know where it would go on
		return errors.Join(err, t.dropPartial(t.background(), p))
	}
	location := TusPath + "/" + p.ID
	if user := t.r.URL.Query().Get("userId"); user != "" {
		location += "?userId=" + url.QueryEscape(user) // it says who asks, at each request
	}
	t.w.Header().Set("Location", location)
	t.answer(http.StatusCreated, p, f)
	return nil
}

// tell answers how far an upload has come. Who asks has nothing under way any
// more: a request that still hangs on a connection which the client has lost
// ends here. What a crash kept from being finished is finished now.
func (t *tusCall) tell(p *partial) error {
	release, err := t.claims.seize(t.r.Context(), p.key(), locked())
	if err != nil {
		return err
	}
	defer release()
	if err := t.load(p); err != nil {
		return err
	}
	t.w.Header().Set("Upload-Length", strconv.FormatInt(p.Length, 10))
	if p.Metadata != "" {
		t.w.Header().Set("Upload-Metadata", p.Metadata)
	}
	f, err := t.whole(p)
	if err != nil {
		return err
	}
	t.answer(http.StatusOK, p, f)
	return nil
}

// end forgets an upload. A file that it has become stays: a message may name it.
func (t *tusCall) end(p *partial) error {
	release, err := t.claims.seize(t.r.Context(), p.key(), locked())
	if err != nil {
		return err
	}
	defer release()
	if err := t.load(p); err != nil {
		return err
	}
	if err := t.dropPartial(t.background(), p); err != nil {
		return err
	}
	t.w.WriteHeader(http.StatusNoContent)
	return nil
}

// load reads the record of who asks; another's is not there.
func (t *tusCall) load(p *partial) error {
	return t.loadPartial(t.r.Context(), p)
}

// permit asks for the right that a message takes.
func (t *tusCall) permit(channel string) error {
	return t.options.Permit(t.r.Context(), &t.id, channel, chat.OpPost)
}

// answer says how far it has come, and what it has become.
func (t *tusCall) answer(status int, p *partial, f *File) {
	// The bytes took as long as they took: the answer has its own time.
	_ = http.NewResponseController(t.w).SetWriteDeadline(t.options.Now().Add(answerWithin))
	h := t.w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(p.Offset, 10))
	if f == nil {
		h.Set("Upload-Expires", p.Expires.UTC().Format(http.TimeFormat))
	} else {
		h.Set(fileHeader, f.header())
	}
	t.w.WriteHeader(status)
}

// number is a header that holds a count of bytes.
func (t *tusCall) number(name string) (int64, error) {
	values := t.r.Header.Values(name)
	if len(values) != 1 || strings.Trim(values[0], "0123456789") != "" {
		return 0, chat.E(chat.CodeInvalid, "the header %s has to be a number of bytes", name)
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return 0, chat.E(chat.CodeInvalid, "the header %s has to be a number of bytes", name)
	}
	return n, nil
}

func locked() *chat.Error {
	return &chat.Error{Code: chat.CodeLocked, Message: "another request is at this upload", RetryAfter: time.Second}
}

func noPartial() error { return chat.E(chat.CodeNotFound, "there is no such upload") }
