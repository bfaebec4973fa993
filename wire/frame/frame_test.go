package frame_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/frame"
)

func TestObject_GivesMembersAsReceived(t *testing.T) {
	t.Parallel()
	var pool frame.Pool
	var got []string
	err := pool.Object([]byte(" {\"a\" : \"\\u00e9\\/\" ,\n\"\\u0062\":[1, {\"c\":2e3}],\"\":null} "), func(name []byte, v frame.Value) {
		got = append(got, string(name)+"="+string(v))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`a="\u00e9\/"`, `b=[1, {"c":2e3}]`, `=null`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestObject_BoundsNesting(t *testing.T) {
	t.Parallel()
	var pool frame.Pool
	nested := func(n int) []byte {
		return []byte(strings.Repeat(`{"]}\"":`, n) + `"[[["` + strings.Repeat(`}`, n))
	}
	for n, want := range map[int]chat.Code{
		frame.MaxDepth:     "",
		frame.MaxDepth + 1: chat.CodeMalformed,
		100000:             chat.CodeMalformed,
	} {
		if got := chat.CodeOf(pool.Object(nested(n), func([]byte, frame.Value) {})); got != want {
			t.Errorf("%d levels: %q, want %q", n, got, want)
		}
	}
	wide := []byte(`{"a":[` + strings.Repeat(`[],`, 1000) + `[]]}`)
	if err := pool.Object(wide, func([]byte, frame.Value) {}); err != nil {
		t.Errorf("a wide frame is refused: %v", err)
	}
}

func TestObject_SaysWhatIsWrongWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	var pool frame.Pool
	for in, want := range map[string]string{
		"":                           "the frame is empty",
		"7":                          "a frame is a JSON object",
		`{"a":1}{}`:                  "the frame goes on after its object",
		`{"a":`:                      "the frame cannot be read: it ends early, at byte 5",
		`{"secret":1,"secret":2}`:    "the frame cannot be read: a name is given twice, at byte 12",
		`{"secret":flase}`:           "the frame cannot be read: it is not JSON, at byte 11",
		"{\"a\":\"secret\xff\"}":     "the frame cannot be read: it is not JSON, at byte 12",
		`{"a":"secret\ud800"}`:       "the frame cannot be read: it is not JSON, at byte 12",
		`{"a":{"secret":1,"b":[1}]}`: "the frame cannot be read: it is not JSON, at byte 23",
	} {
		err := pool.Object([]byte(in), func([]byte, frame.Value) {})
		if got := chat.AsError(err); got.Code != chat.CodeMalformed || got.Message != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func TestFields_RememberTheFirstThatDoesNotFit(t *testing.T) {
	t.Parallel()
	cases := map[string]func(f *frame.Fields){
		"a must be a string": func(f *frame.Fields) {
			f.String("a", frame.Value(`1`))
			f.Uint("b", frame.Value(`"x"`))
		},
		"a must be a whole number from 0 to 2^53-1": func(f *frame.Fields) { f.Uint("a", frame.Value(`9007199254740992`)) },
		"a must be true or false":                   func(f *frame.Fields) { f.Bool("a", frame.Value(`0`)) },
		"a must be an object":                       func(f *frame.Fields) { f.Object("a", frame.Value(`[]`)) },
		"a is missing":                              func(f *frame.Fields) { f.Need("a", frame.Value(`null`)) },
	}
	for want, use := range cases {
		var f frame.Fields
		use(&f)
		if got := chat.AsError(f.Err); got.Code != chat.CodeInvalid || got.Message != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	var f frame.Fields
	f.String("a", nil)
	f.Uint("a", frame.Value(`null`))
	f.Bool("a", nil)
	if got := f.Uint("a", frame.Value(`9007199254740991`)); got != frame.MaxNumber || f.Err != nil {
		t.Errorf("%d, %v", got, f.Err)
	}
}

func TestFields_SameKeepsOnlyNames(t *testing.T) {
	t.Parallel()
	var f frame.Fields
	var last string
	for _, v := range []string{`"general"`, `"general"`, `"gener\u0061l"`, `"kitchen"`} {
		want, _ := frame.Value(v).Text()
		if got := f.Same("channelId", frame.Value(v), &last); got != want {
			t.Errorf("%s became %q", v, got)
		}
	}
	if f.Same("channelId", frame.Value(`"`+strings.Repeat("x", 70000)+`"`), &last); last != "kitchen" {
		t.Errorf("a name that cannot be a channel's is kept")
	}
	if f.Same("channelId", frame.Value(`7`), &last); f.Err == nil {
		t.Error("a number was taken for a name")
	}
}

func TestWriter_QuotesSeparatesAndTellsTheTime(t *testing.T) {
	t.Parallel()
	var w frame.Writer
	w.Begin("x")
	w.String("s", "\"\\\n\u2028\xff")
	w.Object("o")
	w.Uint("n", 1<<63)
	w.Members([]byte("{ \"b\":{},\t\"c\":1 \n}"))
	w.Members([]byte("{ }"))
	w.Flag("no", false)
	w.Close()
	w.Array("a")
	w.Open()
	w.Close()
	w.Open()
	w.Pair([]byte(`"`), []byte(`[1]`))
	w.Close()
	w.End()
	w.Time("t", time.Date(2026, 1, 31, 13, 0, 0, 5e6, time.FixedZone("", 3600)))
	w.Millis("m", time.UnixMilli(5))
	w.Close()
	want := `{"type":"x","s":"\"\\\n` + "\u2028\ufffd" + `","o":{"n":9223372036854775808,"b":{},` + "\t" + `"c":1},"a":[{},{"\"":[1]}],"t":"2026-01-31T12:00:00.005Z","m":5}`
	if diff := cmp.Diff(want, string(w.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func TestFields_ReadListsSpansAndSignedNumbers(t *testing.T) {
	t.Parallel()
	var f frame.Fields
	list := f.Strings("list", frame.Value(`[ "a", "\u00e9" ]`), 2)
	if diff := cmp.Diff([]string{"a", "é"}, list); diff != "" {
		t.Error(diff)
	}
	if f.Strings("list", frame.Value(`[]`), 2) != nil || f.Strings("list", nil, 2) != nil || f.Strings("list", frame.Value(`null`), 2) != nil {
		t.Error("an empty list is no nil")
	}
	if d := f.Millis("ttl", frame.Value(`1500`)); d != 1500*time.Millisecond || f.Millis("ttl", nil) != 0 {
		t.Errorf("1500 ms are %v", d)
	}
	if n := f.Int("add", frame.Value(`-9007199254740991`)); n != -frame.MaxNumber || f.Int("add", nil) != 0 {
		t.Errorf("the least number is %d", n)
	}
	if f.Err != nil {
		t.Error(f.Err)
	}
}

func TestFields_RefuseWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for what, read := range map[string]func(*frame.Fields){
		"list must be an array of strings":                    func(f *frame.Fields) { f.Strings("list", frame.Value(`"a"`), 2) },
		"list has more than 2 entries":                        func(f *frame.Fields) { f.Strings("list", frame.Value(`["a","b","c"]`), 2) },
		"add must be a whole number from -(2^53-1) to 2^53-1": func(f *frame.Fields) { f.Int("add", frame.Value(`9007199254740992`)) },
		"ttl must be whole milliseconds, from 1 to 9223372036854": func(f *frame.Fields) {
			f.Millis("ttl", frame.Value(`9223372036855`))
		},
	} {
		var f frame.Fields
		read(&f)
		if e := chat.AsError(f.Err); f.Err == nil || e.Message != what {
			t.Errorf("%v, want %q", f.Err, what)
		}
	}
	for _, v := range []string{`["a",5]`, `["a",["b"]]`, `{"a":"b"}`, `5`} {
		var f frame.Fields
		if list := f.Strings("list", frame.Value(v), 5); f.Err == nil || list != nil {
			t.Errorf("%s was read as %q", v, list)
		}
	}
	for _, v := range []string{`0`, `-1`, `1.5`, `"5"`} {
		var f frame.Fields
		if f.Millis("ttl", frame.Value(v)); f.Err == nil {
			t.Errorf("%s is a time to live", v)
		}
	}
}

func TestWriter_WritesLists(t *testing.T) {
	t.Parallel()
	var pool frame.Pool
	var got string
	pool.Write(func(b []byte) { got = string(b) }, func(w *frame.Writer) {
		w.Open()
		w.Strings("none", nil)
		w.Strings("some", []string{"a\"[", "b"})
		w.Name("more")
		w.Open()
		w.Strings("x", []string{"{"})
		w.Close()
		w.Bool("end", true)
		w.Close()
	})
	if want := `{"some":["a\"[","b"],"more":{"x":["{"]},"end":true}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
