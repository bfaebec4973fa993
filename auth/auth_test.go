package auth

import (
	"strings"
	"testing"
)

func TestIdentify_KnowsASecretKey(t *testing.T) {
	t.Parallel()
	id, err := setup(t, false).Identify(t.Context(), "sk_live_other_0123456789")
	if err != nil || !id.Server || id.Project != "other" || id.User != "" {
		t.Errorf("%+v, %v", id, err)
	}
}

func TestNew_RefusesWeakKeys(t *testing.T) {
	t.Parallel()
	strong := Project{Name: "p", TokenSecret: []byte(tokenSecret), AppSecret: []byte(appSecret), SecretKey: secretKey}
	for name, change := range map[string]func(*Project){
		"no name":       func(p *Project) { p.Name = "" },
		"short secret":  func(p *Project) { p.TokenSecret = p.TokenSecret[:31] },
		"no app secret": func(p *Project) { p.AppSecret = nil },
		"no prefix":     func(p *Project) { p.SecretKey = "0123456789abcdef0123" },
		"short key":     func(p *Project) { p.SecretKey = "sk_short" },
	} {
		p := strong
		change(&p)
		if _, err := New(Options{Projects: []Project{p}}); err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), tokenSecret) {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no project: taken")
	}
}
