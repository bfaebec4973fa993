// Package terminal is `parley chat`: a conversation on a whole screen ([Talk]),
// the same as plain lines where there is no screen, and the two ends of a pipe
// ([Post], [Tail]).
//
// Everything that others wrote (texts, names, channels, errors) is told to a
// terminal only through [plain]: a terminal obeys what is printed on it.
package terminal
