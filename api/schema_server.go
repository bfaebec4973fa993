package api

import "time"

// The types of this file, unlike others of the document, are encoded as they are.

// ServerInfo is the node that answers.
type ServerInfo struct {
	Version   string    `json:"version"`
	Since     time.Time `json:"since" doc:"When it was started"`
	Now       time.Time `json:"now" doc:"Its clock"`
	Epoch     string    `json:"epoch" doc:"Of its log: it changes when the data were restored"`
	Dev       bool      `json:"dev,omitempty" doc:"It believes anybody to be anybody"`
	Doors     []string  `json:"doors" nullable:"false" doc:"The paths at which clients connect"`
	Addresses []string  `json:"addresses,omitempty" nullable:"false" doc:"Where it listens; for whom the whole server concerns"`
	Project   string    `json:"project" doc:"In which whoever asks acts"`
	Whole     bool      `json:"whole" doc:"Whoever asks may have the figures of the whole server"`
	Operator  bool      `json:"operator" doc:"Whoever asks may have its configuration"`
}

// Figures are what a node counts. What is counted grows from 0 since `since`;
// rates, and quantiles of a time, are differences between two answers.
type Figures struct {
	At    time.Time `json:"at"`
	Since time.Time `json:"since"`

	Sessions       int `json:"sessions"`
	UsersOnline    int `json:"usersOnline"`
	ChannelsLoaded int `json:"channelsLoaded" doc:"Channels in memory"`

	Committed       uint64 `json:"committed" doc:"Events that were committed: messages, edits, reactions …"`
	Committing      int    `json:"committing" doc:"Events that wait for their commit, now"`
	Delivered       uint64 `json:"delivered" doc:"Frames that were sent to clients"`
	SignalsDropped  uint64 `json:"signalsDropped" doc:"Signals dropped under pressure"`
	QueueBytes      int    `json:"queueBytes" doc:"Bytes that wait in all sessions' queues, now"`
	QueueBytesMost  int    `json:"queueBytesMost" doc:"Of them those in the fullest queue"`
	CatchingUp      int    `json:"catchingUp" doc:"Subscriptions that are behind their channel, now"`
	Resumed         uint64 `json:"resumed" doc:"Subscriptions that began behind the head"`
	FellBack        uint64 `json:"fellBack" doc:"Subscriptions that went from live back to catching up"`
	Redelivered     uint64 `json:"redelivered" doc:"Subscriptions that were sent again what they had not acknowledged"`
	Acknowledgement Spread `json:"acknowledgement" doc:"Seconds from the receipt of an event to its acknowledgement"`
	Delivery        Spread `json:"delivery" doc:"Seconds from the receipt of an event to its writing to each recipient's socket; of one event in 64"`

	Connections []Connections `json:"connections" nullable:"false" doc:"By door"`
	Errors      []CodeCount   `json:"errors" nullable:"false" doc:"Answered to sessions, by code"`
	Refusals    []CodeCount   `json:"refusals" nullable:"false" doc:"REST requests refused, by code"`

	Store   StoreFigures   `json:"store"`
	Files   FileFigures    `json:"files"`
	Process ProcessFigures `json:"process"`
}

// Connections are those of one door.
type Connections struct {
	Transport string `json:"transport" enum:"websocket,poll,events,socketio"`
	Door      string `json:"door" doc:"The dialect; of Socket.IO how it is carried: polling or websocket"`
	Open      int    `json:"open" doc:"Now"`
	Opened    uint64 `json:"opened,omitempty" doc:"Since the start; of polls, event streams and Socket.IO those of all its doors together, with the first"`
	FramesIn  uint64 `json:"framesIn,omitempty" doc:"Of polls and event streams those of all doors together, with the first"`
	FramesOut uint64 `json:"framesOut,omitempty" doc:"As framesIn"`
	BytesIn   uint64 `json:"bytesIn,omitempty" doc:"As framesIn"`
	BytesOut  uint64 `json:"bytesOut,omitempty" doc:"As framesIn"`
}

// CodeCount is how often a code was answered.
type CodeCount struct {
	Code  string `json:"code"`
	Count uint64 `json:"count"`
}

// Spread is how long things took.
type Spread struct {
	Count   uint64   `json:"count"`
	Sum     float64  `json:"sum"`
	P50     float64  `json:"p50" doc:"Half of all since the start took at most so long; 0: there were none"`
	P90     float64  `json:"p90"`
	P99     float64  `json:"p99"`
	Buckets []Bucket `json:"buckets" nullable:"false" doc:"In the order of their bounds. Those of two answers, subtracted, are of the time between"`
}

