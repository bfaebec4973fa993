package faults

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/internal/history"
)

// socket is a plain client of any WebSocket door: it does nothing by itself.
type socket struct{ conn *websocket.Conn }

// frame is whatever the doors send, as far as the tests look at it.
type frame struct {
	Type      string          `json:"type"`
	Ref       int             `json:"ref"`
	ID        string          `json:"id"`
	ChannelID string          `json:"channelId"`
	SenderID  string          `json:"senderId"`
	UserID    string          `json:"userId"`
	Nonce     string          `json:"nonce"`
	Text      string          `json:"text"`
	NewText   string          `json:"newText"`
	Content   string          `json:"content"`
	Seq       uint64          `json:"seq"`
	Sequence  uint64          `json:"sequence"`
	EditSeq   uint64          `json:"editSeq"`
	DeletedAt string          `json:"deletedAt"`
	Deleted   bool            `json:"deleted"`
	Position  string          `json:"position"`
	Head      string          `json:"head"`
	Code      chat.Code       `json:"code"`
	TempID    string          `json:"tempId"`
	MessageID string          `json:"messageId"`
	Messages  []frame         `json:"messages"`
	Message   json.RawMessage `json:"message"` // an error's sentence, or a message
}

// dial opens a door; token may be "" under --dev.
func dial(ctx context.Context, address, path, token string) (*socket, error) {
	target := address + path
	if token != "" {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		target += separator + "token=" + url.QueryEscape(token)
	}
	o := &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled}
	if strings.HasPrefix(path, "/v1/ws") {
		o.Subprotocols = []string{"parley.v1.json"}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, target, o)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 30)
	return &socket{conn}, nil
}

func (s *socket) send(ctx context.Context, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.conn.Write(ctx, websocket.MessageText, data)
}

func (s *socket) next(ctx context.Context) (*frame, error) {
	_, data, err := s.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	f := new(frame)
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("a frame that cannot be read: %w: %s", err, data)
	}
	return f, nil
}

// until reads up to a frame of the type. An error frame ends it.
func (s *socket) until(ctx context.Context, typ string) (*frame, error) {
	for {
		f, err := s.next(ctx)
		switch {
		case err != nil:
			return nil, err
		case f.Type == typ:
			return f, nil
		case f.Type == "error":
			return f, &chat.Error{Code: f.Code, Message: string(f.Message)}
		}
	}
}

func (s *socket) close() { _ = s.conn.CloseNow() }

// object is a frame to send.
type object map[string]any

// entry is a native frame as an entry of the log; false if it is none.
func (f *frame) entry() (history.Entry, bool) {
	e := history.Entry{Seq: f.Seq, ID: f.ID, Sender: f.UserID}
	switch f.Type {
	case "message":
		e.Kind, e.Sequence, e.Sender, e.Nonce = chat.KindMessage, f.Sequence, f.SenderID, f.Nonce
		e.Text, e.EditSeq, e.Deleted = brief(f.Text), f.EditSeq, f.DeletedAt != ""
	case "message.update":
		e.Kind, e.Text = chat.KindEdit, brief(f.NewText)
	case "message.delete":
		e.Kind = chat.KindDelete
	default:
		return e, false
	}
	return e, true
}

// brief stands for a text in a history: a long one's beginning and a hash.
func brief(text string) string {
	const most = 128
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s … %x", text[:most/2], sha256.Sum256([]byte(text)))
}
