package terminal

import (
	"strings"
	"unicode"
)

// plain is text without what a terminal would obey: escape sequences, other
// control characters, and marks that turn the direction of what follows or
// have no width that terminals agree on. Line ends stay, tabs become spaces.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		case r == '\u2028', r == '\u2029':
			return -1
		case unicode.Is(unicode.Cf, r) && !joins(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n"))
}

// joins reports the format characters that scripts and emoji are written with:
// the joiners, and the tags of flags.
func joins(r rune) bool {
	return r == '\u200C' || r == '\u200D' || r >= 0xE0020 && r <= 0xE007F
}

// oneLine is plain, on one line.
func oneLine(text string) string { return strings.ReplaceAll(plain(text), "\n", " ") }
