package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// Secrets can also be had from files, so that they are in no environment and
// no command line: PARLEY_TOKEN_SECRET_FILE, and token-secret-file in --config.
const (
	fileVariable = "_FILE"
	fileKey      = "-file"
	maxSecret    = 64 << 10 // bytes of such a file
)

// origins resolves flags that the command line does not give, and remembers
// where each value came from. In this order: the command line, the
// environment, a file that the environment names (secrets only), the YAML file
// that --config or PARLEY_CONFIG names, the default.
type origins struct {
	getenv func(string) string
	path   string // of the file that values are of
	values map[string]any
	from   map[string]string // by flag, of what Resolve gave
}

// Validate implements kong.Resolver.
func (*origins) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. kong itself takes the environment's values.
func (o *origins) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	set := o.variable(flag)
	if isSecret(flag) {
		secret, from, err := o.secret(flag, set)
		if err != nil || from != "" {
			return o.found(flag, secret, from), err
		}
	}
	if set != "" || flag.Name == "config" || ctx.Selected() == nil {
		return nil, nil
	}
	path := configPath(ctx)
	if path == "" {
		return nil, nil
	}
	if err := o.load(path, ctx.Selected().Flags); err != nil {
		return nil, err
	}
	if value, ok := o.values[flag.Name]; ok {
		return o.found(flag, value, path), nil
	}
	named, _ := o.values[flag.Name+fileKey].(string)
	if !isSecret(flag) || named == "" {
		return nil, nil
	}
	secret, err := readSecret(named)
	if err != nil {
		return nil, fmt.Errorf("%s%s in %s: %w", flag.Name, fileKey, path, err)
	}
	return o.found(flag, secret, fmt.Sprintf("%s, by %s", named, path)), nil
}

func (o *origins) found(flag *kong.Flag, value any, from string) any {
	if o.from == nil {
		o.from = make(map[string]string)
	}
	o.from[flag.Name] = from
	return value
}

// variable is the environment variable that gives flag its value, or "".
func (o *origins) variable(flag *kong.Flag) string {
	for _, name := range flag.Envs {
		if o.getenv(name) != "" {
			return name
		}
	}
	return ""
}

// secret reads the file that the environment names for flag; from is "" if it
// names none.
func (o *origins) secret(flag *kong.Flag, set string) (secret, from string, err error) {
	for _, name := range flag.Envs {
		path := o.getenv(name + fileVariable)
		switch {
		case path == "":
			continue
		case set != "":
			return "", "", fmt.Errorf("%s and %s are both set: which one counts?", set, name+fileVariable)
		}
		if secret, err = readSecret(path); err != nil {
			return "", "", fmt.Errorf("%s: %w", name+fileVariable, err)
		}
		return secret, fmt.Sprintf("%s, by %s", path, name+fileVariable), nil
	}
	return "", "", nil
}

// readSecret is a file's content without the end of its last line.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case len(data) > maxSecret:
		return "", fmt.Errorf("%s is over %d bytes: that is no secret", path, maxSecret)
	case secret == "":
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// isSecret reports whether the flag's value is shown to nobody: its field has
// the tag `secret`.
func isSecret(flag *kong.Flag) bool { return flag.Tag.Has("secret") }

// configPath is the command's --config, if it has one and it is given.
func configPath(ctx *kong.Context) string {
	flags := ctx.Selected().Flags
	named := slices.IndexFunc(flags, func(f *kong.Flag) bool { return f.Name == "config" })
	if named < 0 {
		return ""
	}
	path, _ := ctx.FlagValue(flags[named]).(string)
	return path
}

// load reads the file once, and refuses keys that are no flag: a setting that
// was misspelled must not be taken for one that was made.
func (o *origins) load(path string, flags []*kong.Flag) error {
	if o.path == path {
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
		known := slices.ContainsFunc(flags, func(f *kong.Flag) bool {
			return key != "config" && f.Name == key || isSecret(f) && f.Name+fileKey == key
		})
		if !known {
			return fmt.Errorf("read --config %s: there is no setting %q", path, key)
		}
		name, named := strings.CutSuffix(key, fileKey)
		if _, twice := values[name]; named && twice {
			return fmt.Errorf("read --config %s: %s and %s are both set: which one counts?", path, name, key)
		}
	}
	o.path, o.values = path, values
	return nil
}
