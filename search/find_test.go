package search_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

func TestFind_WordsOfManyLanguages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	for _, text := range []string{
		"The Café opens at nine", "don't panic, see example.com/path_to-it", "Grüße aus Łódź", "東京都に住んでいます",
		"ｶﾞﾗｽの靴", "서울에서 만나요", "สวัสดีครับทุกคน", "ភាសាខ្មែរ", "မြန်မာစာ", "שָׁלוֹם עולם", "Привет, Ёлка", "नमस्ते दुनिया",
		"ready 👍🏽 now", "ΣΊΣΥΦΟΣ rolls", "ﬁne ＦＵＬＬ width", "the cat the dog the cat",
	} {
		w.post(ada, "general", text)
	}
	w.level()
	for query, want := range map[string][]string{
		"cafe":             {"The Café opens at nine"},
		"CAFÉ ":            {"The Café opens at nine"},
		"ope":              {"The Café opens at nine"},
		"ope nine":         {},
		"don't":            {"don't panic, see example.com/path_to-it"},
		"example":          {"don't panic, see example.com/path_to-it"},
		"example.com/path": {"don't panic, see example.com/path_to-it"},
		"path_to-it":       {"don't panic, see example.com/path_to-it"},
		"grusse lodz":      {"Grüße aus Łódź"},
		"東京":               {"東京都に住んでいます"},
		"京都":               {"東京都に住んでいます"},
		"都":                {"東京都に住んでいます"},
		"す":                {"東京都に住んでいます"},
		"東都":               {},
		"ガラス":              {"ｶﾞﾗｽの靴"},
		"서울":               {"서울에서 만나요"},
		"에서":               {"서울에서 만나요"},
		"สวัสดี":           {"สวัสดีครับทุกคน"},
		"ครับ":             {"สวัสดีครับทุกคน"},
		"ខ្មែរ":            {"ភាសាខ្មែរ"},
		"မြန်မာ":           {"မြန်မာစာ"},
		"שלום":             {"שָׁלוֹם עולם"},
		"елка":             {"Привет, Ёлка"},
		"नमस्ते":           {"नमस्ते दुनिया"},
		"नमस्ता ":          {},
		"👍":                {"ready 👍🏽 now"},
		"σισυφος":          {"ΣΊΣΥΦΟΣ rolls"},
		"fine full":        {"ﬁne ＦＵＬＬ width"},
		`"the dog the"`:    {"the cat the dog the cat"},
		`"dog cat"`:        {},
		`"cat the d`:       {"the cat the dog the cat"},
		"“the dog” cat":    {"the cat the dog the cat"},
		"in:general panic": {"don't panic, see example.com/path_to-it"},
		"in:other panic":   {},
		"from:ada panic":   {"don't panic, see example.com/path_to-it"},
		"from:ben panic":   {},
	} {
		if got := w.texts(ada, query); !slices.Equal(got, want) {
			t.Errorf("%q found %q, want %q", query, got, want)
		}
	}
}

func TestFind_RefusesWhatSaysNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, query := range []string{"", "  ", "!?", "before:yesterday", "after:2026-13-01", "has:video", "from:", "in:", "in:dm:x", "\xff", string(make([]byte, 600))} {
		if _, err := w.index.Find(t.Context(), user("ada"), search.Ask{Query: query}); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%q: %v", query, err)
		}
	}
	if _, err := w.index.Find(t.Context(), user("ada"), search.Ask{Query: "x", Before: "nonsense"}); chat.CodeOf(err) != chat.CodeInvalid {
		t.Errorf("a cursor that is none: %v", err)
	}
	if _, err := w.index.Find(t.Context(), &chat.Identity{Project: chat.DefaultProject}, search.Ask{Query: "x"}); chat.CodeOf(err) != chat.CodeUnauthorized {
		t.Errorf("nobody: %v", err)
	}
	if _, err := w.index.Find(t.Context(), &chat.Identity{Project: chat.DefaultProject, User: "ada"}, search.Ask{Query: "x"}); chat.CodeOf(err) != chat.CodeForbidden {
		t.Errorf("without the scope: %v", err)
	}
}

