package search_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

// modelWords are few, so that they meet; some begin as others do.
var modelWords = []string{"ab", "abc", "b", "Bé", "東京", "東", "京都", "c-d", "d"}

// said is a message as the model knows it.
type said struct {
	id      string
	channel string
	sender  string
	words   []string // nil: deleted
	seq     uint64
}

// model is what a naive search would look through.
type model struct {
	*world
	rt       *rapid.T
	project  string
	messages []*said
	banned   map[string]bool // channel and user
	member   map[string]bool
}

var (
	modelUsers    = []string{"ada", "ben", "cy"}
	modelChannels = []string{"open", "other", "closed", chat.DirectName("ada", "ben"), chat.DirectName("ben", "cy")}
)

// mayRead is what the rights come to, said again.
func (m *model) mayRead(user, channel string) bool {
	if a, b, direct := chat.DirectUsers(channel); direct {
		return user == a || user == b
	}
	if m.banned[channel+" "+user] {
		return false
	}
	return channel != "closed" || m.member[user]
}

// holds is a naive look at one message: the words that it was made of, in their
// order, are the words that a query has.
func holds(words, wanted []string, prefix bool) bool {
	text := tokens(strings.Join(words, " "))
	for i, w := range wanted {
		last := prefix && i == len(wanted)-1
		if !stands(text, tokens(w), last) {
			return false
		}
	}
	return true
}

// tokens are the characters of scripts without spaces one by one, and the other
// words, without case and accents.
func tokens(text string) (list []string) {
	text = strings.NewReplacer("é", "e", "-", " ").Replace(strings.ToLower(text))
	for _, field := range strings.Fields(text) {
		if field[0] < 0x80 {
			list = append(list, field)
			continue
		}
		for _, r := range field {
			list = append(list, string(r))
		}
		list = append(list, "") // neighbours end here
	}
	return list
}

// stands reports whether the tokens are found side by side.
func stands(text, wanted []string, prefix bool) bool {
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return s == "" })
	for i := 0; i+len(wanted) <= len(text); i++ {
		ok := true
		for k, w := range wanted {
			is := text[i+k]
			ok = ok && (is == w || prefix && k == len(wanted)-1 && w[0] < 0x80 && strings.HasPrefix(is, w))
		}
		if ok {
			return true
		}
	}
	return false
}

// Nothing is found that the searcher may not read; and everything is found that
// a look at every message finds, the newest first, each once over all pages.
func TestFind_IsANaiveScanOfWhatOneMayRead(t *testing.T) {
	t.Parallel()
	w, n := setup(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++ // each run has a project of its own, of which the others must not be found
		m := &model{world: w, rt: rt, project: fmt.Sprint("run", n), banned: map[string]bool{}, member: map[string]bool{}}
		m.makeClosed()
		for range rapid.IntRange(5, 60).Draw(rt, "steps") {
			m.step(rt)
		}
		if rapid.Bool().Draw(rt, "reopened") {
			m.close()
			m.open()
		}
		m.level()
		for range 12 {
			m.compare(rt)
		}
	})
}

func (m *model) makeClosed() {
	_, err := m.hub.PutChannel(m.ctx(), m.server(), chat.Channel{ID: chat.ChannelID{Project: m.project, Name: "closed"}, Kind: chat.Private})
	m.must(err)
}

func (m *model) step(rt *rapid.T) {
	user := rapid.SampledFrom(modelUsers).Draw(rt, "user")
	switch rapid.SampledFrom([]string{"say", "say", "say", "edit", "delete", "ban", "member"}).Draw(rt, "what") {
	case "say":
		m.say(rt, user, rapid.SampledFrom(modelChannels).Draw(rt, "channel"))
	case "edit":
		if s := m.one(rt); s != nil && m.mayRead(s.sender, s.channel) {
			words := drawWords(rt)
			_, err := m.hub.Edit(m.ctx(), m.as(s.sender), chat.Edit{Channel: s.channel, ID: s.id, Body: bodyOf(words)})
			m.must(err)
			s.words = words
		}
	case "delete":
		if s := m.one(rt); s != nil && m.mayRead(s.sender, s.channel) {
			_, err := m.hub.Delete(m.ctx(), m.as(s.sender), chat.Delete{Channel: s.channel, ID: s.id})
			m.must(err)
			s.words = nil
		}
	case "ban":
		on := rapid.Bool().Draw(rt, "on")
		m.standing(rapid.SampledFrom([]string{"open", "closed"}).Draw(rt, "channel"), user, func(channel string) { m.banned[channel+" "+user] = on })
	case "member":
		on := rapid.Bool().Draw(rt, "on")
		m.standing("closed", user, func(string) { m.member[user] = on })
	}
}

// standing changes the model, then has the hub follow it.
func (m *model) standing(channel, user string, change func(channel string)) {
	change(channel)
	next := chat.Member{User: user, Banned: m.banned[channel+" "+user]}
	if channel == "closed" && m.member[user] {
		next.Role = chat.Ordinary
	}
	_, err := m.hub.PutMember(m.ctx(), m.server(), channel, next)
	m.must(err)
}

