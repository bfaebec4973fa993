package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// A content that the data folder has lost is told of, and nobody is kept from
// backing up and restoring what there is.
func TestBackup_TellsOfContentsThatAreLost(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	var url string // of the last one
	for _, content := range []string{"kept", "lost"} {
		url = b.upload(t, ada, "", file("a.txt", content), into("team")).want(t, 200, "").member(t, "url")
		b.share(t, ada, "team", url)
	}
	if err := b.uploads.Collect(t.Context()); err != nil { // which leaves the store's mark
		t.Fatal(err)
	}
	dir := t.TempDir()
	must(t, "backup", filepath.Join(dir, "whole"), "--data", b.config.Data)
	lost := fmt.Sprintf("%x", sha256.Sum256([]byte("lost")))
	if err := os.RemoveAll(filepath.Join(b.config.Data, "files", "blobs", lost[:2])); err != nil {
		t.Fatal(err)
	}
	text, err := said(t, "backup", filepath.Join(dir, "backup"), "--data", b.config.Data)
	if err == nil || !strings.Contains(err.Error(), "lacks the contents of 1 files") || !strings.Contains(text, "the content "+lost+" of the file default/") {
		t.Errorf("it says %s%v", text, err)
	}
	if text, err = said(t, "inspect", "verify", "--data", filepath.Join(dir, "backup")); err == nil || !strings.Contains(text, "the content "+lost) {
		t.Errorf("it says %s%v", text, err)
	}
	text = must(t, "restore", filepath.Join(dir, "backup"), "--data", filepath.Join(dir, "data"))
	if !strings.Contains(text, "the content "+lost) || !strings.Contains(text, "The contents of 1 files are missing") {
		t.Errorf("it says %s", text)
	}
	b.ask(t, ada, "DELETE", "/v1"+url, "").want(t, 204, "")
	must(t, "backup", filepath.Join(dir, "without"), "--data", b.config.Data)
}

func TestBackup_SaysThatContentsAreKeptElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.UploadDir = t.TempDir() })
	ada := b.token(t, auth.Grant{User: "ada"})
	b.upload(t, ada, "", file("a.txt", "x"), into("team")).want(t, 200, "")
	text := must(t, "backup", filepath.Join(t.TempDir(), "backup"), "--data", b.config.Data)
	if !strings.Contains(text, "The contents of 1 files are not in it: they are kept elsewhere") {
		t.Errorf("it says %s", text)
	}
}

// A file that is deleted while a backup is made is in the log that was copied,
// or not; if it is, its content is there, too.
func TestBackup_HasTheContentsOfFilesThatAreDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Serve) { c.PostRate = 0 })
	ada := b.token(t, auth.Grant{User: "ada"})
	var urls []string
	for i := range 100 {
		url := b.upload(t, ada, "", file("a.txt", fmt.Sprint("content ", i)), into("team")).want(t, 200, "").member(t, "url")
		urls = append(urls, url)
	}
	if err := b.uploads.Collect(t.Context()); err != nil { // which leaves the store's mark
		t.Fatal(err)
	}
	var deleting sync.WaitGroup
	deleted := make(chan struct{})
	deleting.Go(func() {
		defer close(deleted)
		for _, url := range urls {
			b.ask(t, ada, "DELETE", "/v1"+url, "")
		}
	})
	t.Cleanup(deleting.Wait)
	for over := false; !over; {
		select {
		case <-deleted:
			over = true
		default:
		}
		must(t, "backup", filepath.Join(t.TempDir(), "backup"), "--data", b.config.Data)
	}
}
