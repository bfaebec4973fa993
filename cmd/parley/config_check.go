package main

import (
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// Config is what can be asked about the server's settings.
type Config struct {
	Check ConfigCheck `cmd:"" help:"Check the settings that serve would have, and print them and where they come from; secrets are masked."`
}

// ConfigCheck takes what serve takes.
type ConfigCheck struct {
	Serve `embed:""`
}

// Run prints the settings as a --config file would have them, or fails as
// serve would.
func (c *ConfigCheck) Run(p *process) error {
	if err := c.check(); err != nil {
		return p.settings.blame(err)
	}
	return p.settings.print(p.stdout)
}

// masked stands for every secret that is set, whatever its length.
const masked = "********"

// setting is one of the command's flags as it is in effect.
type setting struct {
	name   string
	value  reflect.Value
	from   string // what gave it; "": the default
	secret bool
}

type settings []setting

// settingsOf are the settings of the command that was chosen.
func settingsOf(ctx *kong.Context, o *origins) settings {
	if ctx.Selected() == nil {
		return nil
	}
	var list settings
	for _, f := range ctx.Selected().Flags {
		if f.Name == "help" || f.Name == "config" {
			continue
		}
		s := setting{name: f.Name, value: f.Target, secret: isSecret(f)}
		said := slices.ContainsFunc(ctx.Path, func(p *kong.Path) bool { return p.Flag == f && !p.Resolved })
		switch {
		case said:
			s.from = "the command line"
		case o.from[f.Name] != "":
			s.from = o.from[f.Name]
		default:
			s.from = o.variable(f)
		}
		list = append(list, s)
	}
	return list
}

// shown is the value as people read it; a secret is masked.
func (s *setting) shown() (*yaml.Node, error) {
	shown := s.value.Interface()
	if s.secret && !s.value.IsZero() {
		shown = masked
	}
	value := &yaml.Node{}
	if err := value.Encode(shown); err != nil {
		return nil, fmt.Errorf("show %s: %w", s.name, err)
	}
	return value, nil
}

// print writes YAML: a --config of the same meaning, but for the secrets.
func (list settings) print(w io.Writer) error {
	doc := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range list {
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: s.name}
		value, err := s.shown()
		if err != nil {
			return err
		}
		value.Style = yaml.FlowStyle
		if value.Kind == yaml.ScalarNode {
			value.Style = 0
		}
		value.LineComment = "default"
		if s.from != "" {
			value.LineComment = "from " + s.from
		}
		doc.Content = append(doc.Content, key, value)
	}
	out := yaml.NewEncoder(w)
	out.SetIndent(2)
	if err := out.Encode(doc); err != nil {
		return fmt.Errorf("print the settings: %w", err)
	}
	return out.Close()
}

// complaint is how an error about a flag begins, kong's and ours.
var complaint = regexp.MustCompile(`^--([a-z][a-z0-9-]*)`)

// blame adds to an error about a setting where the value came from, unless
// that is the command line, which can be seen.
func (list settings) blame(err error) error {
	if err == nil {
		return nil
	}
	m := complaint.FindStringSubmatch(err.Error())
	if m == nil || strings.Contains(err.Error(), "from envar") {
		return err
	}
	i := slices.IndexFunc(list, func(s setting) bool { return s.name == m[1] })
	if i < 0 || list[i].from == "" || list[i].from == "the command line" {
		return err
	}
	return fmt.Errorf("%w (from %s)", err, list[i].from)
}
