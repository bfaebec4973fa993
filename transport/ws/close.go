package ws

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/parley-chat/parley/chat"
)

// closeRefused tells a client that its credentials are missing or over: it
// must not come back with the same ones. 4000 and up are free for applications.
const closeRefused ws.StatusCode = 4001

// maxReason is what a close frame has left for its text, in bytes.
const maxReason = 123

// closeCode is the close code for an error; nil is a normal end.
func closeCode(why *chat.Error) ws.StatusCode {
	if why == nil {
		return ws.StatusNormalClosure
	}
	switch why.Code {
	case chat.CodeGoingAway, chat.CodeUnavailable:
		return ws.StatusGoingAway
	case chat.CodeTokenExpired, chat.CodeTokenRevoked, chat.CodeUnauthorized:
		return closeRefused
	case chat.CodeTooLarge:
		return ws.StatusMessageTooBig
	case chat.CodeInternal:
		return ws.StatusInternalServerError
	}
	return ws.StatusPolicyViolation
}

// closeFrame is a whole close frame. Of the reason it takes as many whole
// runes as fit.
func closeFrame(code ws.StatusCode, reason string) []byte {
	for len(reason) > maxReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	payload := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(reason)), uint16(code))
	return appendFrame(nil, firstClose, append(payload, reason...))
}

// closeReply is the frame that answers a peer's close frame with this payload:
// the same code, or 1002 where the peer had no right to what it sent.
func closeReply(payload []byte) []byte {
	if len(payload) == 0 {
		return appendFrame(nil, firstClose, nil)
	}
	if len(payload) == 1 {
		return closeFrame(ws.StatusProtocolError, "")
	}
	code := ws.StatusCode(binary.BigEndian.Uint16(payload))
	if !utf8.Valid(payload[2:]) {
		return closeFrame(ws.StatusInvalidFramePayloadData, "")
	}
	if !mayClose(code) {
		return closeFrame(ws.StatusProtocolError, "")
	}
	return closeFrame(code, "")
}

// mayClose reports whether an endpoint may put code into a close frame: what
// RFC 6455, section 7.4, and the IANA registry define, and 3000 to 4999.
func mayClose(code ws.StatusCode) bool {
	switch {
	case code >= 3000 && code <= 4999:
		return true
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return false
}
