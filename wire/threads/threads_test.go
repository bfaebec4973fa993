package threads_test

import (
	"testing"

	"github.com/parley-chat/parley/wire/threads"
	"github.com/parley-chat/parley/wire/wiretest"
)

func TestDialect(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, threads.Dialect(), "testdata/*.txt")
}

func FuzzDecode(f *testing.F) { wiretest.Fuzz(f, threads.Dialect(), "testdata/*.txt") }
