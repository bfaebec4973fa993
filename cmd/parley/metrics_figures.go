package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/preview"
	"github.com/parley-chat/parley/push"
	"github.com/parley-chat/parley/search"
	"github.com/parley-chat/parley/store/pebble"
	"github.com/parley-chat/parley/transport/engineio"
	"github.com/parley-chat/parley/transport/poll"
	"github.com/parley-chat/parley/transport/socketio"
	"github.com/parley-chat/parley/transport/sse"
	"github.com/parley-chat/parley/transport/ws"
	"github.com/parley-chat/parley/upload"
)

// snapshot is all that hub, store and transport count, taken once per scrape.
type snapshot struct {
	hub      chat.Stats
	store    pebble.Stats
	ws       ws.Stats
	polls    poll.Stats
	uploads  upload.Stats
	pushes   push.Stats
	search   search.Stats
	previews preview.Stats
	sse      sse.Stats
	eio      engineio.Stats
	sio      socketio.Stats
}

func (s *server) snapshot() *snapshot {
	now := &snapshot{hub: s.hub.Stats(), store: s.store.Stats(), ws: s.sockets.Stats(), polls: s.polls.Stats()}
	now.eio, now.sio = s.engines.Stats(), s.clients.Stats()
	now.sse = s.streams.Stats()
	now.uploads = s.uploadStats()
	now.pushes = s.pushStats()
	now.search = s.searchStats()
	now.previews = s.previewStats()
	return now
}

// figure makes metrics of a snapshot, all of one description.
type figure struct {
	desc *prometheus.Desc
	tell func(*snapshot, chan<- prometheus.Metric)
}

// figures collects what is counted where it happens, when /metrics is read.
type figures struct {
	server *server
	list   []figure
}

func newFigures(s *server) *figures {
	f := &figures{server: s}
	f.ofHub()
	f.ofStore()
	f.ofSockets()
	f.ofPolls()
	f.ofUploads()
	f.ofPushes()
	f.ofSearch()
	f.ofPreviews()
	f.ofStreams()
	f.ofSocketIO()
	return f
}

func (f *figures) add(name, help string, labels []string, tell func(*prometheus.Desc, *snapshot, chan<- prometheus.Metric)) {
	desc := prometheus.NewDesc("parley_"+name, help, labels, nil)
	f.list = append(f.list, figure{desc, func(s *snapshot, ch chan<- prometheus.Metric) { tell(desc, s, ch) }})
}

// level is a figure that goes up and down.
func (f *figures) level(name, help string, value func(*snapshot) float64) {
	f.add(name, help, nil, func(d *prometheus.Desc, s *snapshot, ch chan<- prometheus.Metric) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value(s))
	})
}

// count is one that only goes up.
func (f *figures) count(name, help string, value func(*snapshot) float64) {
	f.add(name+"_total", help, nil, func(d *prometheus.Desc, s *snapshot, ch chan<- prometheus.Metric) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value(s))
	})
}

// spread is a histogram.
func (f *figures) spread(name, help string, value func(*snapshot) chat.Distribution) {
	f.add(name, help, nil, func(d *prometheus.Desc, s *snapshot, ch chan<- prometheus.Metric) {
		v := value(s)
		buckets := make(map[float64]uint64, len(v.Bounds))
		for i, bound := range v.Bounds {
			buckets[bound] = v.Counts[i]
		}
		ch <- prometheus.MustNewConstHistogram(d, v.Count, v.Sum, buckets)
	})
}

// by is one metric for each of a few names.
func (f *figures) by(label, name, help string, kind prometheus.ValueType, values func(*snapshot) map[string]float64) {
	f.add(name, help, []string{label}, func(d *prometheus.Desc, s *snapshot, ch chan<- prometheus.Metric) {
		for of, value := range values(s) {
			ch <- prometheus.MustNewConstMetric(d, kind, value, of)
		}
	})
}