func TestFind_FilesLinksAndDays(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	const id = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	file := w.postBody(ada, "general", `{"type":"file","fileName":"Quarterly Report.pdf","url":"/files/`+id+`"}`)
	captioned := w.postBody(ada, "general", `{"text":"look at this","files":[{"fileName":"Holiday.jpg","url":"/files/`+id+`"}]}`)
	link := w.post(ada, "general", "see https://example.com/report")
	w.level()
	today, tomorrow := time.Now().UTC().Format(time.DateOnly), time.Now().UTC().Add(24*time.Hour).Format(time.DateOnly)
	yesterday := time.Now().UTC().Add(-24 * time.Hour).Format(time.DateOnly)
	for query, want := range map[string][]string{
		"report":                        {link.ID, file.ID},
		"quarterly report.pdf":          {file.ID},
		"holiday":                       {captioned.ID},
		"holiday look":                  {captioned.ID},
		"has:file":                      {captioned.ID, file.ID},
		"has:link":                      {link.ID},
		"has:file has:link":             {},
		"abcdefghijklmnopqrstuvwxyz":    {}, // of a path
		"before:" + tomorrow:            {link.ID, captioned.ID, file.ID},
		"before:" + yesterday:           {},
		"after:" + yesterday:            {link.ID, captioned.ID, file.ID},
		"after:" + tomorrow + " report": {},
		"after:" + today + " before:" + yesterday: {},
	} {
		got := []string{}
		for _, hit := range w.ask(ada, search.Ask{Query: query}).Hits {
			got = append(got, hit.Message.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q found %q, want %q", query, got, want)
		}
	}
}

func TestFind_HighlightsAreInUTF16(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	w.post(ada, "general", "😀 naïve Café 東京都 café")
	w.level()
	for query, want := range map[string][]search.Range{
		"cafe":         {{9, 13}, {18, 22}},
		"naive cafe ":  {{3, 8}, {9, 13}, {18, 22}},
		`"naive cafe"`: {{3, 13}},
		"京都":           {{15, 17}},
		"京":            {{15, 16}},
		"東京都":          {{14, 17}},
		"from:ada":     nil,
	} {
		hits := w.ask(ada, search.Ask{Query: query}).Hits
		if len(hits) != 1 || !slices.Equal(hits[0].Highlights, want) {
			t.Errorf("%q: %+v, want %v", query, hits, want)
		}
	}
}

func TestFind_EditsReplaceAndDeletesRemove(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	kept, gone := w.post(ada, "general", "first draft"), w.post(ada, "general", "draft secret")
	w.level()
	if got := w.texts(ada, "draft"); len(got) != 2 {
		t.Fatalf("found %q", got)
	}
	if _, err := w.hub.Edit(t.Context(), ada, chat.Edit{Channel: "general", ID: kept.ID, Body: []byte(`"final words"`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.Delete(t.Context(), ada, chat.Delete{Channel: "general", ID: gone.ID}); err != nil {
		t.Fatal(err)
	}
	if got := w.texts(ada, "draft"); len(got) != 0 { // at once, wherever the index is
		t.Fatalf("found %q", got)
	}
	w.level()
	if got := w.texts(ada, "final"); len(got) != 1 {
		t.Fatalf("found %q", got)
	}
	if n := w.index.Stats().Documents; n != 1 {
		t.Errorf("%d documents", n)
	}
	if terms := w.index.Terms(t); slices.ContainsFunc(terms, func(s string) bool { return s == "wdraft" || s == "wsecret" }) {
		t.Errorf("the index has %q", terms)
	}
}

func TestFind_PagesHaveEachOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	var want []string
	for i := range 57 {
		want = append(want, w.post(ada, []string{"a", "b", "c"}[i%3], "many words").ID)
	}
	w.level()
	var got []string
	for before, pages := "", 0; ; pages++ {
		found := w.ask(ada, search.Ask{Query: "many", Before: before, Limit: 10})
		for _, hit := range found.Hits {
			got = append(got, hit.Message.ID)
		}
		if before = found.Next; before == "" {
			if pages != 5 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found %d, want %d", len(got), len(want))
	}
}

func TestFind_OtherProjectsNever(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	other := *ada
	other.Project = "other"
	w.post(ada, "general", "ours")
	w.post(&other, "general", "theirs and ours")
	w.level()
	if got := w.texts(ada, "ours"); !slices.Equal(got, []string{"ours"}) {
		t.Errorf("found %q", got)
	}
	if got := w.texts(&other, "ours"); !slices.Equal(got, []string{"theirs and ours"}) {
		t.Errorf("found %q", got)
	}
}

func TestFind_DirectChannelsAreForTheirTwo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.post(user("ada"), chat.DirectName("ada", "ben"), "between us")
	w.level()
	for name, want := range map[string]int{"ada": 1, "ben": 1, "cy": 0} {
		if got := w.texts(user(name), "between"); len(got) != want {
			t.Errorf("%s found %q", name, got)
		}
	}
	if got := w.texts(&chat.Identity{Project: chat.DefaultProject, Server: true}, "between"); len(got) != 1 {
		t.Errorf("a secret key found %q", got)
	}
	limited := user("ada")
	limited.Channels = []string{"general"}
	if got := w.texts(limited, "between"); len(got) != 0 {
		t.Errorf("a token for another channel found %q", got)
	}
}

func TestFind_ExpiredNever(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	if _, err := w.hub.PutChannel(t.Context(), &chat.Identity{Project: chat.DefaultProject, Server: true},
		chat.Channel{ID: chat.ChannelID{Project: chat.DefaultProject, Name: "short"}, Kind: chat.Open, Retention: time.Hour}); err != nil {
		t.Fatal(err)
	}
	w.post(ada, "short", "soon gone")
	w.post(ada, "general", "gone but kept")
	w.level()
	if _, err := w.store.Expire(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := w.texts(ada, "gone"); !slices.Equal(got, []string{"gone but kept"}) {
		t.Errorf("found %q", got)
	}
	w.close()
	w.open() // the walk at the start removes what has expired
	w.level()
	if n := w.index.Stats().Documents; n != 1 {
		t.Errorf("%d documents", n)
	}
}

func TestFind_WideBeginnings(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	var want []string
	for i := range 300 { // more endings than are followed at once
		text := "zz" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		w.post(ada, "general", text)
		want = append(want, text)
	}
	w.post(ada, "general", "other")
	w.level()
	slices.Reverse(want)
	if got := w.texts(ada, "zz"); !slices.Equal(got, want[:search.MaxLimit]) {
		t.Errorf("found %d: %q", len(got), got)
	}
	if got := w.texts(ada, "zzb"); len(got) != 26 {
		t.Errorf("found %d: %q", len(got), got)
	}
}
