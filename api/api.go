// Package api is the REST door: /v1/… and POST /auth/token, as an OpenAPI
// document describes them.
//
// One table holds all operations; the document, the routes and the tests are
// made from it. Bodies are read and written by the same scanner and writer as
// the frames of the native protocol, so that a message is the same bytes at
// every door, and 64 KiB means the same.
package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/preview"
	"github.com/parley-chat/parley/push"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/wire/frame"
)

// Bounds on a request, and on its answer.
const (
	maxRequest    = 1 << 20 // bytes of its body
	maxBatch      = 8 << 20 // of a batch's
	within        = 20 * time.Second
	standardLimit = 50
	maxLimit      = 1000
	maxAnswer     = 1 << 20 // bytes after which a list ends, and says that there is more
)

// Options of an API. Hub, Identify and Tokens are needed.
type Options struct {
	Hub *chat.Hub

	// Identify is who sent a request; nobody is no error.
	Identify func(*http.Request) (chat.Identity, error)
	// Tokens mints what POST /auth/token answers.
	Tokens func(Grant) (Tokens, error)
	// Open lets anybody ask for tokens and administer the project, as --dev
	// does; otherwise it takes a secret key.
	Open bool
	// Keys and Projects answer the operations on them.
	Keys     Keys
	Projects Projects
	// Guests mints what POST /auth/guest answers: the request bears a
	// publishable key, and its body may hold a guest's former token.
	Guests func(r *http.Request, former string) (Guest, error)

	ICE ICE // the servers of GET /v1/ice-servers

	Files *upload.Service // what is asked about files
	Push  *push.Service   // who is told of messages while away; nil: nobody

	Previews *preview.Service // what links lead to; nil: it is not said
	// Search finds messages; nil: nothing does.
	Search *search.Index

	Server Server // the node itself

	// Page serves a finished page without scripts; nil: there is none at /docs.
	Page func(html []byte) http.Handler

	Now     func() time.Time // nil: time.Now
	Refused func(chat.Code)  // is told of each refusal; nil: nobody
	Logger  *slog.Logger     // nil: nothing is logged
	Version string           // of the server, for the document
}

// Grant is what POST /auth/token asks for.
type Grant struct {
	Project  string
	User     string
	Name     string
	Scopes   []string
	Channels []string
	Key      string // the id of the key that asks; "": none does
}

// Tokens are its answer: one for this server, one for the application's own.
type Tokens struct{ User, App string }

// API serves the table. It is an http.Handler.
type API struct {
	hub     *chat.Hub
	options Options
	log     *slog.Logger
	mux     *http.ServeMux
	pool    frame.Pool
	doc     *huma.OpenAPI
}

// New is an API with all its routes.
func New(o Options) *API {
	a := &API{hub: o.Hub, options: o, log: o.Logger, mux: http.NewServeMux()}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.options.Now == nil {
		a.options.Now = time.Now
	}
	routes := humago.New(a.mux, config(o.Version))
	a.doc = routes.OpenAPI()
	table := a.operations(a.doc.Components.Schemas)
	for _, code := range codes() {
		named := a.doc.Components.Schemas.Map()["Problem"].Properties["code"]
		named.Enum = append(named.Enum, string(code))
	}
	for _, op := range table {
		a.doc.AddOperation(&op.Operation)
		routes.Adapter().Handle(&op.Operation, func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			a.serve(w, r, &op)
		})
	}
	if o.Page != nil {
		a.mux.Handle("GET /docs", o.Page(referenceOf(a.doc, table)))
	}
	a.mux.HandleFunc("/", a.nowhere)
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Document describes the API. It must not be changed.
func (a *API) Document() *huma.OpenAPI { return a.doc }

// call is one request on its way through an operation.
type call struct {
	*http.Request
	ctx   context.Context
	by    chat.Identity // who asks, as their credentials say
	id    chat.Identity // as whom it is done, and in which project
	query url.Values
	in    input
	out   *frame.Writer
	etag  string // of the answer, quoted; "": it has none, or the answer's hash
}

