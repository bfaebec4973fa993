package faults

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// pieces is an upload in pieces to a server with --dev.
type pieces struct {
	t      *testing.T
	server *server
	path   string
}

// ask is one request of ada's; nil: the server did not answer.
func (p *pieces) ask(method, at, offset, body string) *http.Response {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.server.url()+at, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Close = true
	for name, value := range map[string]string{
		"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": "channel Z2VuZXJhbA==",
		"Content-Type": "application/offset+octet-stream", "Upload-Offset": offset,
	} {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, response.Body) // what counts is in the head
	_ = response.Body.Close()
	return response
}

// at checks how far the server says that the upload is.
func (p *pieces) at(response *http.Response, offset string) {
	p.t.Helper()
	if response == nil || response.StatusCode/100 != 2 || response.Header.Get("Upload-Offset") != offset {
		p.t.Fatalf("%+v, want %s", response, offset)
	}
}

// hit has strace inject a fault into the next syncs of what came.
func (p *pieces) hit(fault string) (end func()) {
	p.t.Helper()
	file := filepath.Join(p.server.data, "files", "spool", "unfinished", path.Base(p.path))
	strace := exec.Command("strace", "-f", "-p", fmt.Sprint(p.server.pid()), "-P", file, "-e", "trace=fsync", "-e", "inject=fsync:"+fault)
	told, err := strace.StderrPipe()
	if err == nil {
		err = strace.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(told)
	for lines.Scan() && !strings.Contains(lines.Text(), "attached") {
	}
	return func() {
		for lines.Scan() { // until the server is gone, and strace with it
		}
		_ = strace.Wait()
	}
}

// An offset is answered after its bytes were synced, and not when that failed:
// after a crash the upload is where it was last said to be.
func TestTus_AnOffsetIsAnsweredAfterItsSync(t *testing.T) {
	t.Parallel()
	need(t, "strace", "strace")
	for fault, answered := range map[string]bool{"error=EIO": true, "signal=KILL": false} {
		p := &pieces{t: t, server: newServer(t, build(t), filepath.Join(t.TempDir(), "data"), "--dev")}
		p.server.mustStart()
		made := p.ask(http.MethodPost, "/api/tus?userId=ada", "", "abc")
		p.at(made, "3")
		p.path, _, _ = strings.Cut(made.Header.Get("Location"), "?")
		at := p.path + "?userId=ada"
		p.at(p.ask(http.MethodPatch, at, "3", "d"), "4")
		end := p.hit(fault)
		refused := p.ask(http.MethodPatch, at, "4", "ef")
		if (refused != nil) != answered || answered && refused.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: %+v", fault, refused)
		}
		if err := p.server.kill(); err != nil {
			t.Error(err)
		}
		end()
		p.server.mustStart()
		p.at(p.ask(http.MethodHead, at, "", ""), "4")
		whole := p.ask(http.MethodPatch, at, "4", "efghi")
		p.at(whole, "9")
		if whole.Header.Get("Parley-File") == "" {
			t.Errorf("%s: %v", fault, whole.Header)
		}
		if err := p.server.stop(); err != nil {
			t.Error(err)
		}
	}
}
