package upload

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/parley-chat/parley/chat"
)

// checkpointEvery bounds in bytes what a crash takes from a request under way.
const checkpointEvery = 4 << 20

// patch appends what comes to an upload.
func (t *tusCall) patch(p *partial) error {
	offset, err := t.number("Upload-Offset")
	if err != nil {
		return err
	}
	body := t.body()
	release, free := t.claims.take(p.key(), body.stop)
	if !free {
		return locked()
	}
	defer release()
	if err := t.load(p); err != nil {
		return err
	}
	if offset != p.Offset {
		return chat.E(chat.CodeOffset, "the upload has %d bytes", p.Offset)
	}
	if err := t.permit(p.Channel); err != nil {
		return err
	}
	f, err := t.take(p, body)
	if err != nil {
		return err
	}
	t.answer(http.StatusNoContent, p, f)
	return nil
}

// body is what a client sends, which has to keep sending.
func (t *tusCall) body() *paced {
	return &paced{
		r: t.r.Body, control: http.NewResponseController(t.w),
		now: t.options.Now, idle: t.options.Idle, begun: t.options.Now(),
	}
}

// take appends body, and makes a file of the upload if it is whole then. p is
// claimed, and has its new offset also if it fails: what came is kept.
func (t *tusCall) take(p *partial, body *paced) (*File, error) {
	media, _, err := mime.ParseMediaType(t.r.Header.Get("Content-Type"))
	if err != nil || media != tusType {
		return nil, chat.E(chat.CodeType, "the Content-Type has to be %s", tusType)
	}
	if t.r.ContentLength > p.Length-p.Offset {
		return nil, chat.E(chat.CodeTooLarge, "the upload takes %d bytes more", p.Length-p.Offset)
	}
	sum, err := readChecksum(t.r.Header.Get("Upload-Checksum"))
	if err != nil {
		return nil, err
	}
	done, err := t.begin(owner{p.Project, p.Owner})
	if err != nil {
		return nil, err
	}
	defer done()
	if p.File == "" && p.Offset < p.Length {
		if err := t.fill(p, body, sum); err != nil {
			return nil, err
		}
	}
	return t.whole(p)
}

// fill appends body to the spool. What has a checksum counts when all of it
// came, everything else as it comes.
func (t *tusCall) fill(p *partial, body *paced, sum *checksum) (err error) {
	sp, err := t.openPartial(p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.file.Close()) }()
	if sum != nil {
		if err := sp.append(io.TeeReader(body, sum)); err != nil {
			return body.blame(err)
		}
		if !sum.matches() {
			return chat.E(chat.CodeChecksum, "what came has another checksum")
		}
		return t.checkpoint(t.background(), p, sp)
	}
	for {
		before := sp.size
		err := sp.append(io.LimitReader(body, checkpointEvery))
		if sp.size > before {
			if failed := t.checkpoint(t.background(), p, sp); failed != nil {
				return failed
			}
		}
		if err != nil {
			return body.blame(err)
		}
		if sp.size-before < checkpointEvery {
			return nil
		}
	}
}

// whole is the file of an upload that has all of its bytes; nil: it has not.
func (t *tusCall) whole(p *partial) (*File, error) {
	switch {
	case p.File != "":
		return t.file(t.r.Context(), p.Project, p.File)
	case p.Offset < p.Length:
		return nil, nil
	}
	return t.finish(p)
}

// finish makes the file, as a form's is made, and in its commit the record of
// the upload that says so. While the bytes came a right may have gone. A large
// content may take a bucket longer than any client waits: what was begun goes
// on without the client, which finds the file when it asks again.
func (t *tusCall) finish(p *partial) (*File, error) {
	if err := t.permit(p.Channel); err != nil {
		return nil, err
	}
	sp, err := t.openPartial(p)
	if err != nil {
		return nil, err
	}
	u := upload{
		project: p.Project, channel: p.Channel, owner: p.Owner, name: p.Name, spool: sp,
		also: func(f *File) map[string][]byte { return p.becomes(f, t.options.Now().Add(t.options.Unfinished)) },
	}
	ctx, done := t.lasting()
	defer done()
	f, err := t.keep(ctx, &u)
	if closed := sp.file.Close(); err == nil {
		err = closed
	}
	if chat.CodeOf(err) == chat.CodeType { // and will be: what it is stands in its bytes
		return nil, errors.Join(err, t.dropPartial(t.background(), p))
	}
	if err != nil {
		return nil, err
	}
	t.stats.kept(f)
	t.removePartial(t.r.Context(), p)
	return f, nil
}

// background is for what goes on when the client has gone.
func (t *tusCall) background() context.Context { return context.WithoutCancel(t.r.Context()) }

// lasting is background, for what may take long: it ends with the service, which
// waits until it is done.
func (t *tusCall) lasting() (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(t.background())
	stop := context.AfterFunc(t.life, cancel)
	t.tasks.Add(1)
	return ctx, func() {
		stop()
		cancel()
		t.tasks.Done()
	}
}

// stop ends a reading under way, and those to come, with why. It may be called
// while Read is, as long as the request is being answered.
func (p *paced) stop(why *chat.Error) {
	p.why.Store(why)
	_ = p.control.SetReadDeadline(time.Unix(1, 0)) // else it ends when it is idle
}

// blame is err, or what the reading behind it failed with.
func (p *paced) blame(err error) error {
	if why := p.why.Load(); why != nil {
		return why
	}
	switch _, told := errors.AsType[*chat.Error](err); {
	case told:
		return err
	case isTimeout(err):
		return &chat.Error{Code: chat.CodeTimeout, Message: "nothing came for too long, or too little", Cause: err}
	}
	return &chat.Error{Code: chat.CodeMalformed, Message: "the request ends early", Cause: err}
}
