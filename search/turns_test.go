package search_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/wire"
)

// However many searches somebody asks for, and however long they take, others
// search.
func TestFind_OfOneUserLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		ada, ben := user("ada"), user("ben")
		w.post(ada, "general", "said to all")
		w.level()
		w.close()
		release := make(chan struct{})
		var err error
		w.index, err = search.Open(t.Context(), search.Options{
			Dir: w.dir, Log: w.store, Bus: w.bus.Join(), Text: wire.Text,
			Permit: func(ctx context.Context, id *chat.Identity, channel string, op chat.Operation) error {
				if id.User == "ada" {
					<-release
				}
				return w.hub.Permit(ctx, id, channel, op)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		var asking sync.WaitGroup
		for range 8 {
			asking.Go(func() {
				if found, err := w.index.Find(t.Context(), ada, search.Ask{Query: "said"}); err != nil || len(found.Hits) != 1 {
					t.Errorf("ada: %+v, %v", found, err)
				}
			})
		}
		synctest.Wait()
		if found, err := w.index.Find(t.Context(), ben, search.Ask{Query: "said"}); err != nil || len(found.Hits) != 1 {
			t.Errorf("ben: %+v, %v", found, err)
		}
		close(release)
		asking.Wait()
	})
}
