package api

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"time"
)

// ICE names the servers that devices need for reaching each other: STUN tells
// them their addresses, TURN relays where there is no other way.
type ICE struct {
	STUN []string // urls: stun:host:port
	TURN []string // urls: turn:host:port?transport=udp, turns:…

	// Secret is shared with the TURN servers, who take credentials made from it
	// for TTL; 0: 12 hours. (coturn: use-auth-secret, static-auth-secret.)
	Secret string
	TTL    time.Duration
}

const iceLasts = 12 * time.Hour

// credentials are a user's for the TURN servers until a time, as
// draft-uberti-behave-turn-rest-00 has them: the end and the user as name, and
// the HMAC-SHA1 of that as password. The algorithm is the TURN servers'.
func (i *ICE) credentials(user string, until time.Time) (name, password string) {
	name = strconv.FormatInt(until.Unix(), 10) + ":" + user
	mac := hmac.New(sha1.New, []byte(i.Secret))
	mac.Write([]byte(name))
	return name, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// listICE answers GET /v1/ice-servers: iceServers is what RTCPeerConnection
// takes.
func (a *API) listICE(c *call) error {
	c.needSender()
	if c.in.Err != nil {
		return c.in.Err
	}
	ice := &a.options.ICE
	lasts := ice.TTL
	if lasts <= 0 {
		lasts = iceLasts
	}
	until := a.options.Now().Add(lasts)
	c.out.Open()
	c.out.Array("iceServers")
	if len(ice.STUN) > 0 {
		c.out.Open()
		c.out.Strings("urls", ice.STUN)
		c.out.Close()
	}
	if len(ice.TURN) > 0 {
		name, password := ice.credentials(c.id.User, until)
		c.out.Open()
		c.out.Strings("urls", ice.TURN)
		c.out.String("username", name)
		c.out.String("credential", password)
		c.out.Close()
	}
	c.out.End()
	c.out.Time("expiresAt", until)
	c.out.Close()
	return nil
}
