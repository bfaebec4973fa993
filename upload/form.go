package upload

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/parley-chat/parley/chat"
)

// Bounds on a form besides its file.
const (
	maxParts    = 16
	maxPartHead = 16 << 10 // bytes of what stands before a part's content
	maxField    = 16 << 10 // bytes of a part that is not the file
	maxBoundary = 70       // as RFC 2046 has it
	formBytes   = maxParts * (maxPartHead + maxField)
)

// The fields that are looked at; others are passed over.
const (
	fieldFile    = "file"
	fieldChannel = "conversationId"
)

// form is what a request's parts say, in whatever order they come.
type form struct {
	channel string
	name    string
	spool   *spool // nil: there was no file
}

// meter ends a reader after so many bytes, which are given for each part of a
// form anew: net/http's own bounds on parts are far above what is needed here.
type meter struct {
	r        io.Reader
	left     int64
	exceeded bool
	err      error // what reading failed with, but for its end
}

// readAhead is what is read of a form before it is asked for.
const readAhead = 8 << 10

func (m *meter) allow(n int64) { m.left = n + readAhead }

// Read implements io.Reader.
func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		m.exceeded = true
		return 0, errors.New("over the bound")
	}
	n, err := m.r.Read(b[:min(int64(len(b)), m.left)])
	m.left -= int64(n)
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

// readForm takes a form in; the file goes to a spool, which is the caller's to
// drop also if it fails. permit is asked as soon as the channel is known, so
// that who may not upload need not send the file.
func (s *Service) readForm(r *http.Request, body io.Reader, permit func(channel string) error) (f form, err error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" || len(params["boundary"]) > maxBoundary {
		return f, chat.E(chat.CodeMalformed, "the request is multipart/form-data, with a boundary")
	}
	m := &meter{r: body}
	parts := multipart.NewReader(m, params["boundary"])
	for n := 0; ; n++ {
		m.allow(maxPartHead)
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return f, f.complete()
		}
		switch {
		case err != nil:
			err = &chat.Error{Code: chat.CodeMalformed, Message: "the form cannot be read", Cause: err}
		case n == maxParts:
			err = chat.E(chat.CodeInvalid, "the form has more than %d parts", maxParts)
		default:
			err = s.readPart(&f, part, m, permit)
		}
		if err != nil {
			return f, m.blame(err)
		}
	}
}

func (s *Service) readPart(f *form, part *multipart.Part, m *meter, permit func(channel string) error) (err error) {
	m.allow(maxField)
	switch part.FormName() {
	case fieldFile:
		if f.spool != nil {
			return chat.E(chat.CodeInvalid, "a form has one %s", fieldFile)
		}
		if f.spool, err = s.newSpool(); err != nil {
			return err
		}
		f.name = part.FileName()
		m.allow(s.options.MaxSize + maxField)
		return f.spool.append(part)
	case fieldChannel:
		value, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return err
		}
		if f.channel != "" {
			return chat.E(chat.CodeInvalid, "a form has one %s", fieldChannel)
		}
		f.channel = string(value)
		return permit(f.channel)
	}
	_, err = io.Copy(io.Discard, part)
	return err
}

// complete refuses a form that lacks something.
func (f *form) complete() error {
	if f.spool == nil {
		return chat.E(chat.CodeInvalid, "the form has no %s", fieldFile)
	}
	if f.channel == "" {
		return chat.E(chat.CodeInvalid, "the form has no %s", fieldChannel)
	}
	return nil
}

// blame is err, or what the reading behind it failed with.
func (m *meter) blame(err error) error {
	switch {
	case m.exceeded:
		return chat.E(chat.CodeTooLarge, "a part of the form is too large")
	case isTimeout(m.err):
		return &chat.Error{Code: chat.CodeTimeout, Message: "nothing came for too long, or too little", Cause: m.err}
	case m.err != nil, errors.Is(err, io.ErrUnexpectedEOF):
		return &chat.Error{Code: chat.CodeMalformed, Message: "the request ends early", Cause: errors.Join(err, m.err)}
	}
	return err
}
