package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-chat/parley/chat"
)

var fileChecks = []check{
	{"Referenced_AsLongAsAMessageNamesTheFile", fileReferenced},
	{"Referenced_ByOneOfManyMessages", fileReferencedByMany},
	{"Referenced_NotByWhatWasEditedAway", fileEditedAway},
	{"Referenced_UntilItsMessageExpires", fileExpires},
	{"Referenced_ByAnEditThatOutlivesItsMessage", fileOutlives},
	{"Referenced_InFlight", fileInFlight},
}

// Files that tests name.
var (
	fileA = strings.Repeat("A", 26)
	fileB = strings.Repeat("B", 26)
)

// naming is a body that names files.
func naming(files ...string) string {
	body := `{"type":"file"`
	for i, file := range files {
		body += fmt.Sprintf(`,"url%d":"%s%s"`, i, chat.FilePrefix, file)
	}
	return body + "}"
}

// sharing posts a message that names files.
func (b *bundle) sharing(ch chat.ChannelID, files ...string) *chat.Event {
	b.t.Helper()
	d := message(ch, "ann", "")
	d.Body = []byte(naming(files...))
	return b.must(d)
}

// instead is an edit whose body names files.
func instead(of *chat.Event, files ...string) *chat.Draft {
	d := edit(of, "")
	d.Body = []byte(naming(files...))
	return d
}

// references checks which of the two files are referenced.
func (b *bundle) references(project string, want ...string) {
	b.t.Helper()
	var got []string
	for _, file := range []string{fileA, fileB} {
		found, err := b.Referenced(b.ctx, project, file)
		b.noError(err)
		if found {
			got = append(got, file)
		}
	}
	b.same("referenced", got, append([]string(nil), want...))
}

func fileReferenced(b *bundle) {
	b.references("acme")
	m := b.sharing(general, fileA, fileA)
	text := b.post("see " + chat.FilePrefix + fileB + "?x=1")
	for range 2 {
		b.references("acme", fileA, fileB)
		b.references("other")
		b.reopen()
	}
	for _, file := range []string{"", fileA[:25], fileA + "A", "x\x00y"} {
		if found, err := b.Referenced(b.ctx, "acme", file); err != nil || found {
			b.t.Errorf("%q: %v, %v", file, found, err)
		}
	}
	b.must(deletion(m))
	b.references("acme", fileB)
	b.must(deletion(text))
	b.references("acme")
	b.must(set("key", naming(fileA))) // what is no message's body refers to nothing
	b.references("acme")
}

func fileReferencedByMany(b *bundle) {
	elsewhere := chat.ChannelID{Project: "acme", Name: "elsewhere"}
	all := []*chat.Event{b.sharing(general, fileA), b.sharing(elsewhere, fileA, fileB), b.sharing(general, fileA)}
	b.must(deletion(all[0]))
	b.references("acme", fileA, fileB)
	b.must(deletion(all[1]))
	b.references("acme", fileA)
	b.must(deletion(all[2]))
	b.references("acme")
}

func fileEditedAway(b *bundle) {
	m := b.sharing(general, fileA)
	b.must(instead(m, fileA, fileB))
	b.references("acme", fileA, fileB)
	b.must(instead(m, fileB))
	b.references("acme", fileB)
	b.must(edit(m, "none"))
	b.references("acme")
	b.must(instead(m, fileA))
	b.reopen()
	b.references("acme", fileA)
	b.must(deletion(m))
	b.references("acme")
}

func fileExpires(b *bundle) {
	first := b.sharing(general, fileA)
	b.opened.Advance(day)
	last := b.sharing(general, fileB)
	b.expire(last.At.Add(chat.DefaultRetention), 1)
	for range 2 {
		b.references("acme", fileB)
		b.reopen()
	}
	b.expire(last.At.Add(chat.DefaultRetention+day), 1)
	b.references("acme")
	if again := b.sharing(general, fileA); again.Seq != first.Seq+2 {
		b.t.Errorf("posted as %d", again.Seq)
	}
	b.references("acme", fileA)
}

func fileOutlives(b *bundle) {
	m, n := b.sharing(general, fileA), b.sharing(general, fileB)
	b.opened.Advance(day)
	b.must(instead(m, fileA, fileB))
	b.must(instead(m, fileA))
	last := b.must(edit(n, "none"))
	b.expire(last.At.Add(chat.DefaultRetention), 2)
	for range 2 {
		b.references("acme", fileA)
		b.reopen()
	}
	b.expire(last.At.Add(chat.DefaultRetention+time.Hour), 3)
	b.references("acme")
}

// fileInFlight queues messages' whole lives without waiting between.
func fileInFlight(b *bundle) {
	for i := range 10 {
		m := b.sharing(general, fileA)
		drafts := []*chat.Draft{instead(m, fileB), instead(m, fileA, fileB), instead(m, fileB)}
		want := []string{fileB}
		if i%2 == 1 {
			drafts, want = append(drafts, deletion(m)), nil
		}
		var waits []<-chan result
		for _, d := range drafts {
			waits = append(waits, b.queue(d))
		}
		for _, wait := range waits {
			b.noError((<-wait).err)
		}
		b.references("acme", want...)
		if i%2 == 0 {
			b.must(deletion(m))
		}
	}
}
