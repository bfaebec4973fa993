// Package kernel makes a few calls to Linux of which Go's scheduler is told
// more than by package syscall, or nothing. Where a server does little at a
// time, what a call costs is mostly the scheduler's threads: see docs/adr/0012.
package kernel