// Bucket is how many took up to a bound.
type Bucket struct {
	UpTo  float64 `json:"upTo" doc:"Seconds"`
	Count uint64  `json:"count"`
}

// StoreFigures are the store's.
type StoreFigures struct {
	Queue       int     `json:"queue" doc:"Writes that wait, now"`
	Batches     uint64  `json:"batches" doc:"Group commits"`
	Syncs       uint64  `json:"syncs"`
	SyncSeconds float64 `json:"syncSeconds" doc:"Time spent in them"`
	Events      uint64  `json:"events" doc:"That they wrote"`
	Bytes       uint64  `json:"bytes" doc:"That the store takes on the disk, now"`
	DiskFree    uint64  `json:"diskFree" doc:"Bytes; 0 with a diskTotal of 0: not known"`
	DiskTotal   uint64  `json:"diskTotal"`
}

// FileFigures are those of uploads.
type FileFigures struct {
	Kept      uint64 `json:"kept" doc:"Files taken in"`
	Bytes     uint64 `json:"bytes" doc:"Of them"`
	UnderWay  int    `json:"underWay" doc:"Uploads, now"`
	Sent      uint64 `json:"sent" doc:"Answers with a file or a part of one"`
	SentBytes uint64 `json:"sentBytes"`
	Collected uint64 `json:"collected" doc:"Files removed because nothing referred to them"`
}

// ProcessFigures are the process's.
type ProcessFigures struct {
	MemoryBytes uint64  `json:"memoryBytes" doc:"That Go has from the system, now"`
	HeapBytes   uint64  `json:"heapBytes" doc:"Of live and dead objects, now"`
	Goroutines  int     `json:"goroutines"`
	CPUSeconds  float64 `json:"cpuSeconds" doc:"User and system; 0: not known"`
}

// Settings are a server's configuration in force.
type Settings struct {
	Settings []Setting `json:"settings" nullable:"false"`
}

// Setting is one of them.
type Setting struct {
	Name  string `json:"name" doc:"As the command line has it, without the hyphens"`
	Value any    `json:"value" doc:"******** stands for a secret that is set"`
	From  string `json:"from,omitempty" doc:"What gave it: the command line, a variable, a file; left out: the default"`
}

// MessageWay is how a message came, and how far it has got.
type MessageWay struct {
	Message   Message      `json:"message"`
	Passage   *PassageInfo `json:"passage,omitempty" doc:"How it came through the node that answers; left out where that no longer knows, or never did: it remembers its newest 4096 messages, since it was started"`
	Users     []ReachedBy  `json:"users" nullable:"false" doc:"The channel's members and those with a cursor, in the order of their ids"`
	Next      string       `json:"next,omitempty" doc:"There may be more users: ask for what comes after it"`
	Live      int          `json:"live" doc:"Sessions of this node to which the message was handed as it came, or before they became live"`
	Beyond    int          `json:"beyond" doc:"Sessions of this node that catch up, and are past it"`
	Behind    int          `json:"behind" doc:"Sessions of this node that catch up, and do not have it yet"`
	Followers []FollowedBy `json:"followers" nullable:"false" doc:"These sessions, at most 1000, those that catch up first"`
}

// PassageInfo are the times of one message on a node.
type PassageInfo struct {
	ReceivedAt       time.Time  `json:"receivedAt" doc:"Its request was begun"`
	QueuedAt         time.Time  `json:"queuedAt" doc:"It was let in, and waits for the commit"`
	SyncedAt         time.Time  `json:"syncedAt" doc:"It is on the disk; its sender is answered"`
	OfferedAt        *time.Time `json:"offeredAt,omitempty" doc:"All who are live were handed it; left out: this node read it from the store instead"`
	Recipients       int        `json:"recipients" doc:"How many those were"`
	FirstDeliveredAt *time.Time `json:"firstDeliveredAt,omitempty" doc:"The first WebSocket or event stream had it written to its socket; left out: none has yet"`
}

// ReachedBy is a user whom a message concerns.
type ReachedBy struct {
	UserID    string `json:"userId"`
	Role      string `json:"role" enum:"owner,moderator,member,reader," doc:"Empty: not a member"`
	Delivered bool   `json:"delivered" doc:"A device has said that it has it"`
	Read      bool   `json:"read"`
}

// FollowedBy is a session that is subscribed to a message's channel.
type FollowedBy struct {
	Session string `json:"session"`
	UserID  string `json:"userId,omitempty"`
	Seq     uint64 `json:"seq" doc:"It was handed everything up to here"`
	Live    bool   `json:"live"`
}
