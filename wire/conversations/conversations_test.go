package conversations_test

import (
	"testing"

	"github.com/parley-chat/parley/wire/conversations"
	"github.com/parley-chat/parley/wire/wiretest"
)

func TestDialect(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, conversations.Dialect(), "testdata/*.txt")
}

func FuzzDecode(f *testing.F) { wiretest.Fuzz(f, conversations.Dialect(), "testdata/*.txt") }
