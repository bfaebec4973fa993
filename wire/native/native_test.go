package native_test

import (
	"testing"

	"github.com/parley-chat/parley/wire/native"
	"github.com/parley-chat/parley/wire/wiretest"
)

func TestDialect(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, native.Dialect(), "testdata/*.txt")
}

func FuzzDecode(f *testing.F) { wiretest.Fuzz(f, native.Dialect(), "testdata/*.txt") }
