package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/parley-chat/parley/upload"
)

// ofUploads are what the service of files counts.
func (f *figures) ofUploads() {
	f.count("uploads", "Files taken in.", func(s *snapshot) float64 { return float64(s.uploads.Kept) })
	f.count("upload_bytes", "Bytes of the files taken in.", func(s *snapshot) float64 { return float64(s.uploads.Bytes) })
	f.by("code", "uploads_refused_total", "Uploads refused, by code.", prometheus.CounterValue, func(s *snapshot) map[string]float64 {
		return each(s.uploads.Refused, func(n uint64) float64 { return float64(n) })
	})
	f.level("uploads_under_way", "Uploads that are being received.", func(s *snapshot) float64 { return float64(s.uploads.UnderWay) })
	f.count("files_sent", "Answers with a file, or a part of one.", func(s *snapshot) float64 { return float64(s.uploads.Sent) })
	f.count("files_sent_bytes", "Bytes of files in answers.", func(s *snapshot) float64 { return float64(s.uploads.SentBytes) })
	f.count("files_collected", "Files removed because nothing referred to them.", func(s *snapshot) float64 { return float64(s.uploads.Collected) })
}

// uploadStats are the service's, if there is one yet.
func (s *server) uploadStats() upload.Stats {
	if s.uploads == nil {
		return upload.Stats{}
	}
	return s.uploads.Stats()
}
