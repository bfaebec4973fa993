package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/upload/blobtest"
	"github.com/parley-chat/parley/upload/s3"
)

// bucket is a server with one bucket, and how to reach it.
func bucket(t *testing.T, secure bool) (*bucketServer, s3.Options) {
	t.Helper()
	server := newBucketServer(t)
	serve := httptest.NewServer
	if secure {
		serve = httptest.NewTLSServer
	}
	h := serve(server)
	t.Cleanup(h.Close)
	return server, s3.Options{
		Endpoint: h.Listener.Addr().String(), Bucket: server.bucket, Prefix: "parley/", Region: server.region,
		AccessKey: server.access, SecretKey: server.hides, Plain: !secure, PartSize: 5 << 20,
		Transport: h.Client().Transport,
	}
}

func open(t *testing.T, o s3.Options) *s3.Blobs {
	t.Helper()
	b, err := s3.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestS3_KeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blobtest.Run(t, func(t *testing.T) upload.Blobs {
				_, o := bucket(t, secure)
				return open(t, o)
			})
		})
	}
}

const name = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func put(t *testing.T, b *s3.Blobs, size int) error {
	t.Helper()
	return b.Put(t.Context(), name, bytes.NewReader(make([]byte, size)), int64(size))
}

func TestS3_SignsEachChunkAndSendsLargeContentsInParts(t *testing.T) {
	t.Parallel()
	server, o := bucket(t, false)
	b := open(t, o)
	if err := put(t, b, 12<<20); err != nil {
		t.Fatal(err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.seen["PUT uploadId partNumber"] != 3 || server.seen["streamed"] < 3 || server.seen["POST uploadId"] != 1 {
		t.Errorf("%v", server.seen)
	}
	if _, ok := server.objects["parley/"+name]; !ok || len(server.uploads) != 0 {
		t.Errorf("%d objects, %d uploads left", len(server.objects), len(server.uploads))
	}
}

func TestS3_AWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	server, o := bucket(t, false)
	o.SecretKey += "x"
	if err := put(t, open(t, o), 100); chat.CodeOf(err) != chat.CodeUnavailable {
		t.Errorf("%v", err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.objects) != 0 || len(server.refusals) == 0 || strings.Contains(strings.Join(server.refusals, " "), o.SecretKey) {
		t.Errorf("%d objects, refused %v", len(server.objects), server.refusals)
	}
}

// flipped changes a byte of each content on its way.
type flipped struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f flipped) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		data[len(data)/2] ^= 1
		r.Body = io.NopCloser(bytes.NewReader(data))
	}
	return f.RoundTripper.RoundTrip(r)
}

func TestS3_AChangedByteIsNotKept(t *testing.T) {
	t.Parallel()
	for _, size := range []int{200_000, 11 << 20} {
		server, o := bucket(t, false)
		o.Transport = flipped{o.Transport}
		if err := put(t, open(t, o), size); err == nil {
			t.Errorf("%d bytes: kept", size)
		}
		server.mu.Lock()
		if len(server.objects) != 0 {
			t.Errorf("%d bytes: %d objects", size, len(server.objects))
		}
		server.mu.Unlock()
	}
}

func TestS3_SweepsPartsThatWereNeverCompleted(t *testing.T) {
	t.Parallel()
	server, o := bucket(t, false)
	b := open(t, o)
	now := time.Now()
	server.uploads["old"] = &parts{"parley/" + name, now.Add(-48 * time.Hour), map[int][]byte{}}
	server.uploads["young"] = &parts{"parley/" + name, now, map[int][]byte{}}
	if err := b.Sweep(t.Context(), now.Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.uploads["old"] != nil || server.uploads["young"] == nil {
		t.Errorf("%d are left", len(server.uploads))
	}
}

func TestS3_WhatCannotBeReachedMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	o := s3.Options{Endpoint: server.Listener.Addr().String(), Bucket: "files", AccessKey: "a", SecretKey: "b", Plain: true}
	server.Close()
	b := open(t, o)
	_, err := b.Open(t.Context(), name, 0)
	for _, err := range []error{err, put(t, b, 10), b.Remove(t.Context(), name), b.List(t.Context(), func(upload.Blob) error { return nil })} {
		if e := chat.AsError(err); e.Code != chat.CodeUnavailable || !e.Retryable() {
			t.Errorf("%v", err)
		}
	}
}

// What is sent in parts is read from anywhere, by one request each time, which
// may be left before its end.
func TestS3_IsReadFromAnywhereByOneRequest(t *testing.T) {
	t.Parallel()
	server, o := bucket(t, false)
	b := open(t, o)
	data := bytes.Repeat([]byte("0123456789"), 600_000)
	if err := b.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, 1, 5_999_999} {
		r, err := b.Open(t.Context(), name, at)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.LimitReader(r, 3))
		if err != nil || !bytes.HasPrefix(data[at:], got) || len(got) == 0 {
			t.Errorf("from %d: %q, %v", at, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.seen["GET"] != 3 {
		t.Errorf("%v", server.seen)
	}
}
