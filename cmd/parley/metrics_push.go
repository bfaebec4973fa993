package main

// ofPushes are what the service of push messages counts.
func (f *figures) ofPushes() {
	f.level("push_subscriptions", "Browsers that are told of messages.", func(s *snapshot) float64 { return float64(s.pushes.Subscriptions) })
	f.level("push_waiting", "Push messages that wait to be sent.", func(s *snapshot) float64 { return float64(s.pushes.Waiting) })
	f.count("push_sent", "Push messages that push services took.", func(s *snapshot) float64 { return float64(s.pushes.Sent) })
	f.count("push_skipped", "Push messages not sent, since what they tell was delivered, read, deleted or forbidden meanwhile.", func(s *snapshot) float64 { return float64(s.pushes.Skipped) })
	f.count("push_collapsed", "Push messages that a later one of their channel replaced.", func(s *snapshot) float64 { return float64(s.pushes.Collapsed) })
	f.count("push_retried", "Attempts to send that are made again.", func(s *snapshot) float64 { return float64(s.pushes.Retried) })
	f.count("push_refused", "Push messages that push services refused for good.", func(s *snapshot) float64 { return float64(s.pushes.Refused) })
	f.count("push_expired", "Push messages that nobody took in time.", func(s *snapshot) float64 { return float64(s.pushes.Expired) })
	f.count("push_dropped", "Push messages for which there was no room.", func(s *snapshot) float64 { return float64(s.pushes.Dropped) })
	f.count("push_gone", "Subscriptions that ended by themselves.", func(s *snapshot) float64 { return float64(s.pushes.Gone) })
	f.count("push_missed", "Hints of the log for which there was no room; their channels are looked at later.", func(s *snapshot) float64 { return float64(s.pushes.Missed) })
}
