package main

import (
	"cmp"
	"maps"
	"runtime"
	goruntime "runtime/metrics"
	"slices"
	"syscall"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
)

// socketioSockets is the door of the WebSockets that Socket.IO comes over.
const socketioSockets = "socketio"

// connectionsOf are the doors' connections: WebSockets by dialect with what
// went over each, of polls and event streams the whole with the first. Those of
// Socket.IO are told once, as its own, whatever they come over.
func connectionsOf(now *snapshot) []api.Connections {
	list := []api.Connections{}
	for _, door := range slices.Sorted(maps.Keys(now.ws.Opened)) {
		if door == socketioSockets {
			continue
		}
		traffic := now.ws.Traffic[door]
		list = append(list, api.Connections{
			Transport: "websocket", Door: door, Open: now.ws.Connections[door], Opened: now.ws.Opened[door],
			FramesIn: traffic.FramesIn, FramesOut: traffic.FramesOut, BytesIn: traffic.BytesIn, BytesOut: traffic.BytesOut,
		})
	}
	list = append(list, shared(now.polls.Sessions, api.Connections{
		Transport: "poll", Opened: now.polls.Opened,
		FramesIn: now.polls.FramesIn, FramesOut: now.polls.FramesOut, BytesIn: now.polls.BytesIn, BytesOut: now.polls.BytesOut,
	})...)
	list = append(list, shared(now.sse.Streams, api.Connections{
		Transport: "events", Opened: now.sse.Opened, FramesOut: now.sse.Events, BytesOut: now.sse.Bytes,
	})...)
	if now.eio.Opened == 0 {
		return list
	}
	traffic := now.ws.Traffic[socketioSockets]
	return append(list, api.Connections{
		Transport: "socketio", Door: "polling", Open: now.eio.Polling, Opened: now.eio.Opened,
		FramesIn: now.eio.PacketsIn, FramesOut: now.eio.PacketsOut, BytesIn: now.eio.BytesIn, BytesOut: now.eio.BytesOut,
	}, api.Connections{
		Transport: "socketio", Door: "websocket", Open: now.eio.WebSockets,
		FramesIn: traffic.FramesIn, FramesOut: traffic.FramesOut, BytesIn: traffic.BytesIn, BytesOut: traffic.BytesOut,
	})
}

// shared are a transport's doors, of which all but what is open is counted
// together: all goes with the first.
func shared(open map[string]int, all api.Connections) []api.Connections {
	var list []api.Connections
	for _, door := range slices.Sorted(maps.Keys(open)) {
		all.Door, all.Open = door, open[door]
		list = append(list, all)
		all = api.Connections{Transport: all.Transport}
	}
	if list == nil && all.Opened > 0 {
		list = append(list, all)
	}
	return list
}

// spreadOf is a histogram with the quantiles that it tells.
func spreadOf(d chat.Distribution) api.Spread {
	s := api.Spread{Count: d.Count, Sum: d.Sum, Buckets: make([]api.Bucket, len(d.Bounds))}
	for i, bound := range d.Bounds {
		s.Buckets[i] = api.Bucket{UpTo: bound, Count: d.Counts[i]}
	}
	s.P50, s.P90, s.P99 = quantile(d, 0.5), quantile(d, 0.9), quantile(d, 0.99)
	return s
}

// quantile is the value that share of what was seen did not exceed, taken to
// lie evenly within a bucket, as Prometheus does; above the last bound that bound.
func quantile(d chat.Distribution, share float64) float64 {
	if d.Count == 0 {
		return 0
	}
	rank := share * float64(d.Count)
	below, before := 0.0, 0.0
	for i, bound := range d.Bounds {
		if count := float64(d.Counts[i]); count >= rank {
			return below + (bound-below)*(rank-before)/cmp.Or(count-before, 1)
		} else {
			below, before = bound, count
		}
	}
	return below
}

func processFigures() api.ProcessFigures {
	samples := []goruntime.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
	}
	goruntime.Read(samples)
	f := api.ProcessFigures{
		MemoryBytes: samples[0].Value.Uint64() - samples[1].Value.Uint64(),
		HeapBytes:   samples[2].Value.Uint64(),
		Goroutines:  runtime.NumGoroutine(),
	}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		f.CPUSeconds = (time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Seconds()
	}
	return f
}
