package upload

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a file's name in bytes, as most file systems do.
const maxName = 255

// fileName is what a client calls a file, made safe to show and to save under:
// no folders, nothing unprintable, nothing that turns the direction of text
// (which shows "exe.png" as "gnp.exe"), no dots before it, not too long. It is
// never a path of ours.
func fileName(given string) string {
	if cut := strings.LastIndexAny(given, `/\`); cut >= 0 {
		given = given[cut+1:]
	}
	var clean strings.Builder
	for _, r := range given {
		switch {
		case r == utf8.RuneError, !unicode.IsPrint(r) && !unicode.IsSpace(r):
		case unicode.IsSpace(r):
			clean.WriteByte(' ')
		default:
			clean.WriteRune(r)
		}
	}
	name := strings.TrimRight(strings.TrimLeft(clean.String(), " ."), " .")
	if len(name) > maxName {
		ending := path.Ext(name)
		if len(ending) > 32 {
			ending = ""
		}
		name = strings.TrimRight(whole(name[:maxName-len(ending)]), " .") + ending
	}
	if name == "" {
		return "file"
	}
	return name
}

// whole cuts off the beginning of a rune at the end of s.
func whole(s string) string {
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s
}

// disposition is the header Content-Disposition, with the name for those who
// know RFC 8187 and a likeness of it for those who do not.
func disposition(kind, name string) string {
	likeness := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	// PathEscape leaves some bytes that RFC 8187 does not.
	exact := strings.NewReplacer(":", "%3A", "=", "%3D", "@", "%40", ";", "%3B", ",", "%2C", "'", "%27", "(", "%28", ")", "%29", "*", "%2A").Replace(url.PathEscape(name))
	return kind + `; filename="` + likeness + `"; filename*=UTF-8''` + exact
}
