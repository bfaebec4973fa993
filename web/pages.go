package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options of the pages. The zero value works.
type Options struct {
	// Dev has the chat ask for a name in place of a token: for a server that
	// believes names.
	Dev bool

	// Previews has the chat show what messages link to.
	Previews bool
}

// root is the pages' element <html>, with what the server has to say to them.
func (o Options) root() []byte {
	text := `<html lang="en"`
	if o.Dev {
		text += " data-dev"
	}
	if o.Previews {
		text += " data-previews"
	}
	return []byte(text + ">")
}

// Pages serves the chat, the console and what they load, as they were built
// into the binary.
type Pages struct {
	built fs.FS
	files map[string]*file // by the path that they are asked for
	lack  []byte           // what is said where nothing was built
}

// file is what one path is answered with.
type file struct {
	name   string // in built; "": it is made at the start, and is body
	body   []byte
	kind   string // Content-Type
	etag   string // without its quotes
	packed []coding
	fixed  bool // another content has another name
}

// coding is a content coding that a file was also written in by the build.
type coding struct {
	name   string // as in Accept-Encoding
	suffix string // of the file's name
}

// codings are those there may be, the smaller ones first.
var codings = []coding{{"br", ".br"}, {"gzip", ".gz"}}

// kinds are the types of what the build writes. The system's table of types
// says something else on each machine.
var kinds = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

// assets is the folder of those whose names have a hash of their content.
const assets = "assets/"

// policy lets nothing run, be drawn or be talked to but what this server
// serves. blob: is a picture before it is uploaded; trusted types leave the
// page no way to make markup or code of text, but one, whose only work is to
// let the service worker's own path through.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types parley"

func open(built fs.FS, o Options) (*Pages, error) {
	p := &Pages{built: built, files: map[string]*file{}, lack: lacking()}
	names := map[string]bool{}
	err := fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names[name] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for name := range names {
		if slices.ContainsFunc(codings, func(c coding) bool { return strings.HasSuffix(name, c.suffix) }) {
			continue
		}
		f, err := p.describe(name, names, o)
		if err != nil {
			return nil, err
		}
		p.files[pathOf(name)] = f
	}
	return p, nil
}

func (p *Pages) describe(name string, names map[string]bool, o Options) (*file, error) {
	f := &file{name: name, kind: kinds[path.Ext(name)], fixed: strings.HasPrefix(name, assets), etag: path.Base(name)}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	for _, c := range codings {
		if names[name+c.suffix] {
			f.packed = append(f.packed, c)
		}
	}
	if f.fixed {
		return f, nil // its name has a hash
	}
	body, err := fs.ReadFile(p.built, name)
	if err != nil {
		return nil, err
	}
	if path.Ext(name) == ".html" {
		f.name, f.packed = "", nil
		body = bytes.Replace(body, Options{}.root(), o.root(), 1)
		f.body = body
	}
	sum := sha256.Sum256(body)
	f.etag = hex.EncodeToString(sum[:12])
	return f, nil
}

// pathOf is where a file is asked for: pages have no ending.
func pathOf(name string) string {
	if name == "index.html" {
		return "/"
	}
	return "/" + strings.TrimSuffix(name, ".html")
}

// Paths are those that ServeHTTP knows, in order: the chat's "/" among them,
// also where nothing was built, and a folder's with a slash at its end.
func (p *Pages) Paths() []string {
	all := map[string]bool{"/": true, "/console": true}
	for at := range p.files {
		if dir, _, deep := strings.Cut(at[1:], "/"); deep {
			at = "/" + dir + "/"
		}
		all[at] = true
	}
	paths := make([]string, 0, len(all))
	for at := range all {
		paths = append(paths, at)
	}
	slices.Sort(paths)
	return paths
}

// ServeHTTP answers GET and HEAD.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.files[r.URL.Path]
	switch {
	case f == nil && len(p.files) == 0:
		harden(w.Header(), "default-src 'none'")
		w.Header().Set("Content-Type", kinds[".html"])
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(p.lack)
		return
	case f == nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		refuse(w)
		return
	}
	h := w.Header()
	harden(h, policy)
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=()")
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	if f.fixed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content, err := p.content(h, f, r.Header.Get("Accept-Encoding"))
	if err != nil {
		http.Error(w, "the page cannot be read", http.StatusInternalServerError)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// content is what f is sent as to who accepts these codings, and says so in h.
func (p *Pages) content(h http.Header, f *file, accepted string) (io.ReadSeeker, error) {
	name, etag := f.name, f.etag
	if len(f.packed) > 0 {
		h.Set("Vary", "Accept-Encoding")
	}
	for _, c := range f.packed {
		if accepts(accepted, c.name) {
			h.Set("Content-Encoding", c.name)
			name, etag = name+c.suffix, etag+c.suffix
			break
		}
	}
	h.Set("ETag", `"`+etag+`"`)
	if name == "" {
		return bytes.NewReader(f.body), nil
	}
	body, err := fs.ReadFile(p.built, name)
	return bytes.NewReader(body), err
}

// accepts reports whether an Accept-Encoding names the coding and does not
// refuse it.
func accepts(header, name string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, parameter, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), name) {
			continue
		}
		weight, ok := strings.CutPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(weight, 64)
		return err == nil && q > 0
	}
	return false
}

// lacking is the page of a server that was built without the others.
func lacking() []byte {
	text := "This server was built without its pages: `make build` builds both."
	return []byte("<!doctype html><html lang=\"en\"><title>Parley</title><p>" + html.EscapeString(text) + "</p></html>\n")
}