func (f *figures) ofHub() {
	f.level("sessions", "Sessions.", func(s *snapshot) float64 { return float64(s.hub.Sessions) })
	f.level("channels_loaded", "Channels in memory.", func(s *snapshot) float64 { return float64(s.hub.Rooms) })
	f.level("users_online", "Users with a session.", func(s *snapshot) float64 { return float64(s.hub.Users) })
	f.count("events_committed", "Events that were committed.", func(s *snapshot) float64 { return float64(s.hub.Posts) })
	f.level("events_posting", "Events that wait for their commit.", func(s *snapshot) float64 { return float64(s.hub.Posting) })
	f.spread("receive_to_ack_seconds", "From the receipt of an event to its acknowledgement.", func(s *snapshot) chat.Distribution { return s.hub.Acked })
	f.spread("receive_to_deliver_seconds", "From the receipt of an event to its writing to each recipient's socket; of one event in 64.", func(s *snapshot) chat.Distribution { return s.hub.Delivered })
	f.level("queue_bytes", "Bytes that wait in all sessions' queues.", func(s *snapshot) float64 { return float64(s.hub.QueueBytes) })
	f.level("queue_bytes_most", "Bytes that wait in the fullest session's queue.", func(s *snapshot) float64 { return float64(s.hub.QueueBytesMost) })
	f.level("subscriptions_catching_up", "Subscriptions that are behind their channel.", func(s *snapshot) float64 { return float64(s.hub.CatchingUp) })
	f.count("subscriptions_resumed", "Subscriptions that began behind the head.", func(s *snapshot) float64 { return float64(s.hub.Resumes) })
	f.spread("resume_distance_events", "By how many events a subscription that resumed was behind.", func(s *snapshot) chat.Distribution { return s.hub.Resumed })
	f.count("subscriptions_fell_back", "Subscriptions that went from live back to catching up.", func(s *snapshot) float64 { return float64(s.hub.FallBacks) })
	f.count("catch_up_pages", "Reads of the store for those who catch up.", func(s *snapshot) float64 { return float64(s.hub.PageReads) })
	f.count("redeliveries", "Subscriptions that were sent again what they had not acknowledged.", func(s *snapshot) float64 { return float64(s.hub.Redeliveries) })
	f.count("signals_dropped", "Signals dropped under pressure.", func(s *snapshot) float64 { return float64(s.hub.SignalsDropped) })
	f.by("code", "errors_total", "Errors answered to sessions, by code.", prometheus.CounterValue, func(s *snapshot) map[string]float64 {
		errors := each(s.hub.Errors, func(n uint64) float64 { return float64(n) })
		for _, code := range faults {
			errors[string(code)] += 0
		}
		return errors
	})
}

func (f *figures) ofStore() {
	f.level("store_queue", "Writes that wait for the store.", func(s *snapshot) float64 { return float64(s.store.Queued) })
	f.count("store_batches", "Group commits.", func(s *snapshot) float64 { return float64(s.store.Batches) })
	f.count("store_syncs", "Syncs of the store's log.", func(s *snapshot) float64 { return float64(s.store.Syncs) })
	f.count("store_sync_seconds", "Time spent in them.", func(s *snapshot) float64 { return s.store.SyncTime.Seconds() })
	f.count("store_events", "Events that they wrote.", func(s *snapshot) float64 { return float64(s.store.Events) })
}

