package faults

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

// writer posts one message after the other and takes the answers as they come.
type writer struct {
	*load
	socket *socket
	said   int
}

// write posts a message of many bytes and returns the server's code for it, ""
// if it was stored.
func (w *writer) write(ctx context.Context, size int) chat.Code {
	w.t.Helper()
	w.said++
	op := history.Op{Client: "writer", User: "writer", Kind: history.Post, Channel: w.channels[0], Nonce: fmt.Sprint(w.said)}
	noise := make([]byte, size) // the store compresses what can be
	_, _ = rand.Read(noise)     // it never fails
	text := fmt.Sprintf("%d %s", w.said, base64.StdEncoding.EncodeToString(noise))
	op.Text = brief(text)
	call := w.rec.Invoke(op)
	err := w.socket.send(ctx, object{"type": "publish", "ref": w.said, "channelId": op.Channel, "nonce": op.Nonce, "text": text})
	var f *frame
	if err == nil {
		f, err = w.socket.until(ctx, "ack")
	}
	if code := chat.CodeOf(err); code != "" && code != chat.CodeInternal {
		call.Fail(code)
		return code
	}
	if err != nil {
		w.t.Fatalf("write: %v\n%s", err, w.server.output)
	}
	w.ok(call, 0, history.Answer{Seq: f.Seq, ID: f.ID})
	return ""
}

// connect opens the writer's connection, to a server that may be new.
func (w *writer) connect(ctx context.Context) {
	w.t.Helper()
	var err error
	if w.socket, err = dial(ctx, w.server.url(), w.door("/v1/ws", "writer"), ""); err == nil {
		_, err = w.socket.until(ctx, "connected")
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// fill writes until the disk is full, and then some.
func (w *writer) fill(ctx context.Context) {
	w.t.Helper()
	for refused := 0; refused < 5; {
		switch code := w.write(ctx, 30_000); code {
		case "":
		case chat.CodeStorageFull:
			refused++
		default:
			w.t.Fatalf("a write was refused as %s", code)
		}
		if ctx.Err() != nil {
			w.t.Fatal("the disk does not become full")
		}
	}
}

// readBack reads a page of what is there.
func (w *writer) readBack(ctx context.Context) {
	w.t.Helper()
	if err := w.socket.send(ctx, object{"type": "history", "ref": 1, "channelId": w.channels[0], "limit": 10}); err != nil {
		w.t.Fatal(err)
	}
	page, err := w.socket.until(ctx, "page")
	if err != nil || len(page.Messages) != 10 {
		w.t.Fatalf("a page on a full disk: %+v, %v", page, err)
	}
}

func TestDiskFull_RefusesWritesServesReadsAndRecovers(t *testing.T) {
	t.Parallel()
	need(t, "mkfs.ext4", "e2fsprogs")
	v := newVolume(t, "ext4", 16)
	s := newServer(t, build(t), filepath.Join(v.folder, "data"), "--dev")
	s.mustStart()
	l := gather(t, s, crowd{channels: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	w := &writer{load: l}
	w.connect(ctx)
	filler := filepath.Join(v.folder, "filler")
	for round := range made(t).diskFulls {
		for range 15 {
			if code := w.write(ctx, 100); code != "" {
				t.Fatalf("round %d: there is room, and a write was refused as %s", round, code)
			}
		}
		// 2 MiB are the store's reserve on a disk of this size.
		if err := os.WriteFile(filler, make([]byte, max(0, v.free()-(5<<19))), 0o600); err != nil {
			t.Fatal(err)
		}
		w.fill(ctx)
		w.readBack(ctx)
		if round%3 == 1 { // a full disk must not keep the server from starting
			if err := s.kill(); err != nil {
				t.Fatal(err)
			}
			s.mustStart()
			w.connect(ctx)
			w.readBack(ctx)
			w.fill(ctx)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		w.recover(ctx)
	}
	l.check()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// recover wants writes to be taken again, without a restart.
func (w *writer) recover(ctx context.Context) {
	w.t.Helper()
	began := time.Now()
	for w.write(ctx, 100) != "" {
		if !pause(ctx, 20*time.Millisecond) || time.Since(began) > within {
			w.t.Fatalf("%v after there was room again writes are refused", time.Since(began))
		}
	}
	w.t.Logf("%v after there was room again a write was taken", time.Since(began).Round(time.Millisecond))
}
