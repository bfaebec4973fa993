package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-chat/parley/auth"
)

func TestDeleteChannel_IsFoundNowhere(t *testing.T) {
	t.Parallel()
	b := setup(t, withSearch)
	s := b.private(t, map[string]string{"mia": "member"})
	key, mia, olga := b.secretKey(t), b.token(t, auth.Grant{User: "mia"}), b.token(t, auth.Grant{User: "olga"})
	link := b.ask(t, mia, "POST", "/v1/files/"+s.file+"/link", "").want(t, http.StatusOK, "").field(t, "url")
	b.ask(t, key, "POST", "/v1/channels/general/messages?userId=mia", `{"text":"nobody else"}`).want(t, http.StatusCreated, "")
	if got := b.found(t, mia, "nobody", 2); len(got) != 2 {
		t.Fatalf("mia finds %q", got)
	}
	b.ask(t, olga, "DELETE", "/v1/channels/private", "").want(t, http.StatusNoContent, "")
	for name, token := range map[string]string{"mia": mia, "the back end": key} {
		if got := b.found(t, token, "nobody", 1); len(got) != 1 || got[0] != "nobody else" {
			t.Errorf("%s finds %q", name, got)
		}
		if a := b.ask(t, token, "GET", "/v1/search?q=nobody&channel=private", "").want(t, http.StatusOK, ""); len(a.list(t, "messages")) != 0 {
			t.Errorf("%s finds %s", name, a.text)
		}
		b.ask(t, token, "GET", "/files/"+s.file, "").want(t, http.StatusGone, "deleted")
	}
	b.ask(t, "", "GET", link, "").want(t, http.StatusGone, "deleted")
	if list := b.ask(t, mia, "GET", "/v1/users/mia/channels", "").want(t, http.StatusOK, "").text; strings.Contains(list, "private") {
		t.Errorf("mia has %s", list)
	}
	if list := b.ask(t, key, "GET", "/v1/channels", "").want(t, http.StatusOK, "").text; strings.Contains(list, "private") {
		t.Errorf("there are %s", list)
	}
}
