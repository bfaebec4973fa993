package native_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire/native"
)

// decoded are the requests that a frame becomes.
func decoded(frame string) (requests []chat.Request, err error) {
	err = native.Dialect().New("session").Decode([]byte(frame), func(r chat.Request) { requests = append(requests, r) })
	return requests, err
}

func listOf(messages ...string) string {
	return `{"type":"publish","ref":1,"channelId":"general","messages":[` + strings.Join(messages, ",") + `]}`
}

func TestBatch_WhatIsWrongWithAMessageIsItsOwnFault(t *testing.T) {
	t.Parallel()
	requests, err := decoded(listOf(
		`{"nonce":"n0","text":"fine"}`,
		`{"nonce":"n1","text":1}`,
		`{"nonce":"n2"}`,
		`{"nonce":"n3","text":"a","body":"b"}`,
		`{"nonce":"n4","text":"a","meta":[]}`,
		`{"nonce":"n5","text":"a","ttl":-1}`,
		`{"nonce":"n6","text":"a","mentions":"bob"}`,
		`{"nonce":"n7","text":"a","channelId":"other"}`,
		`{"nonce":"n8","text":"a","channelId":8}`,
		`{"nonce":"n9","text":"fine","channelId":"general","unknown":{}}`,
	))
	if err != nil || len(requests) != 10 {
		t.Fatalf("%d requests, %v", len(requests), err)
	}
	for i, r := range requests {
		post, _ := r.Command.(chat.Post)
		want := chat.CodeInvalid
		if i == 0 || i == 9 {
			want = ""
		}
		if chat.CodeOf(r.Fault) != want || post.Nonce != fmt.Sprint("n", i) || post.Channel != "general" || r.Ref == nil {
			t.Errorf("%d: %+v", i, r)
		}
		if first, _ := requests[0].Command.(chat.Post); post.Batch == nil || post.Batch != first.Batch {
			t.Errorf("%d is of another batch", i)
		}
	}
	if other, _ := decoded(listOf(`{"nonce":"n","text":"x"}`)); other[0].Command.(chat.Post).Batch == requests[0].Command.(chat.Post).Batch {
		t.Error("two lists are one batch")
	}
	if alone, _ := decoded(`{"type":"publish","channelId":"general","text":"x"}`); alone[0].Command.(chat.Post).Batch != nil {
		t.Error("a message alone is of a batch")
	}
}

func TestBatch_IsBounded(t *testing.T) {
	t.Parallel()
	many := func(n int) (messages []string) {
		for i := range n {
			messages = append(messages, fmt.Sprintf(`{"nonce":"n%d","text":"x"}`, i))
		}
		return messages
	}
	if requests, err := decoded(listOf(many(100)...)); err != nil || len(requests) != 100 {
		t.Errorf("100 messages: %d requests, %v", len(requests), err)
	}
	if requests, err := decoded(listOf(many(101)...)); chat.CodeOf(err) != chat.CodeTooMany || len(requests) != 0 {
		t.Errorf("101 messages: %d requests, %v", len(requests), err)
	}
	twice := append(many(3), `{"nonce":"n\u0031","text":"y"}`)
	if requests, err := decoded(listOf(twice...)); chat.CodeOf(err) != chat.CodeInvalid || len(requests) != 0 {
		t.Errorf("a nonce twice: %d requests, %v", len(requests), err)
	}
}
