package ws_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/parley-chat/parley/transport/ws"
)

// FuzzFrames sends anything after the handshake. What comes back are whole
// frames and the end, the session is closed, and nothing panics.
func FuzzFrames(f *testing.F) {
	for _, rows := range [][]row{pings(), reserved(), fragmentation(), closings()[:6], utf8Rows()[:20]} {
		for _, r := range rows {
			f.Add(bytes.Join(r.send, nil))
		}
	}
	f.Add(frame(fin|rsv1|opText, deflated("hello hello hello")))
	var mu sync.Mutex
	var log bytes.Buffer
	b := setup(f, ws.Options{Compression: true, CompressAbove: 1, Logger: slog.New(slog.NewTextHandler(locked{&mu, &log}, nil))})
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("panic")) {
			return
		}
		c := open(t, b.addr, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
		s := <-b.hub.Made()
		go func() {
			_, _ = c.Write(data)
			_ = c.Conn.(*net.TCPConn).CloseWrite()
		}()
		for {
			f, err := c.frame()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("%v, %v", f, err)
				}
				break
			}
		}
		closed(t, s)
		c.Close()
		mu.Lock()
		defer mu.Unlock()
		if log.Len() > 0 {
			t.Fatal(log.String())
		}
	})
}
