package storetest

import (
	"context"

	"github.com/parley-chat/parley/chat"
)

var lifetimeChecks = []check{
	{"Epoch_StaysAcrossReopening", epochStays},
	{"Reopen_GoesOnWhereItStopped", reopenGoesOn},
	{"Close_MakesEverythingUnavailable", closeMakesUnavailable},
	{"Context_EndedIsAnError", contextEnded},
}

func epochStays(b *bundle) {
	epoch := b.Epoch()
	if _, err := chat.ParsePosition(chat.Position{Epoch: epoch, Seq: 1}.String()); err != nil {
		b.t.Errorf("epoch %q makes no position: %v", epoch, err)
	}
	b.post("x")
	b.reopen()
	b.same("epoch", b.Epoch(), epoch)
}

func reopenGoesOn(b *bundle) {
	m := b.must(withNonce(message(general, "ann", "one"), "n"))
	b.must(edit(m, "two"))
	h := b.head(general)
	b.reopen()
	b.same("head", b.head(general), h)
	c, err := b.try(withNonce(message(general, "ann", "one"), "n"))
	b.noError(err)
	if !c.Repeated || c.Event.ID != m.ID {
		b.t.Errorf("the nonce was forgotten: %+v", c)
	}
	if e := b.post("three"); e.Seq != 3 || e.Sequence != 1 {
		b.t.Errorf("the next event is %+v", e)
	}
}

func closeMakesUnavailable(b *bundle) {
	m := b.post("x")
	waits := []<-chan result{b.queue(message(general, "ann", "waits")), b.queue(message(general, "ann", "too"))}
	b.noError(b.Close())
	b.noError(b.Close())
	for _, wait := range waits {
		b.noError((<-wait).err)
	}
	_, err := b.try(message(general, "ann", "late"))
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Head(b.ctx, general)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Events(b.ctx, general, 0, 1)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Messages(b.ctx, general, chat.Page{Limit: 1})
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Message(b.ctx, general, m.ID)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.Channel(b.ctx, general)
	b.wantCode(err, chat.CodeUnavailable)
	_, err = b.MoveCursors(b.ctx, []chat.Cursor{{Channel: general, User: "ann", Read: 1}})
	b.wantCode(err, chat.CodeUnavailable)
	b.wantCode(b.PutChannel(b.ctx, &chat.Channel{ID: general, Kind: chat.Open}), chat.CodeUnavailable)
	_, err = b.Referenced(b.ctx, "acme", fileA)
	b.wantCode(err, chat.CodeUnavailable)
	b.wantCode(b.Records(b.ctx, "", func(string, []byte) error { return nil }), chat.CodeUnavailable)
	b.wantCode(b.PutRecords(b.ctx, map[string][]byte{"a": nil}), chat.CodeUnavailable)
	_, err = b.Expire(b.ctx, m.At)
	b.wantCode(err, chat.CodeUnavailable)
}

func contextEnded(b *bundle) {
	b.post("x")
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	if _, err := b.Head(ctx, general); err == nil {
		b.t.Error("Head answers an ended context")
	}
	if _, err := b.MoveCursors(ctx, []chat.Cursor{{Channel: general, User: "ann", Read: 1}}); err == nil {
		b.t.Error("MoveCursors answers an ended context")
	}
	if err := b.PutUsers(ctx, []*chat.User{{Project: "acme", ID: "ann"}}); err == nil {
		b.t.Error("PutUsers answers an ended context")
	}
}
