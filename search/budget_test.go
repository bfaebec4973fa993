package search_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
)

// postAll says many things at once.
func (w *world) postAll(as *chat.Identity, channel string, n int, text func(i int) string) {
	w.t.Helper()
	for i := 0; i < n; {
		var posts []chat.Post
		for ; i < n && len(posts) < 100; i++ {
			posts = append(posts, chat.Post{Body: fmt.Appendf(nil, "%q", text(i))})
		}
		outcomes, err := w.hub.PostAll(w.ctx(), as, channel, posts)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Err != nil {
				w.t.Fatal(o.Err)
			}
		}
	}
}

// What comes to nothing for longer than it may has not found nothing: lists that
// never meet are left as soon as the time is over, and that is said.
func TestFind_TellsWhenItsTimeIsOverBeforeItFindsAnything(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ada := user("ada")
	w.postAll(ada, "general", 1000, func(i int) string { return []string{"beta alpha", "gamma"}[i%2] })
	w.postAll(ada, "general", 1000, func(i int) string { return fmt.Sprint("delta", i) })
	w.post(ada, "other", "one")
	w.level()
	for _, query := range []string{
		`"alpha beta"`,          // side by side in no message, in this order
		"alpha gamma ",          // in no message together
		`from:ada "alpha beta"`, // one in the other
		"in:other delta",        // more words than are followed at once
	} {
		ended, cancel := context.WithDeadline(t.Context(), time.Now())
		codes := map[chat.Code]int{}
		for range 100 { // late as it is, it may have a turn or not
			_, err := w.index.Find(ended, ada, search.Ask{Query: query})
			codes[chat.CodeOf(err)]++
		}
		cancel()
		if codes[chat.CodeTooMany] == 0 || codes[chat.CodeTooMany]+codes[chat.CodeRateLimited] < 100 {
			t.Errorf("%s: %v", query, codes)
		}
		if found := w.ask(ada, search.Ask{Query: query}); len(found.Hits) > 0 {
			t.Errorf("%s: in time it found %d", query, len(found.Hits))
		}
	}
}
