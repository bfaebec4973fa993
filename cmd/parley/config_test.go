package main

import (
	"regexp"
	"testing"

	"github.com/alecthomas/kong"
)

// notSecret are flags whose names sound like secrets and are none.
var notSecret = map[string]bool{"token-audience": true, "token-leeway": true}

// A secret without its tag would be printed by `parley config check`, and could
// not be had from a file.
func TestFlags_ThatHoldSecretsSaySo(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{}, kong.DefaultEnvars("PARLEY"))
	if err != nil {
		t.Fatal(err)
	}
	sounds := regexp.MustCompile(`secret|password|token|(^|-)key$`)
	secrets := 0
	err = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			switch {
			case isSecret(flag):
				secrets++
			case sounds.MatchString(flag.Name) && !notSecret[flag.Name]:
				t.Errorf("--%s sounds like a secret: give its field the tag `secret`, or its name to notSecret", flag.Name)
			}
		}
		return next(nil)
	})
	if err != nil || secrets < 4 {
		t.Errorf("%d secrets, %v", secrets, err)
	}
}
