package api

import "time"

// NewCall says whom to call.
type NewCall struct {
	UserID    string `json:"userId"`
	ChannelID string `json:"channelId,omitempty" doc:"Where the call's event goes; the direct channel of the two if it is left out"`
	Data      any    `json:"data,omitempty" doc:"For the other side; at most 16,384 bytes"`
}

// CallAnswer moves a call on.
type CallAnswer struct {
	State string `json:"state" enum:"accepted,declined,busy,ended" doc:"The first three by the callee, while it rings; the last by either"`
}

// Call is one attempt of a user to talk to another.
type Call struct {
	CallID     string     `json:"callId"`
	State      string     `json:"state" enum:"ringing,accepted,declined,busy,ended,missed"`
	CallerID   string     `json:"callerId"`
	CallerName string     `json:"callerName,omitempty"`
	CalleeID   string     `json:"calleeId"`
	ChannelID  string     `json:"channelId" doc:"Where its end is told"`
	By         string     `json:"by,omitempty" doc:"Who brought it into this state; left out: the clock"`
	Data       any        `json:"data,omitempty"`
	StartedAt  time.Time  `json:"startedAt"`
	AnsweredAt *time.Time `json:"answeredAt,omitempty"`
	EndedAt    *time.Time `json:"endedAt,omitempty"`
}

// ICEServers is what RTCPeerConnection takes, and for how long.
type ICEServers struct {
	ICEServers []ICEServer `json:"iceServers" nullable:"false"`
	ExpiresAt  time.Time   `json:"expiresAt" doc:"Until when the credentials are taken"`
}

// ICEServer is one kind of server, at one or more addresses.
type ICEServer struct {
	URLs       []string `json:"urls" nullable:"false"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}
