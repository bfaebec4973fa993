package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/parley-chat/parley/auth"
)

// Trust says whose tokens a server takes besides those of its own keys, and how.
type Trust struct {
	Issuers       string        `placeholder:"FILE" help:"A YAML file of others whose tokens are taken (RS256, ES256, EdDSA by JWKS): see docs/auth.md."`
	TokenAudience []string      `placeholder:"NAME" help:"This server's names: a token that says whom it is for must name one; repeatable. Default: parley."`
	TokenLeeway   time.Duration `placeholder:"DURATION" help:"For how long after its end a token is still taken. Default: 0."`
}

// issuer is an entry of the file of issuers.
type issuer struct {
	Issuer     string   `yaml:"issuer"`
	JWKSURL    string   `yaml:"jwksUrl"`
	JWKS       any      `yaml:"jwks"`
	Audience   []string `yaml:"audience"`
	Algorithms []string `yaml:"algorithms"`
	Project    string   `yaml:"project"`
	Scopes     []string `yaml:"scopes"`
}

// issuers reads the file. A key that is none is refused: a misspelled audience
// must not be taken for one that was set.
func (t *Trust) issuers() ([]auth.Issuer, error) {
	if t.Issuers == "" {
		return nil, nil
	}
	data, err := os.ReadFile(t.Issuers)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var entries []issuer
	if err := decoder.Decode(&entries); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Issuers, err)
	}
	var list []auth.Issuer
	for _, e := range entries {
		i := auth.Issuer{
			Issuer: e.Issuer, URL: e.JWKSURL, Audience: e.Audience,
			Algorithms: e.Algorithms, Project: e.Project, Scopes: e.Scopes,
		}
		if e.JWKS != nil {
			if i.Keys, err = json.Marshal(e.JWKS); err != nil {
				return nil, fmt.Errorf("read %s: the jwks of %s: %w", t.Issuers, e.Issuer, err)
			}
		}
		list = append(list, i)
	}
	return list, nil
}
