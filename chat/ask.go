package chat

import "context"

// ask carries out the commands that work alike with and without a session.
func (s *Session) ask(ctx context.Context, command Command, reply *Reply) (err error) {
	h, id := s.hub, s.Identity()
	switch c := command.(type) {
	case GetState:
		reply.Epoch = h.epoch
		reply.State, err = h.State(ctx, &id, c.Channel, c.After, c.Limit)
	case Pins:
		reply.Messages, err = h.Pins(ctx, &id, c.Channel)
	case Channels:
		reply.Epoch = h.epoch
		reply.Channels, err = h.Listing(ctx, &id, c)
	case PutChannel:
		c.Settings.ID.Project = id.Project
		reply.Channel, err = h.PutChannel(ctx, &id, c.Settings)
	case DeleteChannel:
		err = h.DeleteChannel(ctx, &id, c.Channel)
	case PutMember:
		if c.Member.User == "" {
			c.Member.User = id.User
		}
		var committed Committed
		committed, err = h.PutMember(ctx, &id, c.Channel, c.Member)
		reply.Committed = &committed
	case PutProfile:
		reply.Profile, err = h.PutProfile(ctx, &id, id.User, c.Profile)
	case Block:
		err = h.Block(ctx, &id, c)
	case StartCall:
		reply.Call, err = h.startCall(ctx, &id, s, c)
	case AnswerCall:
		reply.Call, err = h.answerCall(ctx, &id, s, c)
	}
	return err
}
