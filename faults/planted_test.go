package faults

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-chat/parley/internal/history"
)

// enough is how many rounds of faults a planted bug may stay unseen.
const enough = 20

// faultRound is a load and faults, with a bug or without; it returns what the
// checks found. A listener that misses something may wait for ever: patience
// bounds that.
type faultRound func(t *testing.T, patience time.Duration, env ...string) []history.Violation

// killRound is a crowd and a few kills.
func killRound(t *testing.T, patience time.Duration, env ...string) []history.Violation {
	t.Helper()
	s := newServer(t, build(t, "-tags=planted"), t.TempDir(), "--dev")
	s.env = env
	s.mustStart()
	l := gather(t, s, crowd{channels: 2, native: 6, rooms: 2, conversations: 1, pace: 10 * time.Millisecond})
	l.patience = patience
	killUnderLoad(t, l, 4)
	pause(t.Context(), 300*time.Millisecond)
	found := l.violations()
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	return found
}

// powerRound is a few power cuts under load.
func powerRound(t *testing.T, patience time.Duration, env ...string) []history.Violation {
	t.Helper()
	need(t, "xfs_io", "xfsprogs")
	need(t, "mkfs.ext4", "e2fsprogs")
	v := newVolume(t, "ext4", 256)
	s := newServer(t, build(t, "-tags=planted"), filepath.Join(v.folder, "data"), "--dev")
	s.env = env
	s.mustStart()
	l := gather(t, s, crowd{channels: 2, native: 6, pace: 10 * time.Millisecond})
	l.patience = patience
	for range 3 {
		pause(t.Context(), 100*time.Millisecond+rand.N(200*time.Millisecond))
		if err := v.cut(s); err != nil {
			t.Fatal(err)
		}
		s.mustStart()
	}
	found := l.violations()
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	return found
}

// slowRound is a run with readers that do not read.
func slowRound(t *testing.T, patience time.Duration, env ...string) []history.Violation {
	t.Helper()
	f := runSlow(t, build(t, "-tags=planted"), patience, env...)
	if f.fellBack == 0 {
		f.found = append(f.found, history.Violation{Check: "bounded", What: "readers that do not read never fell behind: their queues have no bound"})
	}
	return f.found
}

// Each planted bug is seen by what is made to see it, and without the bug the
// same binary passes the same rounds.
func TestPlanted_EachBugIsSeen(t *testing.T) {
	t.Parallel()
	rounds := []struct {
		name  string
		round faultRound
		bugs  []string
	}{
		{"kill", killRound, []string{"deliver_before_commit", "resume_off_by_one", "last_write_wins_cursor", "deleted_body_kept"}},
		{"power", powerRound, []string{"ack_before_sync"}},
		{"slow", slowRound, []string{"drop_without_catching_up", "unbounded_queue"}},
	}
	for _, r := range rounds {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, v := range r.round(t, within) {
				t.Errorf("without a bug: %v", v)
			}
			for _, bug := range r.bugs {
				t.Run(bug, func(t *testing.T) {
					t.Parallel()
					seeBug(t, bug, r.round)
				})
			}
		})
	}
}

func seeBug(t *testing.T, bug string, round faultRound) {
	t.Helper()
	for n := range enough {
		found := round(t, 10*time.Second, "PARLEY_PLANTED="+bug)
		found = slices.DeleteFunc(found, func(v history.Violation) bool { return v.Check == late })
		if len(found) > 0 {
			t.Logf("seen in round %d, %d times: %.300s", n+1, len(found), found[0].String())
			return
		}
	}
	t.Errorf("%d rounds with the bug, and nothing was seen", enough)
}
