package wire_test

import (
	"testing"

	"github.com/parley-chat/parley/wire"
)

func TestText_IsWhatAPersonReads(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"Hello"`:                              "Hello",
		`"caf\u00e9\n"`:                        "café\n",
		`{"text":"a","message":"b"}`:           "a",
		`{"message":"b","content":"c"}`:        "b",
		`{"content":"c"}`:                      "c",
		`{"text":5,"message":null,"x":[1, 2]}`: `{"text":5,"message":null,"x":[1,2]}`,
		`{"type":"file","fileName":"plan \"b\".pdf","url":"/files/1","fileSize":3}`: `plan "b".pdf /files/1`,
		`{"type":"file","url":"/files/1"}`:                                          "/files/1",
		`{"type":"file","text":"look","url":"/files/1"}`:                            "look",
		`{"type":"file"}`: `{"type":"file"}`,
		`[ 1, "x" ]`:      `[1,"x"]`,
		`null`:            "null",
		`-1.5e3`:          "-1.5e3",
	} {
		if got := wire.Text([]byte(body)); got != want {
			t.Errorf("%s reads %q, want %q", body, got, want)
		}
	}
}
