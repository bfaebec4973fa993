package chat

// Speaker is a Sink that says what its client understands.
type Speaker interface {
	Sink
	// Speaks is called from several goroutines at once and under locks: it must
	// not block and must not call the session.
	Speaks() Speech
}

// Speech is what a session's client understands.
type Speech struct {
	Dialect string // the wire language's name
	Directs bool   // frames name their channel: events of the user's direct channels may come without a subscription
	Keeps   bool   // the first request is Keep: until it is answered no direct channel opens, or what the ticket brings back would come twice
}

// speech is what the session's client understands by now.
func (s *Session) speech() Speech {
	if speaker, ok := s.sink.(Speaker); ok {
		return speaker.Speaks()
	}
	return Speech{}
}

// MaxDevice bounds the name of a device, in bytes.
const MaxDevice = 128

// setDevice names the device; a session that keeps a ticket notes it there.
func (s *Session) setDevice(id string) error {
	if err := checkName("device", id, MaxDevice); err != nil {
		return err
	}
	s.mu.Lock()
	s.device = id
	k := s.ticket
	s.mu.Unlock()
	if k != nil {
		k.setDevice(id)
		s.hub.tickets.later(k)
	}
	return nil
}

func (s *Session) deviceID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.device
}

// sign says in a signal from which session it comes; nil: a request's.
func (s *Session) sign(signal *Signal) {
	if s == nil {
		return
	}
	signal.Session, signal.Device, signal.Dialect = s.id, s.deviceID(), s.speech().Dialect
}
