package chat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

func TestPositions_AreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]chat.Positions{
		"e:0":                          {Epoch: "e", Seqs: []uint64{0}},
		"epoch:7,0,12":                 {Epoch: "epoch", Seqs: []uint64{7, 0, 12}},
		"e:18446744073709551615":       {Epoch: "e", Seqs: []uint64{1<<64 - 1}},
		strings.Repeat("e", 64) + ":1": {Epoch: strings.Repeat("e", 64), Seqs: []uint64{1}},
	} {
		got, err := chat.ParsePositions(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", s, diff)
		}
		if got.String() != s {
			t.Errorf("%q is written %q", s, got)
		}
	}
	one := chat.Position{Epoch: "e", Seq: 5}
	if got := (chat.Positions{Epoch: "e", Seqs: []uint64{5}}).String(); got != one.String() {
		t.Errorf("one place is written %q, a position %q", got, one)
	}
	if _, err := chat.ParsePositions("e:" + strings.Repeat("1,", chat.MaxPositions-1) + "1"); err != nil {
		t.Error(err)
	}
}

func TestPositions_RefuseWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", ":", "e", "e:", ":1", "e:1,", "e:,1", "e:-1", "e:+1", "e:x", "e: 1", "e:1;2", "e:18446744073709551616", "e:1:2",
		strings.Repeat("e", 65) + ":1", "e:" + strings.Repeat("1,", chat.MaxPositions) + "1",
	} {
		if p, err := chat.ParsePositions(s); chat.CodeOf(err) != chat.CodeInvalid {
			t.Errorf("%.20q: %v, %v", s, p, err)
		}
	}
}

func FuzzParsePositions(f *testing.F) {
	for _, s := range []string{"e:1", "epoch:7,0,12", "e:,", ":1", "e:00", "e:1,18446744073709551616"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := chat.ParsePositions(s)
		if err != nil {
			return
		}
		if len(p.Seqs) == 0 || len(p.Seqs) > chat.MaxPositions {
			t.Errorf("%q has %d places", s, len(p.Seqs))
		}
		again, err := chat.ParsePositions(p.String())
		if err != nil || !cmp.Equal(p, again) {
			t.Errorf("%q is %v, then %v (%v)", s, p, again, err)
		}
	})
}