func (f *figures) ofSockets() {
	f.by("door", "ws_connections", "WebSocket connections, by door.", prometheus.GaugeValue, func(s *snapshot) map[string]float64 {
		return each(s.ws.Connections, func(n int) float64 { return float64(n) })
	})
	f.by("door", "ws_opened_total", "WebSocket connections opened, by door.", prometheus.CounterValue, func(s *snapshot) map[string]float64 {
		return each(s.ws.Opened, func(n uint64) float64 { return float64(n) })
	})
	traffic := func(name, help string, value func(ws.Traffic) uint64) {
		f.by("door", "ws_"+name+"_total", help, prometheus.CounterValue, func(s *snapshot) map[string]float64 {
			return each(s.ws.Traffic, func(t ws.Traffic) float64 { return float64(value(t)) })
		})
	}
	traffic("frames_in", "Data frames received, by door.", func(t ws.Traffic) uint64 { return t.FramesIn })
	traffic("frames_out", "Data frames sent, by door.", func(t ws.Traffic) uint64 { return t.FramesOut })
	traffic("bytes_in", "Bytes received, by door.", func(t ws.Traffic) uint64 { return t.BytesIn })
	traffic("bytes_out", "Bytes sent, by door.", func(t ws.Traffic) uint64 { return t.BytesOut })
	f.count("ws_refused", "WebSocket requests not upgraded.", func(s *snapshot) float64 { return float64(s.ws.Refused) })
	f.count("ws_unanswered", "WebSocket connections ended because a ping was not answered.", func(s *snapshot) float64 { return float64(s.ws.Unanswered) })
	f.count("ws_writes", "System calls that sent to WebSockets.", func(s *snapshot) float64 { return float64(s.ws.Writes) })
	f.count("ws_blocked", "Of these, those that found the socket full.", func(s *snapshot) float64 { return float64(s.ws.Blocked) })
	f.level("ws_read_queue", "Connections that wait to be read from.", func(s *snapshot) float64 { return float64(s.ws.ReadQueue) })
	f.level("ws_write_queue", "Connections that wait to be written to.", func(s *snapshot) float64 { return float64(s.ws.WriteQueue) })
}

func (f *figures) ofPolls() {
	f.by("door", "poll_sessions", "Sessions that clients poll, by door.", prometheus.GaugeValue, func(s *snapshot) map[string]float64 {
		return each(s.polls.Sessions, func(n int) float64 { return float64(n) })
	})
	f.level("poll_requests", "Polls that are held or at work.", func(s *snapshot) float64 { return float64(s.polls.Requests) })
	f.count("poll_opened", "Sessions made for polls.", func(s *snapshot) float64 { return float64(s.polls.Opened) })
	f.count("poll_lapsed", "Of these, those whose clients did not come back within their lease.", func(s *snapshot) float64 { return float64(s.polls.Lapsed) })
	f.count("poll_answered", "Polls answered with frames, or with none.", func(s *snapshot) float64 { return float64(s.polls.Answered) })
	f.count("poll_refused", "Polls answered with an error.", func(s *snapshot) float64 { return float64(s.polls.Refused) })
	f.count("poll_lost", "Polls of clients that had not got the answer before.", func(s *snapshot) float64 { return float64(s.polls.Lost) })
	f.count("poll_frames_in", "Frames received in polls.", func(s *snapshot) float64 { return float64(s.polls.FramesIn) })
	f.count("poll_frames_out", "Frames in their answers.", func(s *snapshot) float64 { return float64(s.polls.FramesOut) })
	f.count("poll_bytes_in", "Bytes of polls' bodies.", func(s *snapshot) float64 { return float64(s.polls.BytesIn) })
	f.count("poll_bytes_out", "Bytes of their answers' bodies.", func(s *snapshot) float64 { return float64(s.polls.BytesOut) })
}

// each is m with other values.
func each[K ~string, V any](m map[K]V, value func(V) float64) map[string]float64 {
	out := make(map[string]float64, len(m))
	for k, v := range m {
		out[string(k)] = value(v)
	}
	return out
}

// Describe implements prometheus.Collector.
func (f *figures) Describe(ch chan<- *prometheus.Desc) {
	for _, figure := range f.list {
		ch <- figure.desc
	}
}

// Collect implements prometheus.Collector.
func (f *figures) Collect(ch chan<- prometheus.Metric) {
	now := f.server.snapshot()
	for _, figure := range f.list {
		figure.tell(now, ch)
	}
}
