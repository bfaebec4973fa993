package fields_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/parley-chat/parley/bench/fields"
)

func TestScanner_YieldsWhatEncodingJSONReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.StringMatching(`[a-zA-Z]{1,12}`)
		leaf := rapid.OneOf(
			rapid.String().AsAny(), rapid.IntRange(0, 1<<40).AsAny(), rapid.Bool().AsAny(),
			rapid.SliceOf(rapid.String()).AsAny(), rapid.MapOf(rapid.String(), rapid.String()).AsAny(),
		)
		object, err := json.Marshal(rapid.MapOf(names, leaf).Draw(t, "object"))
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(object, &want); err != nil {
			t.Fatal(err)
		}
		got := map[string]json.RawMessage{}
		walk := fields.Of(object)
		for name, value, ok := walk.Next(); ok; name, value, ok = walk.Next() {
			got[string(name)] = value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: (-want +got)\n%s", object, diff)
		}
	})
}

func TestScanner_EndsOnCutInput(t *testing.T) {
	t.Parallel()
	whole := `{"type":"message","text":"a \" b","meta":{"a":["}"]},"seq":12}`
	for end := range whole {
		walk := fields.Of([]byte(whole[:end]))
		for _, _, ok := walk.Next(); ok; _, _, ok = walk.Next() {
		}
	}
}

func TestNumber_ReadsLeadingDigits(t *testing.T) {
	t.Parallel()
	if n, ok := fields.Number([]byte("00120 rest")); !ok || n != 120 {
		t.Errorf("Number = %d, %v, want 120", n, ok)
	}
	if _, ok := fields.Number([]byte("x")); ok {
		t.Error("Number read a letter")
	}
}
