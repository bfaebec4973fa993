package ws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/transport/ws"
)

// A client that others wrote gets back what it sends, deflated or not.
func TestClient_OfOthersIsEchoed(t *testing.T) {
	t.Parallel()
	for _, mode := range []websocket.CompressionMode{
		websocket.CompressionDisabled, websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover,
	} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			t.Parallel()
			b := setup(t, ws.Options{Compression: true})
			ctx := within(t, time.Minute)
			c, resp, err := websocket.Dial(ctx, "ws://"+b.addr, &websocket.DialOptions{
				CompressionMode: mode, CompressionThreshold: 1, Subprotocols: []string{"other", "echo.test"},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			if c.Subprotocol() != "echo.test" {
				t.Errorf("subprotocol %q", c.Subprotocol())
			}
			if got := resp.Header.Get("Sec-Websocket-Extensions") != ""; got != (mode != websocket.CompressionDisabled) {
				t.Errorf("extensions: %q", resp.Header["Sec-Websocket-Extensions"])
			}
			c.SetReadLimit(2 << 20)
			for _, size := range []int{1, 125, 126, 511, 512, 65535, 65536, 1 << 20} {
				sent := strings.Repeat("äbc", size/4+1)[:size/4*4+0] + strings.Repeat("x", size%4)
				if err := c.Write(ctx, websocket.MessageText, []byte(sent)); err != nil {
					t.Fatal(err)
				}
				_, got, err := c.Read(ctx)
				if err != nil || string(got) != sent {
					t.Fatalf("of %d bytes %d came back: %v", len(sent), len(got), err)
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("close: %v", err)
			}
			<-(<-b.hub.Made()).Closed()
		})
	}
}
