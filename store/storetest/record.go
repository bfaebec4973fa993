package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-chat/parley/chat"
)

var recordChecks = []check{
	{"Records_ArePutReplacedAndRemoved", recordsApply},
	{"Records_ComeInKeyOrderByPrefix", recordsInOrder},
	{"Records_EndWhereVisitFails", recordsEnd},
	{"Records_AreApartFromEverythingElse", recordsApart},
}

func (b *bundle) putRecords(records map[string]string) {
	b.t.Helper()
	values := make(map[string][]byte)
	for key, value := range records {
		values[key] = []byte(value)
	}
	b.noError(b.PutRecords(b.ctx, values))
}

// records are those whose keys begin with prefix, as they come.
func (b *bundle) records(prefix string) (all []string) {
	b.t.Helper()
	b.noError(b.Records(b.ctx, prefix, func(key string, value []byte) error {
		all = append(all, fmt.Sprintf("%q=%q", key, value))
		return nil
	}))
	return all
}

func recordsApply(b *bundle) {
	b.same("none", b.records(""), []string(nil))
	b.putRecords(map[string]string{"a": "1", "b": "2", "empty": ""})
	b.putRecords(nil)
	want := []string{`"a"="1"`, `"b"="2"`, `"empty"=""`}
	for range 2 {
		b.same("records", b.records(""), want)
		b.reopen()
	}
	b.noError(b.PutRecords(b.ctx, map[string][]byte{"a": nil, "b": []byte("3"), "never": nil}))
	for range 2 {
		b.same("records", b.records(""), []string{`"b"="3"`, `"empty"=""`})
		b.reopen()
	}
}

func recordsInOrder(b *bundle) {
	b.putRecords(map[string]string{"a/\x00": "nul", "a/2": "two", "a/10": "ten", "a/\xff": "last", "a": "short", "b/1": "other"})
	within := []string{`"a/\x00"="nul"`, `"a/10"="ten"`, `"a/2"="two"`, `"a/\xff"="last"`}
	b.same("all", b.records(""), append(append([]string{`"a"="short"`}, within...), `"b/1"="other"`))
	b.same("of a prefix", b.records("a/"), within)
	b.same("of the last byte", b.records("a/\xff"), within[3:])
	b.same("of none", b.records("c"), []string(nil))
}

func recordsEnd(b *bundle) {
	b.putRecords(map[string]string{"a": "1", "b": "2", "c": "3"})
	enough, seen := errors.New("enough"), 0
	err := b.Records(b.ctx, "", func(string, []byte) error {
		if seen++; seen == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 2 {
		b.t.Errorf("%d were visited, %v", seen, err)
	}
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	if err := b.Records(ctx, "", func(string, []byte) error { return nil }); err == nil {
		b.t.Error("Records answers an ended context")
	}
}

func recordsApart(b *bundle) {
	m := b.post("x")
	b.putRecords(map[string]string{"m": "1", "acme": "2"})
	b.expire(m.At.Add(chat.DefaultRetention+day), 1)
	b.same("records", b.records(""), []string{`"acme"="2"`, `"m"="1"`})
	b.same("channels", b.channelNames("acme"), []string{"general"})
}