// serve answers one request: who, then what, then the operation.
func (a *API) serve(w http.ResponseWriter, r *http.Request, op *operation) {
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	c := call{Request: r, ctx: ctx, query: r.URL.Query(), in: newInput(op.takes), out: a.pool.Writer()}
	err := a.admit(&c, op)
	if err == nil && op.RequestBody != nil {
		err = a.read(w, &c, op)
	}
	if err == nil {
		err = c.conditions(op)
	}
	if err == nil {
		err = op.handle(&c)
	}
	if err != nil {
		a.pool.Emit(c.out, func([]byte) {})
		a.refuse(w, r, op, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	status := op.DefaultStatus
	if len(c.out.Bytes()) == 0 {
		status = http.StatusNoContent
	}
	if op.tagged {
		status = c.tag(w.Header(), status)
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		a.pool.Emit(c.out, func([]byte) {})
		return
	}
	a.pool.Emit(c.out, func(body []byte) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = w.Write(body) // there is nobody to tell
	})
}

// admit finds out who asks, and turns away those whom the operation is not for
// before anything else of the request is looked at.
func (a *API) admit(c *call, op *operation) error {
	id, err := a.options.Identify(c.Request)
	if err != nil {
		return err
	}
	switch {
	case op.needs == somebody && id.Anonymous():
		return chat.E(chat.CodeUnauthorized, "a token is needed")
	case op.needs == serverKey && !id.Server && !a.options.Open:
		return chat.E(chat.CodeUnauthorized, "a secret key is needed")
	case op.needs == administrator:
		if err := a.administers(&id); err != nil {
			return err
		}
	}
	c.by, c.id = id, id
	if err := a.enter(c); err != nil {
		return err
	}
	return c.claim()
}

// enter takes `project`, by which the server's operator acts in any. Nobody
// else may name another than one's own.
func (a *API) enter(c *call) error {
	name := c.query.Get("project")
	if name == "" || name == c.id.Project {
		return nil
	}
	project, err := a.options.Keys.Governs(&c.by, name)
	c.id.Project = project
	return err
}

// administers is for what is an administrator's. Where names are believed, so
// is that one is one.
func (a *API) administers(id *chat.Identity) error {
	switch {
	case id.Server:
	case a.options.Open:
		id.Server = true
	case id.Anonymous():
		return chat.E(chat.CodeUnauthorized, "a token is needed")
	default:
		return chat.E(chat.CodeForbidden, "this takes a secret key, or the scope chat:admin")
	}
	return nil
}

// claim takes `userId`, by which a server key acts for a user. Nobody else may
// name another than oneself.
func (c *call) claim() error {
	user := c.query.Get("userId")
	if user == "" || user == c.id.User {
		return nil
	}
	if !c.id.Server {
		return chat.E(chat.CodeForeignSender, "the token is not of user %q", user)
	}
	c.id.User, c.id.Name = user, c.query.Get("userName")
	if err := chat.CheckUserID(c.id.User); err != nil {
		return err
	}
	return chat.CheckUserName(c.id.Name)
}

// own takes the user whom the path names: oneself, or with a secret key
// anybody.
func (c *call) own() error {
	user := c.PathValue("user")
	switch {
	case c.id.Server:
		c.id.User = user
		return chat.CheckUserID(user)
	case c.id.User != user:
		return chat.E(chat.CodeForbidden, "this is for the user alone")
	}
	return nil
}

// read takes the body in, which is one JSON object.
func (a *API) read(w http.ResponseWriter, c *call, op *operation) error {
	most := int64(maxRequest)
	object := a.pool.Object
	if op.batch {
		// Each of the batch is held against the bound on nesting by itself.
		most, object = maxBatch, a.pool.Members
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, c.Body, most))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return chat.E(chat.CodeTooLarge, "the request is over %d bytes", most)
	}
	if err != nil {
		return &chat.Error{Code: chat.CodeMalformed, Message: "the request ends early", Cause: err}
	}
	if len(data) == 0 && !op.RequestBody.Required {
		return nil
	}
	return object(data, c.in.set)
}

// refuse answers with a problem. Only faults of the server are logged.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, op *operation, err error) {
	e := chat.AsError(err)
	if e.Code == chat.CodeInternal {
		a.log.ErrorContext(r.Context(), "a request failed", "operation", op.OperationID, "err", e)
	}
	if a.options.Refused != nil {
		a.options.Refused(e.Code)
	}
	p := newProblem(e)
	if op.OperationID == tokenOperation {
		p.Legacy = p.Detail
	}
	p.write(w)
}

// nowhere answers for paths and methods that are not in the table.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	probe := *r
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe.Method = method
		if _, pattern := a.mux.Handler(&probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	err := chat.E(chat.CodeNotFound, "there is nothing at this path")
	if len(allowed) > 0 {
		for _, method := range allowed {
			w.Header().Add("Allow", method)
		}
		err = chat.E(chat.CodeMethodNotFound, "the path does not have this method")
	}
	if a.options.Refused != nil {
		a.options.Refused(err.Code)
	}
	Refuse(w, err)
}
