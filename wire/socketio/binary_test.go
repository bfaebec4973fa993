package socketio_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/socketio"
)

func TestC8_AttachmentsAreKeptInTheMessage(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	c.say(text(`2["join-room","general"]`))
	place := func(n int) string { return fmt.Sprintf(`{"_placeholder":true,"num":%d}`, n) }
	if code := c.say(text(`52-["message",{"text":"hi","b":`+place(1)+`,"a":[`+place(0)+`]}]`), binary(1, 2, 3), binary(0xff)); code != "" {
		t.Fatal(code)
	}
	want := `{"text":"hi","b":{"_binary":"/w=="},"a":[{"_binary":"AQID"}]}`
	if got := string(c.asked[0].Command.(chat.Post).Body); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	for _, args := range []string{
		`1`, place(0), `[` + place(0) + `,` + place(0) + `]`, `[` + place(0) + `,` + place(2) + `]`,
		`[` + place(0) + `,{"_placeholder":true,"num":-1}]`, `[` + place(0) + `,{"_placeholder":true}]`,
		`[` + place(0) + `,{"_placeholder":true,"num":"1"}]`, `[` + place(0) + `,{"_placeholder":true,"num":1,"x":1}]`,
		`[` + place(0) + `,{"_placeholder":1,"num":1}]`,
	} {
		if code := c.say(text(`52-["message",`+args+`]`), binary(1), binary(2)); code != chat.CodeInvalid {
			t.Errorf("%s: %q", args, code)
		}
	}
}

// More than clients take would cut them off; so they get it as text.
func TestC8_TooManyAttachmentsStayText(t *testing.T) {
	t.Parallel()
	c := come(t, socketio.Events())
	body := `{"a":[` + strings.TrimSuffix(strings.Repeat(`{"_binary":"AQID"},`, socketio.MaxAttachments+1), ",") + `]}`
	if got := c.tell(&chat.Delivery{Event: message(body)}); !strings.HasPrefix(got, `2["message",{"a":[{"_binary":"AQID"}`) {
		t.Errorf("told %s", got)
	}
}
