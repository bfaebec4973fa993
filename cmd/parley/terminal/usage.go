package terminal

import "strings"

// usage is what /help shows, in lines of n cells.
func usage(c cells, n int) []string {
	lines := []string{strong.put(" Commands")}
	row := func(left, right string) {
		for i, line := range c.wrap(right, max(10, n-21)) {
			if i > 0 {
				left = ""
			}
			lines = append(lines, c.fit("  "+left, 20)+" "+ordinary.put(line))
		}
	}
	for _, cmd := range commands() {
		row(strings.TrimSpace("/"+cmd.name+" "+cmd.args), cmd.help)
	}
	row("", "* the one picked with Ctrl-P, or the last one")
	lines = append(lines, strong.put(" Keys"))
	for _, k := range [][2]string{
		{"Tab", "complete a command, #channel or @user"},
		{"Up", "change your last message"},
		{"Ctrl-P, Ctrl-N", "pick a message, for the commands above"},
		{"PgUp, PgDn", "scroll; Esc goes back to the newest"},
		{"Alt-Up, Alt-Down", "the channel above, below"},
		{"Alt-Enter, Ctrl-J", "a new line in the message"},
		{"Ctrl-C", "leave"},
	} {
		row(k[0], k[1])
	}
	lines = append(lines, strong.put(" Signs"))
	row("… ✗", "on its way; not sent, /retry sends it again")
	row("✓ ✓✓", "stored on the server; read by somebody")
	row("● ○", "here; here, but away")
	return lines
}
