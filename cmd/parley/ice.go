package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-chat/parley/api"
)

// ICE are the servers that devices in a call need for reaching each other.
type ICE struct {
	STUNURL    []string      `name:"stun-url" placeholder:"URL" help:"A STUN server that calls may ask, stun:HOST:PORT; repeatable."`
	TURNURL    []string      `name:"turn-url" placeholder:"URL" help:"A TURN server that calls may use, turn:HOST:PORT?transport=udp or turns:…; repeatable. See docs/calls.md."`
	TURNSecret string        `name:"turn-secret" secret:"" placeholder:"SECRET" help:"What the TURN servers and this one share: users' credentials are made from it."`
	TURNTTL    time.Duration `name:"turn-ttl" default:"12h" placeholder:"DURATION" help:"For how long such credentials are good. Default: 12h."`
}

func (i *ICE) checkICE() error {
	for _, url := range i.STUNURL {
		if !beginsWith(url, "stun:", "stuns:") {
			return fmt.Errorf("--stun-url: %q does not read stun:HOST:PORT", url)
		}
	}
	for _, url := range i.TURNURL {
		if !beginsWith(url, "turn:", "turns:") {
			return fmt.Errorf("--turn-url: %q does not read turn:HOST:PORT", url)
		}
	}
	switch {
	case len(i.TURNURL) > 0 && i.TURNSecret == "":
		return fmt.Errorf("--turn-url: users' credentials are made from --turn-secret, which is missing")
	case i.TURNSecret != "" && len(i.TURNURL) == 0:
		return fmt.Errorf("--turn-secret says something of --turn-url only")
	case i.TURNTTL < 0:
		return fmt.Errorf("--turn-ttl is not negative")
	}
	return nil
}

func beginsWith(url string, schemes ...string) bool {
	return slices.ContainsFunc(schemes, func(scheme string) bool {
		rest, ok := strings.CutPrefix(url, scheme)
		return ok && rest != ""
	})
}

// servers are the settings as the REST door has them.
func (i *ICE) servers() api.ICE {
	return api.ICE{STUN: i.STUNURL, TURN: i.TURNURL, Secret: i.TURNSecret, TTL: i.TURNTTL}
}
