package main

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/parley-chat/parley/auth"
)

// post posts a text to the general channel, and is the message's id.
func (b *bundle) post(t *testing.T, token, body string) string {
	t.Helper()
	id, _ := b.ask(t, token, "POST", general, body).want(t, 201, "").body["id"].(string)
	return id
}

// at is what lies in v under the keys, of objects and lists.
func at(v any, keys ...any) any {
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[key]
		case int:
			list, _ := v.([]any)
			if key >= len(list) {
				return nil
			}
			v = list[key]
		}
	}
	return v
}

func TestREST_ReactionsAreCountedOnceEach(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	id := b.post(t, ada, `{"text":"x"}`)
	path := general + "/" + id + "/reactions/"
	b.ask(t, ada, "PUT", path+"%F0%9F%91%8D", "").want(t, 200, "")
	b.ask(t, bob, "PUT", path+"%F0%9F%91%8D", "").want(t, 200, "")
	m := b.ask(t, bob, "PUT", path+"%F0%9F%91%8D", "").want(t, 200, "")
	if at(m.body, "reactions", 0, "reaction") != "👍" || at(m.body, "reactions", 0, "count") != 2.0 ||
		at(m.body, "reactions", 0, "userIds", 1) != "bob" || m.body["notesSeq"] != 3.0 {
		t.Errorf("with two reactions: %s", m.text)
	}
	b.ask(t, bob, "PUT", path+"a%2Fb", "").want(t, 200, "")
	b.ask(t, ada, "DELETE", path+"a%2Fb", "").want(t, 404, "not_found")
	b.ask(t, bob, "DELETE", path+"a%2Fb", "").want(t, 200, "")
	m = b.ask(t, ada, "DELETE", path+"%F0%9F%91%8D", "").want(t, 200, "")
	if at(m.body, "reactions", 0, "count") != 1.0 || at(m.body, "reactions", 1) != nil {
		t.Errorf("with one reaction: %s", m.text)
	}
	events := b.ask(t, ada, "GET", "/v1/channels/general/events?after=1", "").want(t, 200, "").list(t, "events")
	if len(events) != 5 || events[0]["type"] != "reaction" || events[4]["on"] != false {
		t.Errorf("events %v", events)
	}
	b.ask(t, ada, "PUT", general+"/01945a3e-0000-7000-8000-000000000002/reactions/x", "").want(t, 404, "not_found")
	b.ask(t, b.secretKey(t), "PUT", path+"x", "").want(t, 400, "invalid")
	b.ask(t, b.secretKey(t), "PUT", path+"x?userId=eve", "").want(t, 200, "")
	b.ask(t, ada, "DELETE", general+"/"+id, "").want(t, 200, "")
	b.ask(t, ada, "PUT", path+"x", "").want(t, 410, "deleted")
}

func TestREST_PinsAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key, ada := b.secretKey(t), b.token(t, auth.Grant{User: "ada"})
	first, second := b.post(t, ada, `{"text":"1"}`), b.post(t, ada, `{"text":"2"}`)
	b.ask(t, ada, "PUT", general+"/"+first+"/pin", "").want(t, 403, "forbidden") // no member
	b.ask(t, ada, "PUT", "/v1/channels/general/members/ada", `{"role":"member"}`).want(t, 200, "")
	b.ask(t, ada, "PUT", general+"/"+second+"/pin", "").want(t, 200, "")
	m := b.ask(t, key, "PUT", general+"/"+first+"/pin?userId=eve", "").want(t, 200, "")
	if at(m.body, "pinned", "userId") != "eve" {
		t.Errorf("pinned: %s", m.text)
	}
	pins := b.ask(t, ada, "GET", "/v1/channels/general/pins", "").want(t, 200, "").list(t, "messages")
	if len(pins) != 2 || pins[0]["id"] != first || pins[1]["id"] != second {
		t.Errorf("pins %v", pins)
	}
	m = b.ask(t, ada, "DELETE", general+"/"+first+"/pin", "").want(t, 200, "")
	if m.body["pinned"] != nil {
		t.Errorf("no longer pinned: %s", m.text)
	}
	b.ask(t, ada, "DELETE", general+"/"+first+"/pin", "").want(t, 404, "not_found")
}

func TestREST_ThreadsAreFlat(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	root := b.post(t, ada, `{"text":"root"}`)
	b.post(t, ada, `{"text":"another"}`)
	reply := b.post(t, bob, `{"text":"0","parentId":"`+root+`"}`)
	for i := 1; i < 5; i++ {
		b.post(t, ada, `{"text":"`+strconv.Itoa(i)+`","parentId":"`+reply+`"}`)
	}
	for _, path := range []string{general + "/" + root + "/replies?", general + "?thread=" + root + "&"} {
		page := b.ask(t, bob, "GET", path+"after=0&limit=3", "").want(t, 200, "")
		var texts []any
		for _, m := range page.list(t, "messages") {
			texts = append(texts, m["text"])
			if m["parentId"] != root {
				t.Errorf("the parent of %v is not the root", m)
			}
		}
		if fmt.Sprint(texts) != "[0 1 2]" || page.body["next"] != 5.0 {
			t.Errorf("%s: %s", path, page.text)
		}
		rest := b.ask(t, bob, "GET", path+"after=5&limit=3", "").want(t, 200, "")
		if list := rest.list(t, "messages"); len(list) != 2 || rest.body["next"] != nil {
			t.Errorf("%s: the rest is %s", path, rest.text)
		}
		last := b.ask(t, bob, "GET", path+"limit=1", "").want(t, 200, "")
		if list := last.list(t, "messages"); len(list) != 1 || list[0]["text"] != "4" || last.body["next"] != 7.0 {
			t.Errorf("%s: the last is %s", path, last.text)
		}
	}
	m := b.ask(t, ada, "GET", general+"/"+root, "").want(t, 200, "")
	if at(m.body, "thread", "replies") != 5.0 || at(m.body, "thread", "userIds", 0) != "bob" || at(m.body, "thread", "userIds", 1) != "ada" {
		t.Errorf("the root: %s", m.text)
	}
	b.ask(t, bob, "DELETE", general+"/"+reply, "").want(t, 200, "")
	if m = b.ask(t, ada, "GET", general+"/"+root, "").want(t, 200, ""); at(m.body, "thread", "replies") != 4.0 {
		t.Errorf("after a delete: %s", m.text)
	}
	b.ask(t, ada, "POST", general, `{"text":"x","parentId":"none"}`).want(t, 404, "not_found")
}
