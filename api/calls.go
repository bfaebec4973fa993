package api

import (
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

func (a *API) startCall(c *call) error {
	c.in.need("userId")
	start := chat.StartCall{To: c.in.text("userId"), Channel: c.in.text("channelId"), Data: c.in.get("data").Copy()}
	c.needSender()
	if c.in.Err != nil {
		return c.in.Err
	}
	started, err := a.hub.StartCall(c.ctx, &c.id, start)
	return c.called(started, err)
}

func (a *API) getCall(c *call) error {
	found, err := a.hub.Call(c.ctx, &c.id, c.PathValue("id"))
	return c.called(found, err)
}

func (a *API) answerCall(c *call) error {
	c.in.need("state")
	answer := chat.AnswerCall{ID: c.PathValue("id"), State: chat.CallState(c.in.text("state"))}
	c.needSender()
	if c.in.Err != nil {
		return c.in.Err
	}
	answered, err := a.hub.AnswerCall(c.ctx, &c.id, answer)
	return c.called(answered, err)
}

// called answers with the call as it now is.
func (c *call) called(call *chat.Call, err error) error {
	if err != nil {
		return err
	}
	if call == nil {
		return chat.E(chat.CodeNotFound, "there is no such call")
	}
	c.out.Open()
	wire.AppendCall(c.out, call)
	c.out.Close()
	return nil
}
