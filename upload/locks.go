package upload

import "sync"

// locks are mutexes by name, as many as are in use.
type locks struct {
	mu   sync.Mutex
	used map[string]*lock
}

type lock struct {
	sync.Mutex
	holders int // and those who wait
}

// hold waits for the name's mutex; release gives it back.
func (l *locks) hold(name string) (release func()) {
	l.mu.Lock()
	if l.used == nil {
		l.used = make(map[string]*lock)
	}
	m := l.used[name]
	if m == nil {
		m = new(lock)
		l.used[name] = m
	}
	m.holders++
	l.mu.Unlock()
	m.Lock()
	return func() {
		m.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if m.holders--; m.holders == 0 {
			delete(l.used, name)
		}
	}
}