func (m *model) say(rt *rapid.T, user, channel string) {
	if !m.mayRead(user, channel) {
		return
	}
	words := drawWords(rt)
	c, err := m.hub.Post(m.ctx(), m.as(user), chat.Post{Channel: channel, Body: bodyOf(words)})
	m.must(err)
	m.messages = append(m.messages, &said{id: c.Event.ID, channel: channel, sender: user, words: words, seq: c.Event.Seq})
}

// one is some message that is not deleted.
func (m *model) one(rt *rapid.T) *said {
	alive := slices.DeleteFunc(slices.Clone(m.messages), func(s *said) bool { return s.words == nil })
	if len(alive) == 0 {
		return nil
	}
	return rapid.SampledFrom(alive).Draw(rt, "message")
}

func (m *model) as(name string) *chat.Identity {
	id := user(name)
	id.Project = m.project
	return id
}

func (m *model) server() *chat.Identity { return &chat.Identity{Project: m.project, Server: true} }

func (m *model) must(err error) {
	m.rt.Helper()
	if err != nil {
		m.rt.Fatal(err)
	}
}

func drawWords(rt *rapid.T) []string {
	return rapid.SliceOfN(rapid.SampledFrom(modelWords), 1, 6).Draw(rt, "words")
}

func bodyOf(words []string) []byte { return fmt.Appendf(nil, "%q", strings.Join(words, " ")) }

// question is what somebody looks for.
type question struct {
	as, in, from string // in and from: "" is any
	wanted       []string
	prefix       bool // the last word may be the beginning of one
	phrase       bool
}

func drawQuestion(rt *rapid.T) *question {
	q := &question{
		as:     rapid.SampledFrom(modelUsers).Draw(rt, "as"),
		wanted: rapid.SliceOfN(rapid.SampledFrom(modelWords), 1, 3).Draw(rt, "wanted"),
		prefix: rapid.Bool().Draw(rt, "prefix"),
		phrase: rapid.Bool().Draw(rt, "phrase"),
		in:     rapid.SampledFrom(append([]string{"", ""}, modelChannels...)).Draw(rt, "in"),
		from:   rapid.SampledFrom(append([]string{"", ""}, modelUsers...)).Draw(rt, "from"),
	}
	q.prefix = q.prefix && !q.phrase
	return q
}

// query is the question as it is asked.
func (q *question) query() string {
	query := strings.Join(q.wanted, " ")
	switch {
	case q.phrase:
		query = `"` + query + `"`
	case !q.prefix:
		query += " "
	}
	if q.from != "" {
		query = "from:" + q.from + " " + query
	}
	return query
}

// fits reports whether s, which is not deleted, is an answer.
func (q *question) fits(s *said) bool {
	switch {
	case q.in != "" && q.in != s.channel, q.from != "" && q.from != s.sender:
		return false
	case q.phrase:
		return standsIn(tokens(strings.Join(s.words, " ")), tokens(strings.Join(q.wanted, " ")))
	}
	return holds(s.words, q.wanted, q.prefix)
}

// compare asks as somebody, and looks through all messages.
func (m *model) compare(rt *rapid.T) {
	q := drawQuestion(rt)
	want, got := []string{}, []string{}
	for _, s := range m.messages {
		if s.words != nil && m.mayRead(q.as, s.channel) && q.fits(s) {
			want = append(want, s.id)
		}
	}
	hits := m.pages(rt, q)
	if !slices.IsSortedFunc(hits, func(a, b search.Hit) int { return b.Message.At.Compare(a.Message.At) }) {
		rt.Fatalf("%q: not the newest first", q.query())
	}
	for _, hit := range hits {
		got = append(got, hit.Message.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatalf("%s looks for %q in %q: found %s, want %s", q.as, q.query(), q.in, m.tell(got), m.tell(want))
	}
}

// pages are all that is found, page by page.
func (m *model) pages(rt *rapid.T, q *question) (hits []search.Hit) {
	ask := search.Ask{Query: q.query(), Limit: rapid.IntRange(1, 7).Draw(rt, "limit")}
	if q.in != "" {
		ask.Channels = []string{q.in}
	}
	for {
		found, err := m.index.Find(m.ctx(), m.as(q.as), ask)
		if err != nil {
			rt.Fatalf("%q: %v", ask.Query, err)
		}
		if found.Next != "" && len(found.Hits) != ask.Limit {
			rt.Fatalf("%q: a page of %d says that there are more", ask.Query, len(found.Hits))
		}
		hits = append(hits, found.Hits...)
		if ask.Before = found.Next; ask.Before == "" {
			return hits
		}
	}
}

// standsIn is stands where characters without spaces end at a word's end, as
// they do in the query.
func standsIn(text, wanted []string) bool {
	if n := len(wanted); wanted[n-1] == "" {
		wanted = wanted[:n-1]
	}
	for i := 0; i+len(wanted) <= len(text); i++ {
		if slices.Equal(text[i:i+len(wanted)], wanted) {
			return true
		}
	}
	return false
}

func (m *model) tell(ids []string) string {
	var parts []string
	for _, s := range m.messages {
		if slices.Contains(ids, s.id) {
			parts = append(parts, fmt.Sprintf("%s/%d by %s: %q", s.channel, s.seq, s.sender, s.words))
		}
	}
	slices.SortFunc(parts, cmp.Compare[string])
	return strings.Join(parts, "; ")
}
