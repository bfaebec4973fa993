//go:build !planted

// Package planted switches known bugs on, so that tests can show that the
// checks catch them: a checker that never failed is untested.
//
// Built with the tag "planted", Is asks the environment; without it Is is
// constantly false and costs nothing, and the bugs are not in the binary.
package planted

// Is is false: this binary has no planted bugs.
func Is(string) bool { return false }
