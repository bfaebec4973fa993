package faults

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// cutUnderLoad cuts the power at random moments.
func cutUnderLoad(t *testing.T, l *load, v *volume, cuts int) {
	t.Helper()
	for i := range cuts {
		pause(t.Context(), rand.N(300*time.Millisecond))
		l.rec.Note("power cut, the %d.", i+1)
		if err := v.cut(l.server); err != nil {
			t.Fatal(err)
		}
		l.server.mustStart()
	}
}

func TestPowerCut_UnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	need(t, "xfs_io", "xfsprogs")
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			need(t, "mkfs."+kind, map[string]string{"ext4": "e2fsprogs", "xfs": "xfsprogs"}[kind])
			for left := made(t).cuts / 2; left > 0 && !t.Failed(); left -= atOnce {
				cutAgainAndAgain(t, kind, min(left, atOnce))
			}
		})
	}
}

func cutAgainAndAgain(t *testing.T, kind string, cuts int) {
	t.Helper()
	v := newVolume(t, kind, 512)
	s := newServer(t, build(t), filepath.Join(v.folder, "data"), "--dev")
	s.mustStart()
	l := gather(t, s, crowd{channels: 3, native: 8, pace: 20 * time.Millisecond})
	began := time.Now()
	cutUnderLoad(t, l, v, cuts)
	l.check()
	if acked := l.acked.Load(); acked < int64(cuts) {
		t.Errorf("%d acknowledgements over %d cuts: this is no load", acked, cuts)
	}
	slices.Sort(s.ups)
	t.Logf("%s: %d cuts in %v; up again after %v, at most %v", kind, cuts, time.Since(began).Round(time.Second),
		s.ups[len(s.ups)/2].Round(time.Millisecond), s.ups[len(s.ups)-1].Round(time.Millisecond))
	// The server's files are on the volume: it must end before that does.
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	v.unmount()
}
