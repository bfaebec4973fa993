package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A process loads its roots once: another one, which finds none, is asked.
func TestRoots_AreThereWhereTheSystemHasNone(t *testing.T) {
	t.Parallel()
	const nowhere = "/nonexistent"
	if os.Getenv("SSL_CERT_FILE") != nowhere {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
		c.Env = append(os.Environ(), "SSL_CERT_FILE="+nowhere, "SSL_CERT_DIR="+nowhere)
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(pool.Subjects(), func(name []byte) bool { return strings.Contains(string(name), "ISRG Root X1") }) {
		t.Errorf("%d roots, and none is Let's Encrypt's", len(pool.Subjects()))
	}
}
