package preview

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// FuzzPage reads any page: what is passed on of it is one line of text, and
// not too long.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{
		"", "<title>a</title>", "<title>", "<meta", `<meta name=description content="`, "<title><title></title>", "<!--", "<![CDATA[<title>x</title>]]>",
		"<script><title>x</title></script><title>y</title>", "<svg><title>x</title></svg>", "<title/>a", "<meta property=og:title content=\"a\u202eb\nc\">", "\xff\xfe<\x00",
		"<body><title>x</title>", strings.Repeat("<meta name=description content=x>", 100), "<plaintext><title>x",
		"<title>\xff \x00</title>", // nothing but a space between what is not shown
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, page string) {
		said := read(strings.NewReader(page))
		for text, most := range map[string]int{said.title(): maxTitle, said.description(): maxDescription, said.site(): maxSite} {
			if utf8.RuneCountInString(text) > most || !utf8.ValidString(text) || strings.TrimSpace(text) != text {
				t.Errorf("%q", text)
			}
			for _, r := range text {
				if r != ' ' && !unicode.IsPrint(r) {
					t.Errorf("%q has %q", text, r)
				}
			}
		}
	})
}

// shelf is what a cache ought to be: a list of those last used, which is cut off
// where it has become too large.
type shelf struct {
	cache cache
	kept  []entry // the last used first
	now   time.Time
}

var shelved = []string{"a", "b", "c", "d", "e", "f"}

// take takes out what there is of a key.
func (s *shelf) take(key string) (entry, bool) {
	i := slices.IndexFunc(s.kept, func(e entry) bool { return e.key == key })
	if i < 0 {
		return entry{}, false
	}
	e := s.kept[i]
	s.kept = slices.Delete(s.kept, i, i+1)
	return e, true
}

func (s *shelf) get(t *rapid.T) {
	key := rapid.SampledFrom(shelved).Draw(t, "key")
	var want *fetch
	if e, ok := s.take(key); ok && s.now.Before(e.until) {
		want = e.fetch
		s.kept = slices.Insert(s.kept, 0, e)
	}
	if got := s.cache.get(key, s.now); got != want {
		t.Fatalf("%p, want %p", got, want)
	}
}

func (s *shelf) put(t *rapid.T) {
	e := entry{key: rapid.SampledFrom(shelved).Draw(t, "key"), fetch: new(fetch)}
	e.until = s.now.Add(time.Duration(rapid.IntRange(1, 10).Draw(t, "until")))
	e.size = overhead + len(e.key)
	if title := rapid.IntRange(0, 6*overhead).Draw(t, "title"); title > 0 {
		e.fetch.preview = &Preview{Title: strings.Repeat("x", title)}
		e.size += title
	}
	s.take(e.key)
	s.kept = slices.Insert(s.kept, 0, e)
	for s.size() > s.cache.most {
		s.kept = s.kept[:len(s.kept)-1]
	}
	s.cache.put(e.key, e.fetch, e.until)
}

func (s *shelf) wait(t *rapid.T) {
	s.now = s.now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "wait")))
}

func (s *shelf) size() (bytes int) {
	for _, e := range s.kept {
		bytes += e.size
	}
	return bytes
}

func (s *shelf) check(t *rapid.T) {
	c := &s.cache
	if c.size != s.size() || c.order.Len() != len(s.kept) || len(c.byKey) != len(s.kept) || c.size > c.most {
		t.Fatalf("%d bytes in %d, want %d in %d", c.size, c.order.Len(), s.size(), len(s.kept))
	}
}

func TestCache_KeepsTheLastUsedWithinItsBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := shelf{cache: cache{most: 5 * overhead}, now: time.Unix(0, 0)}
		t.Repeat(map[string]func(*rapid.T){"get": s.get, "put": s.put, "wait": s.wait, "": s.check})
	})
}

func TestAllowances_ForgetWhoHasAllOfTheirs(t *testing.T) {
	t.Parallel()
	a := allowances{every: time.Second, burst: 1}
	now := time.Unix(0, 0)
	for i := range 3 * maxOwners {
		now = now.Add(time.Millisecond)
		if wait := a.take(owner{"p", strings.Repeat("x", i%100) + string(rune(i))}, now); wait > 0 {
			t.Fatalf("%v", wait)
		}
		if len(a.spent) > maxOwners {
			t.Fatalf("%d are remembered", len(a.spent))
		}
	}
}
