package plain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// IO is a Socket.IO client of protocol 5, in one namespace, over a WebSocket
// alone. Frames are arrays, [name, arguments…]; the first that it gives is
// ["connect", {"sid": …}]. Every event that it sends wants to be acknowledged:
// the acknowledgement of the n-th, from 0, is given as ["ack", n, arguments…].
type IO struct {
	ws        *websocket.Conn
	namespace string // "" or "/name,"

	mu   sync.Mutex
	acks int
}

// DialIO opens a connection and asks to be let into the namespace, "/" or
// "/name", with auth, JSON or "".
func DialIO(ctx context.Context, url, namespace, auth string) (*IO, error) {
	url = strings.Replace(url, "http", "ws", 1)
	ws, _, err := websocket.Dial(ctx, url+"/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(maxFrame)
	c := &IO{ws: ws}
	if namespace != "/" {
		c.namespace = namespace + ","
	}
	if err := c.write(ctx, "40"+c.namespace+auth); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *IO) write(ctx context.Context, packet string) error {
	return c.ws.Write(ctx, websocket.MessageText, []byte(packet))
}

// Send implements Line.
func (c *IO) Send(ctx context.Context, frame string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.acks
	c.acks++
	return c.write(ctx, "42"+c.namespace+strconv.Itoa(id)+frame)
}

// Next implements Line. Pings are answered.
func (c *IO) Next(ctx context.Context) ([]byte, error) {
	for {
		_, packet, err := c.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		switch {
		case len(packet) == 0:
		case packet[0] == '2':
			if err := c.write(ctx, "3"); err != nil {
				return nil, err
			}
		case packet[0] == '4' && len(packet) > 1:
			if frame, err := c.show(packet[1:]); frame != nil || err != nil {
				return frame, err
			}
		}
	}
}

// show is a packet of Socket.IO as a frame; nil: it is none.
func (c *IO) show(packet []byte) ([]byte, error) {
	kind, rest := packet[0], packet[1:]
	rest = bytes.TrimPrefix(rest, []byte(c.namespace))
	switch kind {
	case '0':
		return fmt.Appendf(nil, `["connect",%s]`, rest), nil
	case '1':
		return nil, fmt.Errorf("the server has ended the namespace")
	case '2':
		return rest, nil
	case '3':
		digits := bytes.IndexByte(rest, '[')
		if digits < 1 || !json.Valid(rest[digits:]) {
			return nil, fmt.Errorf("%s is no acknowledgement", packet)
		}
		arguments := bytes.TrimPrefix(rest[digits:], []byte("["))
		comma := ","
		if len(arguments) == 1 {
			comma = ""
		}
		return fmt.Appendf(nil, `["ack",%s%s%s`, rest[:digits], comma, arguments), nil
	case '4':
		return nil, fmt.Errorf("refused: %s", rest)
	}
	return nil, nil
}

// Close implements Line.
func (c *IO) Close() { _ = c.ws.CloseNow() }
