package push

// Wake has the service look at the clock.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Recovered is closed once the service has looked for what was missed.
func (s *Service) Recovered() <-chan struct{} { return s.recovered }

// Keep writes the positions that moved.
var (
	Keep   = (*Service).keepPositions
	Sweep  = (*Service).sweep
	Forget = (*Service).forget
)
