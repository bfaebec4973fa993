package terminal

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"pgregory.net/rapid"
)

// sgr is what the program itself writes to style text.
var sgr = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// obeyed are the characters of a screen that a terminal would obey, or that
// turn what follows, besides styles and line ends.
func obeyed(screen string) string {
	var bad strings.Builder
	for _, r := range sgr.ReplaceAllString(screen, "") {
		if r != '\n' && (unicode.IsControl(r) || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069') {
			bad.WriteRune(r)
		}
	}
	return bad.String()
}

// hostile is a text with everything in it that terminals are attacked with.
const hostile = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b5n\u009b6n\x90q\x1bP+q\x1b\\\r\x08\x7f\u202Edlrow\u2066 \x1b[201~\x00\x1b_Gi=1\x1b\\"

// attacked is a program in which everything that others can say is hostile.
func attacked(text string) *app {
	a := &app{o: Options{Channel: "general"}, rooms: map[string]*room{}, width: 80, height: 24, me: "me"}
	a.open = a.room("general")
	a.status = client.Status{State: client.Connected, UserID: "me", Name: text}
	a.myName, a.trying = text, errors.New(text)
	r := a.open
	r.title, r.loaded, r.older = text, true, false
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	messages := []*client.Message{
		{
			ID: "1", SenderID: "eve" + text, SenderName: text, Text: text, CreatedAt: at, Seq: 1, NotesSeq: 9, Mentions: []string{"me"},
			Reactions: []client.Tally{{Reaction: text, Count: 1, UserIDs: []string{text}}},
			Thread:    &client.Thread{Replies: 1}, Pinned: &client.Pinned{UserID: text},
		},
		{ID: "2", SenderID: "me", SenderName: text, Text: text, ParentID: "1", CreatedAt: at, Seq: 2},
	}
	r.view.AddPage(&client.Page{Messages: messages, Head: client.Position{Epoch: "e", Seq: 9}})
	for _, m := range messages {
		r.heard(m)
		r.refresh(m.ID)
	}
	r.level(&client.Level{
		Present: []client.Presence{{UserID: text, UserName: text, Custom: text}, {UserID: "ben", UserName: text, Status: chat.Away}},
		Typing:  []client.Presence{{UserID: text, UserName: text}},
		Cursors: []client.Cursor{{UserID: text, Read: 9, Delivered: 9}},
	})
	r.waiting = append(r.waiting, &entry{sender: "me", text: text, fate: failed, why: text, at: at})
	a.room("other" + text).unread = 3
	a.room(chat.DirectName("me", "eve"+text)).unread = 100
	return a
}

// screens are all that the program can show, one after the other.
func screens(a *app, text string) []string {
	shots := []string{a.View().Content, a.View().WindowTitle}
	shoot := func() { shots = append(shots, a.View().Content) }
	a.width, a.height = 120, 40
	shoot()
	a.notice = notice{text: text, bad: true}
	shoot()
	a.notice = notice{}
	a.status.State = client.Reconnecting
	shoot()
	a.open.picked, a.open.reply = a.open.entries[0], a.open.entries[0]
	a.open.input.insert(text)
	shoot()
	a.remove("")
	shoot()
	a.sure, a.choice = nil, &choice{options: []string{text, "x"}}
	shoot()
	a.pinned(pinned{a.open, []*client.Message{a.open.entries[0].msg}, nil})
	shoot()
	a.sheet, a.choice = nil, nil
	a.open.fault = errors.New(text)
	shoot()
	for _, r := range a.rooms {
		a.open = r
		shoot()
		shots = append(shots, a.View().WindowTitle)
	}
	return shots
}

func TestScreen_ShowsNothingThatATerminalObeys(t *testing.T) {
	t.Parallel()
	for i, shot := range screens(attacked(hostile), hostile) {
		if bad := obeyed(shot); bad != "" {
			t.Errorf("screen %d holds %q:\n%q", i, bad, shot)
		}
		if strings.Contains(shot, "\x1b[31m") {
			t.Errorf("screen %d is painted by somebody else", i)
		}
	}
}

func TestScreen_IsAsLargeAsItsTerminalWhateverIsSaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab \n👍👨‍👩‍👧日é\u0301\u200d\ufe0f\x1b[;m\t🇩🇪한"), unicode.Han, unicode.Latin), 0, 200, -1).Draw(t, "text")
		a := attacked(text)
		a.width, a.height = rapid.IntRange(40, 130).Draw(t, "width"), rapid.IntRange(8, 50).Draw(t, "height")
		a.measure(cells(rapid.IntRange(0, 1).Draw(t, "method")))
		a.open.input.insert(text)
		v := a.View()
		lines := strings.Split(v.Content, "\n")
		if len(lines) != a.height {
			t.Fatalf("%d lines on a terminal of %d", len(lines), a.height)
		}
		for _, line := range lines {
			if n := a.cells.width(line); n > a.width {
				t.Fatalf("%d cells on a terminal of %d: %q", n, a.width, line)
			}
		}
		if v.Cursor.X >= a.width || v.Cursor.Y >= a.height {
			t.Fatalf("the cursor is at %d, %d", v.Cursor.X, v.Cursor.Y)
		}
		if bad := obeyed(v.Content); bad != "" {
			t.Fatalf("it holds %q", bad)
		}
	})
}

