package preview

import (
	"cmp"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds on what is passed on of a page, in runes.
const (
	maxTitle       = 200
	maxDescription = 400
	maxSite        = 100
)

// said is what a page's head says, by the names of its <meta>, and under
// "<title>" its title. The first of a name counts.
type said map[string]string

// wanted are the names that are looked at.
var wanted = map[string]bool{
	"og:title": true, "og:description": true, "og:site_name": true,
	"og:image": true, "og:image:url": true, "og:image:secure_url": true,
	"twitter:title": true, "twitter:description": true, "twitter:image": true,
	"description": true, "application-name": true,
}

const titleName = "<title>"

// read takes in a page up to the end of its head, or what came of it. A token,
// such as a script, may be as long as the page.
func read(r io.Reader) said {
	page := said{}
	z := html.NewTokenizer(r)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return page
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch atom.Lookup(name) {
			case atom.Meta:
				page.meta(z, more)
			case atom.Title:
				if z.Next() == html.TextToken {
					page.put(titleName, string(z.Text()))
				}
			case atom.Body:
				return page
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); atom.Lookup(name) == atom.Head {
				return page
			}
		}
	}
}

func (p said) meta(z *html.Tokenizer, more bool) {
	var name, content string
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "name", "property":
			if lower := strings.ToLower(string(value)); name == "" || wanted[lower] {
				name = lower
			}
		case "content":
			content = string(value)
		}
	}
	if wanted[name] {
		p.put(name, content)
	}
}

func (p said) put(name, value string) {
	if p[name] == "" {
		p[name] = strings.TrimSpace(value)
	}
}

func (p said) title() string {
	return clean(cmp.Or(p["og:title"], p["twitter:title"], p[titleName]), maxTitle)
}

func (p said) description() string {
	return clean(cmp.Or(p["og:description"], p["twitter:description"], p["description"]), maxDescription)
}

func (p said) site() string {
	return clean(cmp.Or(p["og:site_name"], p["application-name"]), maxSite)
}

func (p said) image() string {
	return cmp.Or(p["og:image:secure_url"], p["og:image:url"], p["og:image"], p["twitter:image"])
}

// clean is a text on one line of at most so many runes, without what is not
// shown, or turns the direction of what is.
func clean(text string, most int) string {
	shown := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(shown), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return strings.TrimRight(string(runes[:most-1]), " ") + "…"
}
