package rooms_test

import (
	"testing"
	"time"

	"github.com/parley-chat/parley/wire/rooms"
	"github.com/parley-chat/parley/wire/wiretest"
)

func TestDialect(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, rooms.Dialect(rooms.Options{Now: now}), "testdata/*.txt")
}

func FuzzDecode(f *testing.F) {
	wiretest.Fuzz(f, rooms.Dialect(rooms.Options{Now: now}), "testdata/*.txt")
}

func now() time.Time { return time.Date(2026, 1, 31, 12, 0, 9, 0, time.UTC) }
