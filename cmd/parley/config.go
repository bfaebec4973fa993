package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile resolves flags from the YAML file that --config or PARLEY_CONFIG
// names: its keys are the command's flags. The command line and the
// environment come before it.
type configFile struct {
	getenv func(string) string
	path   string
	values map[string]any
}

// Validate implements kong.Resolver.
func (*configFile) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (c *configFile) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	flags := ctx.Selected()
	if flags == nil || flag.Name == "config" {
		return nil, nil
	}
	named := slices.IndexFunc(flags.Flags, func(f *kong.Flag) bool { return f.Name == "config" })
	if named < 0 {
		return nil, nil
	}
	path, _ := ctx.FlagValue(flags.Flags[named]).(string)
	if path == "" {
		return nil, nil
	}
	if err := c.load(path, flags.Flags); err != nil {
		return nil, err
	}
	for _, name := range flag.Envs {
		if c.getenv(name) != "" {
			return nil, nil
		}
	}
	return c.values[flag.Name], nil
}

// load reads the file once, and refuses keys that are no flag: a setting that
// was misspelled must not be taken for one that was made.
func (c *configFile) load(path string, flags []*kong.Flag) error {
	if c.path == path {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read --config: %w", err)
	}
	values := make(map[string]any)
	if err := yaml.Unmarshal(data, &values); err != nil {
		return fmt.Errorf("read --config %s: %w", path, err)
	}
	for key := range values {
		if !slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Name == key && key != "config" }) {
			return fmt.Errorf("read --config %s: there is no setting %q", path, key)
		}
	}
	c.path, c.values = path, values
	return nil
}
