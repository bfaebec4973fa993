package floor

import (
	"context"
	"testing"
	"time"
)

func TestCommit_ForwardsNothingThatWasNotSynced(t *testing.T) {
	t.Parallel()
	l, err := openLog("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.run(context.Background()) }()
	from := &conn{server: &server{now: time.Now, log: l}}
	r := &room{name: "r"}
	for range 2 { // the second finds the log ended
		// A forwarded message would be written to from, which has no socket.
		if err := l.commit([]*publication{{room: r, from: from, text: []byte("x")}}); err == nil {
			t.Error("commit to a full disk succeeded")
		}
		if r.told != 0 {
			t.Errorf("told %d messages", r.told)
		}
	}
	if err := <-ended; err == nil {
		t.Error("the log goes on after a failed append")
	}
}
