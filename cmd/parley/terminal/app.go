package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/parley-chat/parley/client"
)

// app is the program on a whole screen. Its methods are called by the
// program's loop alone, which owns all that it holds.
type app struct {
	ctx    context.Context
	o      Options
	client *client.Client
	send   func(tea.Msg) // from other goroutines

	width, height int
	cells         cells
	blurred       bool // another window has the keyboard

	status client.Status
	trying error // why there is no connection; nil: there is one, or none was tried
	me     string
	myName string

	rooms map[string]*room
	list  []string // channels in the order in which they are shown
	open  *room

	started  bool            // the channel that the program is for has been open
	away     map[string]bool // direct channels that were put away
	reading  bool            // the list of channels, right now
	outdated bool            // it is to be read again: something has changed since

	notice  notice
	sheet   func(c cells, n int) []string // shown in place of the messages; nil: nothing is
	sheetAt int                           // its first line in sight
	sure    *question
	choice  *choice   // what Tab offers
	typedAt time.Time // when others were last told that the user types; zero: they think not
	typedIn string    // the channel where they were
	warned  bool      // that something is not sent yet
	failure error     // why the program ends
}

// notice is the line at the foot that answers a command.
type notice struct {
	text string
	bad  bool
}

// question is one that is answered with y or n.
type question struct {
	text string
	yes  func() tea.Cmd
}

// screen runs the program on a whole screen until /quit, ctx's end, or an
// error that no waiting mends.
func screen(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &app{ctx: ctx, o: o, rooms: make(map[string]*room), away: make(map[string]bool)}
	a.open = a.room(o.Channel)
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(o.Stdin), tea.WithOutput(o.Stdout), tea.WithoutSignalHandler(),
	}
	if o.getenv("NO_COLOR") != "" {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(a, options...)
	a.send = p.Send
	c, err := o.dial(client.Options{
		OnState:      func(s client.Status) { p.Send(s) },
		OnMembership: func(m *client.Membership) { p.Send(m) },
		OnDirect:     a.follow,
	})
	if err != nil {
		return err
	}
	a.client = c
	_, err = p.Run()
	cancel()
	c.Close()
	switch {
	case a.failure != nil:
		return a.failure
	case errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, context.Canceled):
		return a.unsent()
	case err != nil:
		return fmt.Errorf("the screen: %w", err)
	}
	return a.unsent()
}

// unsent is the error to end with if something was said and not stored.
func (a *app) unsent() error {
	n := 0
	for _, r := range a.rooms {
		n += r.unsent()
	}
	if n > 0 {
		return fmt.Errorf("%s not confirmed by the server", plural(n, "message")+map[bool]string{true: " was", false: " were"}[n == 1])
	}
	return nil
}

// room is the channel's, made if it is new.
func (a *app) room(name string) *room {
	r := a.rooms[name]
	if r == nil {
		r = newRoom(name, a.me)
		r.cells = a.cells
		a.rooms[name] = r
		a.sort()
	}
	return r
}

// Init implements tea.Model.
func (a *app) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.update(msg)
	if a.failure != nil {
		return a, tea.Quit
	}
	return a, tea.Batch(cmd, a.markRead())
}

func (a *app) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = m.Width, m.Height
	case tea.ModeReportMsg:
		if m.Mode == ansi.ModeUnicodeCore && (m.Value == ansi.ModeReset || m.Value == ansi.ModeSet || m.Value == ansi.ModePermanentlySet) {
			a.measure(cells(ansi.GraphemeWidth))
		}
	case tea.FocusMsg:
		a.blurred = false
	case tea.BlurMsg:
		a.blurred = true
	case tea.PasteMsg:
		a.open.input.insert(m.Content)
	case tea.KeyPressMsg:
		return a.key(m)
	case client.Status:
		return a.state(m)
	case happened:
		return a.happened(m)
	case pageRead:
		return a.paged(m)
	case begun:
		return a.begun(m)
	case directed:
		return a.directed(m)
	case acked:
		a.acked(m)
	case done:
		return a.done(m)
	case pinned:
		return a.pinned(m)
	case moved:
		a.moved(m)
	case listed:
		return a.listed(m)
	case relist:
		return a.relist()
	case *client.Membership:
		return a.membership(m)
	}
	return nil
}

// measure takes over how the terminal counts cells.
func (a *app) measure(c cells) {
	a.cells = c
	for _, r := range a.rooms {
		r.cells = c
	}
}

// tell answers a command at the foot of the screen.
func (a *app) tell(format string, args ...any) tea.Cmd {
	a.notice = notice{text: fmt.Sprintf(format, args...)}
	return nil
}

// alert is tell, of what went wrong.
func (a *app) alert(format string, args ...any) tea.Cmd {
	a.notice = notice{text: fmt.Sprintf(format, args...), bad: true}
	return nil
}

// quit ends the program; if something is not sent yet, only when asked twice.
func (a *app) quit() tea.Cmd {
	if err := a.unsent(); err != nil && !a.warned {
		a.warned = true
		return a.alert("%v: it is lost if you leave now. Again to leave all the same.", err)
	}
	return tea.Quit
}

// isTerminal reports whether v is a terminal that can show a screen.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// title is the window's.
func (a *app) title() string {
	unread := 0
	for _, r := range a.rooms {
		if r != a.open {
			unread += r.unread
		}
	}
	title := oneLine(a.open.heading()) + " – parley"
	if unread > 0 {
		title = fmt.Sprintf("(%d) %s", unread, title)
	}
	return strings.TrimSpace(title)
}
