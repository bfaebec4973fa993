package main

import "github.com/prometheus/client_golang/prometheus"

func (f *figures) ofStreams() {
	f.by("door", "sse_streams", "Event streams, by door.", prometheus.GaugeValue, func(s *snapshot) map[string]float64 {
		return each(s.sse.Streams, func(n int) float64 { return float64(n) })
	})
	f.count("sse_opened", "Event streams opened.", func(s *snapshot) float64 { return float64(s.sse.Opened) })
	f.count("sse_resumed", "Of these, those that came back with the id of their last event.", func(s *snapshot) float64 { return float64(s.sse.Resumed) })
	f.count("sse_expired", "Channels in which they could not go on where they were.", func(s *snapshot) float64 { return float64(s.sse.Expired) })
	f.count("sse_refused", "Requests for event streams answered with an error.", func(s *snapshot) float64 { return float64(s.sse.Refused) })
	f.count("sse_stalled", "Event streams cut off because their clients took nothing any more.", func(s *snapshot) float64 { return float64(s.sse.Stalled) })
	f.count("sse_events", "Events written to streams.", func(s *snapshot) float64 { return float64(s.sse.Events) })
	f.count("sse_writes", "Writes that sent them, one or more at a time.", func(s *snapshot) float64 { return float64(s.sse.Writes) })
	f.count("sse_bytes", "Bytes of them.", func(s *snapshot) float64 { return float64(s.sse.Bytes) })
}