func TestEditor_IsTextWithAPlaceInIt(t *testing.T) {
	t.Parallel()
	keys := []string{
		"left", "right", "home", "end", "ctrl+left", "ctrl+right", "backspace", "delete",
		"ctrl+w", "alt+d", "ctrl+u", "ctrl+k", "ctrl+j", "ctrl+a", "ctrl+e",
	}
	rapid.Check(t, func(t *rapid.T) {
		var e editor
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "type") {
				e.insert(rapid.StringOfN(rapid.RuneFrom([]rune("ab c\n👍é\u0301🇩🇪\u200d\x1b")), 0, 5, -1).Draw(t, "text"))
			} else {
				e.key(rapid.SampledFrom(keys).Draw(t, "key"))
			}
			if e.at < 0 || e.at > len(e.chars) || slices.Contains(e.chars, "") {
				t.Fatalf("at %d of %q", e.at, e.chars)
			}
			n := rapid.IntRange(2, 40).Draw(t, "cells")
			rows, row, column := e.rows(n, 0)
			if row >= len(rows) || column > n {
				t.Fatalf("the place is %d, %d in %q of %d cells", row, column, rows, n)
			}
			if got := strings.Join(rows, ""); got != strings.ReplaceAll(e.text(), "\n", "") {
				t.Fatalf("%q is shown as %q", e.text(), rows)
			}
		}
	})
}

func TestEditor_TakesTheKeysOfALine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ keys, want string }{
		{"hello", "hello|"},
		{"hello <ctrl+w>", "|"},
		{"say hello<ctrl+w>", "say |"},
		{"say hello<ctrl+a><alt+d>", "| hello"},
		{"ab<left><backspace>", "|b"},
		{"ab<left><delete>", "a|"},
		{"one<ctrl+j>two<ctrl+u>", "one\n|"},
		{"one<ctrl+j>two<home><ctrl+k>", "one\n|"},
		{"👨‍👩‍👧x<backspace><backspace>", "|"},
		{"a b<ctrl+left><ctrl+left><ctrl+right>", "a| b"},
	} {
		var e editor
		rest := c.keys
		for rest != "" {
			if name, after, ok := strings.Cut(strings.TrimPrefix(rest, "<"), ">"); ok && rest[0] == '<' {
				e.key(name)
				rest = after
				continue
			}
			char := clusters(rest)[0]
			e.insert(char)
			rest = rest[len(char):]
		}
		if got := strings.Join(e.chars[:e.at], "") + "|" + strings.Join(e.chars[e.at:], ""); got != c.want {
			t.Errorf("%s: got %q, want %q", c.keys, got, c.want)
		}
	}
}
