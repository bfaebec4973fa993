package history_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

func TestRecorder_LeavesWhatItRecordedInTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history")
	now := time.Unix(100, 0)
	r, err := history.NewRecorder(history.Options{File: path, Now: func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}})
	if err != nil {
		t.Fatal(err)
	}
	post := r.Invoke(history.Op{Client: "ada/1", User: "ada", Kind: history.Post, Channel: channel, Nonce: "n", Text: "one"})
	refused := r.Invoke(history.Op{Client: "bob/1", User: "bob", Kind: history.Delete, Channel: channel, Target: "m7"})
	r.Invoke(history.Op{Client: "bob/1", User: "bob", Kind: history.MarkRead, Channel: channel, Seq: 1})
	run := r.Begin(history.Run{Subscriber: "eve", Channel: channel, Numbering: history.BySeq, Begun: r.Now()})
	r.Note("kill -9 of %d", 42)
	post.OK(history.Answer{Seq: 1, ID: "m1"})
	refused.Fail(chat.CodeNotFound)
	run.Saw(message(1, 0, "ada", "m1", "one"))
	run.Whole()
	run.Refused("epoch")

	want := r.History()
	if op := want.Ops[0]; op.Outcome != history.OK || op.Invoked >= op.Returned || op.Answer.Seq != 1 {
		t.Errorf("the operation was recorded as %+v", op)
	}
	if op := want.Ops[2]; op.Outcome != history.Unknown || op.Returned != 0 {
		t.Errorf("an operation without an answer was recorded as %+v", op)
	}
	// The file is complete before Close, and a line that was cut short is left out.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(`{"op":{"id":3,`); err != nil {
		t.Fatal(err)
	}
	got, err := history.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the file differs from what was recorded (-want +got):\n%s", diff)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoad_RefusesAFileThatIsNoHistory(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"nonsense\n", `{"op":{"id":7}}` + "\n", `{"seen":{"kind":1},"in":3}` + "\n"} {
		path := filepath.Join(t.TempDir(), "history")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := history.Load(path); err == nil {
			t.Errorf("%q was read as %+v", text, h)
		}
	}
}
