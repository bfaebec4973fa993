package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestBackup_HasTheFilesThatItsLogNames(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	url := b.upload(t, ada, "", file("a.png", picture(t, 400, 400)), into("team")).want(t, 200, "").member(t, "url")
	b.share(t, ada, "team", url)
	want := b.ask(t, ada, "GET", url, "").want(t, 200, "").text
	dir := t.TempDir()
	must(t, "backup", filepath.Join(dir, "backup"), "--data", b.config.Data)
	b.ask(t, ada, "DELETE", "/v1"+url, "").want(t, 204, "")
	must(t, "restore", filepath.Join(dir, "backup"), "--data", filepath.Join(dir, "data"))
	again := setup(t, func(c *Serve) { c.Data = filepath.Join(dir, "data") })
	for path, content := range map[string]string{url: want, url + "/thumbnail": ""} {
		got := again.ask(t, ada, "GET", path, "").want(t, 200, "")
		if content != "" && got.text != content {
			t.Errorf("%s: %d bytes of %d", path, len(got.text), len(content))
		}
	}

	// A content that was changed is no backup of it.
	found, err := filepath.Glob(filepath.Join(dir, "backup", "files", "blobs", "*", "*"))
	if err != nil || len(found) < 2 { // and the mark of the place
		t.Fatalf("%v, %v", found, err)
	}
	for _, name := range found {
		if err := errors.Join(os.Remove(name), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := said(t, "restore", filepath.Join(dir, "backup"), "--data", filepath.Join(dir, "other")); err == nil || !strings.Contains(err.Error(), "is not as it was written") {
		t.Errorf("%v", err)
	}
}
