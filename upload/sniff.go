package upload

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/parley-chat/parley/chat"
)

// sniff is what a content is, by its first bytes. Neither its name nor what the
// client says of it counts.
func sniff(head []byte) string {
	typ, _, _ := strings.Cut(http.DetectContentType(head[:min(len(head), 512)]), ";")
	lower := bytes.ToLower(head)
	switch {
	case (typ == "text/plain" || typ == "text/xml") && bytes.Contains(lower, []byte("<svg")):
		return "image/svg+xml"
	case typ == "text/plain" && (bytes.Contains(lower, []byte("<html")) || bytes.Contains(lower, []byte("<script"))):
		return "text/html" // a browser would have looked past what comes before it
	}
	return typ
}

// inline are the types that a browser may show in a page's place. It runs
// nothing that is in them; SVG, HTML and PDF it does.
var inline = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/bmp": true,
	"audio/aiff": true, "audio/basic": true, "audio/midi": true, "audio/mpeg": true, "audio/wave": true,
	"application/ogg": true, "video/avi": true, "video/mp4": true, "video/webm": true,
}

// servedAs is the type that a content is served with. What a browser might run
// is bytes to it.
func servedAs(typ string) string {
	if strings.HasPrefix(typ, "text/") && typ != "text/plain" || strings.HasSuffix(typ, "+xml") {
		return "application/octet-stream"
	}
	if typ == "text/plain" {
		return "text/plain; charset=utf-8"
	}
	return typ
}

// takes refuses types that are not on the list.
func (s *Service) takes(typ string) error {
	if len(s.options.Types) == 0 {
		return nil
	}
	for _, pattern := range s.options.Types {
		if pattern == typ || pattern == "*/*" {
			return nil
		}
		if family, ok := strings.CutSuffix(pattern, "/*"); ok && strings.HasPrefix(typ, family+"/") {
			return nil
		}
	}
	return chat.E(chat.CodeType, "files of the type %s are not taken", typ)
}

// CheckType reports why pattern cannot be one of Options.Types, or nil.
func CheckType(pattern string) error {
	family, kind, ok := strings.Cut(pattern, "/")
	if !ok || family == "" || kind == "" || strings.ContainsAny(pattern, " ;,") || family == "*" && kind != "*" {
		return chat.E(chat.CodeInvalid, "%q is no type: image/png, image/* or */*", pattern)
	}
	return nil
}
