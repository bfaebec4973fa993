package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// volume is a file system of its own, in a file.
type volume struct {
	t      testing.TB
	kind   string // ext4 or xfs
	image  string
	folder string // where it is mounted
}

// newVolume makes and mounts one of that many MiB. xfs takes at least 300.
func newVolume(t testing.TB, kind string, mib int64) *volume {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("file systems are mounted by root alone: run this test as root")
	}
	dir := t.TempDir()
	v := &volume{t: t, kind: kind, image: filepath.Join(dir, "image"), folder: filepath.Join(dir, "mount")}
	if err := os.Mkdir(v.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(v.image, mib<<20); err != nil {
		t.Fatal(err)
	}
	mkfs := []string{"mkfs." + kind, "-q", v.image}
	if kind == "ext4" {
		mkfs = []string{"mkfs.ext4", "-q", "-F", "-m", "0", v.image}
	}
	v.must(mkfs...)
	v.must("mount", "-o", "loop", v.image, v.folder)
	t.Cleanup(func() { v.unmount() })
	return v
}

func (v *volume) must(command ...string) {
	v.t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		v.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// unmount may have to wait for the kernel to let go of a process's files.
func (v *volume) unmount() {
	v.t.Helper()
	for began := time.Now(); ; {
		err := syscall.Unmount(v.folder, 0)
		switch {
		case err == nil || err == syscall.EINVAL: // it is not mounted
			return
		case err != syscall.EBUSY || time.Since(began) > within:
			v.t.Errorf("unmount %s: %v", v.folder, err)
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// cut is a power cut: from one instant on nothing reaches the image, and what
// had not reached it is gone. Then the power is back.
func (v *volume) cut(s *server) error {
	s.signal(syscall.SIGSTOP)
	out, err := exec.Command("xfs_io", "-x", "-c", "shutdown", v.folder).CombinedOutput()
	if err != nil {
		return fmt.Errorf("shut %s down: %w\n%s", v.kind, err, out)
	}
	if err := s.kill(); err != nil {
		return err
	}
	v.unmount()
	v.must("mount", "-o", "loop", v.image, v.folder)
	return nil
}

// free are the bytes that may still be written.
func (v *volume) free() int64 {
	v.t.Helper()
	var usage syscall.Statfs_t
	if err := syscall.Statfs(v.folder, &usage); err != nil {
		v.t.Fatal(err)
	}
	return int64(usage.Bavail) * usage.Bsize
}
