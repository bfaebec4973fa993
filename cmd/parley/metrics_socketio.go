package main

import "github.com/prometheus/client_golang/prometheus"

// ofSocketIO are the figures of the door /socket.io/. Those of its WebSockets
// are among the WebSockets', by that door.
func (f *figures) ofSocketIO() {
	f.by("transport", "socketio_connections", "Socket.IO connections, by what they come over.", prometheus.GaugeValue, func(s *snapshot) map[string]float64 {
		return map[string]float64{"polling": float64(s.eio.Polling), "websocket": float64(s.eio.WebSockets)}
	})
	f.level("socketio_clients", "Clients in namespaces of Socket.IO.", func(s *snapshot) float64 { return float64(s.sio.Clients) })
	f.count("socketio_opened", "Socket.IO connections opened.", func(s *snapshot) float64 { return float64(s.eio.Opened) })
	f.count("socketio_upgraded", "Of these, those that went from polling to a WebSocket.", func(s *snapshot) float64 { return float64(s.eio.Upgraded) })
	f.count("socketio_refused", "Clients that might not connect to a namespace.", func(s *snapshot) float64 { return float64(s.sio.Refused) })
	f.count("socketio_requests_refused", "Requests of Socket.IO's answered with an error.", func(s *snapshot) float64 { return float64(s.eio.Refused) })
	f.count("socketio_broken", "Socket.IO connections closed for what was no packet.", func(s *snapshot) float64 { return float64(s.sio.Broken) })
	f.count("socketio_unanswered", "Socket.IO connections ended because a ping was not answered.", func(s *snapshot) float64 { return float64(s.eio.Unanswered) })
	f.count("socketio_packets_in", "Packets received.", func(s *snapshot) float64 { return float64(s.sio.PacketsIn) })
	f.count("socketio_messages_out", "Packets sent, each of their attachments counted too.", func(s *snapshot) float64 { return float64(s.sio.MessagesOut) })
	f.count("socketio_poll_bytes_in", "Bytes received in requests' bodies.", func(s *snapshot) float64 { return float64(s.eio.BytesIn) })
	f.count("socketio_poll_bytes_out", "Bytes sent in answers' bodies.", func(s *snapshot) float64 { return float64(s.eio.BytesOut) })
}
