package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/parley-chat/parley/chat"
)

var cursorChecks = []check{
	{"Cursor_NeverMovesBack", cursorNeverBack},
	{"Cursor_StopsAtTheDurableHead", cursorStopsAtHead},
	{"Cursor_OfManyAtOnceIsTheGreatest", cursorRaces},
	{"Cursors_ComeInUserOrder", cursorsInOrder},
}

func (b *bundle) move(moves ...chat.Cursor) []chat.Cursor {
	b.t.Helper()
	got, err := b.MoveCursors(b.ctx, moves)
	b.noError(err)
	return got
}

func (b *bundle) cursor(user string) chat.Cursor {
	b.t.Helper()
	c, err := b.Cursor(b.ctx, general, user)
	b.noError(err)
	return c
}

func cursorNeverBack(b *bundle) {
	for i := range 10 {
		b.post(fmt.Sprint(i))
	}
	b.same("zero", b.cursor("ann"), chat.Cursor{Channel: general, User: "ann"})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	far := chat.Cursor{Channel: general, User: "ann", Delivered: 8, Read: 5, ReadNext: 5, ReadAt: at}
	b.same("moved", b.move(far), []chat.Cursor{far})
	back := chat.Cursor{Channel: general, User: "ann", Delivered: 3, Read: 6, ReadNext: 2, ReadAt: at.Add(-time.Hour)}
	want := far
	want.Read = 6
	b.same("each field is the greater", b.move(back), []chat.Cursor{want})
	b.same("stored", b.cursor("ann"), want)
	b.reopen()
	b.same("after reopening", b.cursor("ann"), want)
	b.same("moved again", b.move(back), []chat.Cursor{want})
	two := b.move(chat.Cursor{Channel: general, User: "ann", Read: 9}, chat.Cursor{Channel: general, User: "ann", Read: 7})
	b.same("twice at once", []uint64{two[0].Read, two[1].Read}, []uint64{9, 9})
}

func cursorStopsAtHead(b *bundle) {
	b.post("x")
	got := b.move(chat.Cursor{Channel: general, User: "ann", Delivered: 100, Read: 100, ReadNext: 100})
	b.same("clamped", got, []chat.Cursor{{Channel: general, User: "ann", Delivered: 1, Read: 1, ReadNext: 1}})
	none := chat.ChannelID{Project: "acme", Name: "none"}
	got = b.move(chat.Cursor{Channel: none, User: "ann", Read: 100})
	b.same("of no log", got, []chat.Cursor{{Channel: none, User: "ann"}})
	_, err := b.MoveCursors(b.ctx, []chat.Cursor{{Channel: general, Read: 1}})
	b.wantCode(err, chat.CodeInvalid)
}

func cursorRaces(b *bundle) {
	const n = 50
	for i := range n {
		b.post(fmt.Sprint(i))
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			to := uint64((i*37)%n + 1)
			got, err := b.MoveCursors(b.ctx, []chat.Cursor{{Channel: general, User: "ann", Read: to}})
			if err != nil || got[0].Read < to {
				b.t.Errorf("moved to %v, %v; want at least %d", got, err, to)
			}
			if c, err := b.Cursor(b.ctx, general, "ann"); err != nil || c.Read < to {
				b.t.Errorf("read %v, %v; want at least %d", c, err, to)
			}
		})
	}
	wg.Wait()
	b.same("greatest", b.cursor("ann").Read, uint64(n))
}

func cursorsInOrder(b *bundle) {
	b.post("x")
	for i := range 10 {
		b.move(chat.Cursor{Channel: general, User: fmt.Sprint("u", (i*7)%10), Read: 1})
	}
	var got []string
	for after := ""; ; {
		cs, err := b.Cursors(b.ctx, general, after, 3)
		b.noError(err)
		if len(cs) == 0 {
			break
		}
		for _, c := range cs {
			got = append(got, c.User)
			after = c.User
		}
	}
	b.same("users", got, []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"})
}
