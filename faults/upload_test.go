package faults

import (
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stored is how many bytes the files in a folder of uploads have.
func (s *server) stored(folder string) (size int64) {
	s.t.Helper()
	err := filepath.WalkDir(filepath.Join(s.data, "files", folder), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return size
}

// What a crash cuts off was never answered, so that nobody has a path to it:
// the next start gives its room back, and no part of it is kept as a file.
func TestUpload_OfOneThatACrashCutsNothingStays(t *testing.T) {
	t.Parallel()
	s := newServer(t, build(t), filepath.Join(t.TempDir(), "data"), "--dev")
	s.mustStart()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const some = 300_000
	_, err = fmt.Fprintf(c, "POST /api/upload?userId=ada HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: %d\r\n\r\n"+
		"--XX\r\nContent-Disposition: form-data; name=\"conversationId\"\r\n\r\ngeneral\r\n"+
		"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n%s", 2*some, strings.Repeat("x", some))
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); s.stored("spool") < some/2; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > within {
			t.Fatalf("%d bytes came\n%s", s.stored("spool"), s.output)
		}
	}
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	if s.stored("spool") == 0 {
		t.Error("the crash left nothing: it shows nothing")
	}
	s.mustStart()
	if spool, blobs := s.stored("spool"), s.stored("blobs"); spool != 0 || blobs >= some/2 {
		t.Errorf("%d bytes in the spool, %d kept", spool, blobs)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
