package main

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestREST_AUsersChannelsAreListedByActivity(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	ada, bob := b.token(t, auth.Grant{User: "ada"}), b.token(t, auth.Grant{User: "bob"})
	for _, name := range []string{"one", "two", "three"} {
		b.ask(t, key, "PUT", "/v1/channels/"+name+"/members/ada?userId=eve", `{"role":"member"}`).want(t, 200, "")
	}
	b.ask(t, bob, "POST", "/v1/channels/elsewhere/messages", `{"text":"x"}`).want(t, 201, "")
	b.ask(t, bob, "POST", "/v1/channels/dm:ada:bob/messages", `{"text":"psst"}`).want(t, 201, "")
	b.ask(t, bob, "POST", "/v1/channels/two/messages", `{"text":"a"}`).want(t, 201, "")
	b.ask(t, ada, "PUT", "/v1/channels/two/cursors/ada", `{"read":2}`).want(t, 200, "")
	b.ask(t, bob, "POST", "/v1/channels/two/messages", `{"text":"b"}`).want(t, 201, "")
	b.ask(t, bob, "POST", "/v1/channels/two/messages", `{"text":"c","mentions":["ada"]}`).want(t, 201, "")

	list := b.ask(t, ada, "GET", "/v1/users/ada/channels", "").want(t, 200, "").list(t, "channels")
	if len(list) != 4 || list[0]["id"] != "two" || list[1]["id"] != "dm:ada:bob" {
		t.Fatalf("the list is %v", list)
	}
	two := list[0]
	if two["unread"] != 2.0 || two["mentions"] != 1.0 || two["read"] != 2.0 || two["role"] != "member" || at(two["last"], "text") != "c" {
		t.Errorf("two is %v", two)
	}
	if list[1]["kind"] != "direct" || list[1]["unread"] != 1.0 || list[2]["last"] != nil {
		t.Errorf("the list is %v", list)
	}
	var paged []any
	for after := ""; ; {
		page := b.ask(t, key, "GET", "/v1/users/ada/channels?limit=1&after="+url.QueryEscape(after), "").want(t, 200, "")
		for _, c := range page.list(t, "channels") {
			paged = append(paged, c["id"])
		}
		next, more := page.body["next"].(string)
		if !more {
			break
		}
		after = next
	}
	if want := []any{list[0]["id"], list[1]["id"], list[2]["id"], list[3]["id"]}; fmt.Sprint(paged) != fmt.Sprint(want) {
		t.Errorf("in pages %v, want %v", paged, want)
	}
	b.ask(t, ada, "GET", "/v1/users/ada/channels?after=x", "").want(t, 400, "invalid")
	if none := b.ask(t, b.token(t, auth.Grant{User: "zed"}), "GET", "/v1/users/zed/channels", "").want(t, 200, "").list(t, "channels"); len(none) != 0 {
		t.Errorf("zed has %v", none)
	}
}

func TestREST_OneJoinsAndLeavesByOneself(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	const me = "/v1/channels/general/members/ada"
	joined := b.ask(t, ada, "PUT", me, `{"role":"member"}`).want(t, 200, "")
	if joined.body["role"] != "member" || joined.body["by"] != "ada" {
		t.Errorf("joined %s", joined.text)
	}
	b.ask(t, ada, "PUT", me, `{"role":"owner"}`).want(t, 403, "forbidden")
	b.ask(t, ada, "PUT", "/v1/channels/general/members/bob", `{"role":"member"}`).want(t, 403, "forbidden")
	b.ask(t, ada, "DELETE", me, "").want(t, 200, "")
	b.ask(t, ada, "GET", me, "").want(t, 404, "not_found")
	b.ask(t, b.secretKey(t), "PUT", "/v1/channels/closed?userId=eve", `{"kind":"private"}`).want(t, 200, "")
	b.ask(t, ada, "PUT", "/v1/channels/closed/members/ada", `{"role":"member"}`).want(t, 403, "forbidden")
	b.ask(t, b.secretKey(t), "PUT", me, `{"role":"","banned":true}`).want(t, 200, "")
	b.ask(t, ada, "PUT", me, `{"role":"member"}`).want(t, 403, "banned")
}

func TestREST_CursorsSayWhatIsUnread(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	for range 5 {
		b.post(t, ada, `{"text":"x"}`)
	}
	moved := b.ask(t, ada, "PUT", "/v1/channels/general/cursors/ada", `{"read":3}`).want(t, 200, "")
	if moved.body["unread"] != 2.0 {
		t.Errorf("moved %s", moved.text)
	}
	b.post(t, ada, `{"text":"x"}`)
	cursors := b.ask(t, ada, "GET", "/v1/channels/general/cursors", "").want(t, 200, "").list(t, "cursors")
	if len(cursors) != 1 || cursors[0]["unread"] != 3.0 {
		t.Errorf("cursors %v", cursors)
	}
}

// Lists of names are cut in the same way, wherever they are.
func TestREST_ListsOfNamesGoOnAfterNext(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	key := b.secretKey(t)
	for i := range 5 {
		name := fmt.Sprintf("u%d", i)
		b.ask(t, key, "PUT", "/v1/channels/c"+name+"?userId=eve", `{}`).want(t, 200, "")
		b.ask(t, key, "PUT", "/v1/channels/general/members/"+name+"?userId=eve", `{"role":"member"}`).want(t, 200, "")
		b.ask(t, key, "PUT", "/v1/users/"+name, `{"userName":"x"}`).want(t, 200, "")
		b.ask(t, key, "PUT", "/v1/users/eve/blocks/"+name, "").want(t, 204, "")
		b.ask(t, key, "PUT", "/v1/channels/general/state/"+name, `{"value":1}`).want(t, 200, "")
		b.ask(t, key, "POST", general+"?userId="+name, `{"text":"x"}`).want(t, 201, "")
		b.ask(t, key, "PUT", "/v1/channels/general/cursors/"+name, `{"read":1}`).want(t, 200, "")
	}
	for path, keys := range map[string][2]string{
		"/v1/channels":                 {"channels", "id"},
		"/v1/channels/general/members": {"members", "userId"},
		"/v1/channels/general/cursors": {"cursors", "userId"},
		"/v1/channels/general/state":   {"keys", "key"},
		"/v1/users":                    {"users", "userId"},
		"/v1/users/eve/blocks":         {"blocks", "userId"},
	} {
		whole := b.ask(t, key, "GET", path, "").want(t, 200, "")
		if whole.body["next"] != nil {
			t.Errorf("%s has more after all: %s", path, whole.text)
		}
		var want, got []any
		for _, item := range whole.list(t, keys[0]) {
			want = append(want, item[keys[1]])
		}
		if len(want) < 5 {
			t.Errorf("%s has only %v", path, want)
		}
		for after, pages := "", 0; pages < 10; pages++ {
			page := b.ask(t, key, "GET", path+"?limit=2&after="+url.QueryEscape(after), "").want(t, 200, "")
			for _, item := range page.list(t, keys[0]) {
				got = append(got, item[keys[1]])
			}
			next, more := page.body["next"].(string)
			if !more {
				break
			}
			after = next
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: in pages %v, whole %v", path, got, want)
		}
		for _, query := range []string{"?limit=0", "?limit=-1", "?limit=x", "?limit="} {
			b.ask(t, key, "GET", path+query, "").want(t, 400, "invalid")
		}
		b.ask(t, key, "GET", path+"?limit=1000000", "").want(t, 200, "")
	}
}
