package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/parley-chat/parley/auth"
)

// TokenMaker mints a token with the keys that a server has.
type TokenMaker struct {
	Data    string        `default:"data" placeholder:"DIR" help:"The server's data folder, for its keys. Default: data."`
	User    string        `required:"" help:"Whose token it is."`
	Name    string        `help:"The user's name, as others see it."`
	Scope   []string      `default:"chat:send,chat:read" help:"What it is for: chat:send, chat:read, chat:manage, chat:admin; repeatable. Default: chat:send and chat:read."`
	Channel []string      `help:"Channels that it reaches, as names or a prefix and *; repeatable. Default: all."`
	TTL     time.Duration `default:"1h" help:"How long it lives. Default: 1h."`
	Keys    `embed:""`
}

// Run prints the token, and nothing else.
func (c *TokenMaker) Run(p *process) error {
	project, _, err := c.stored()
	if err != nil {
		return err
	}
	keys, err := auth.New(auth.Options{Projects: []auth.Project{project}})
	if err != nil {
		return err
	}
	token, err := keys.Mint(auth.Grant{
		Project: project.Name, User: c.User, Name: c.Name, Scopes: c.Scope, Channels: c.Channel, TTL: c.TTL,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, token)
	return err
}

// stored is the project with the server's keys. With a signing secret given no
// others are needed: any will do. Keys are never made here: no server would
// know them.
func (c *TokenMaker) stored() (auth.Project, string, error) {
	k := c.Keys
	if k.TokenSecret == "" {
		path := filepath.Join(c.Data, keysFile)
		if _, err := readKeys(path); err != nil {
			return auth.Project{}, path, fmt.Errorf("%w (say --data as `parley serve` has it, or --token-secret)", err)
		}
		return k.project(c.Data)
	}
	made := newKeys()
	k.SecretKey, k.AppSecret = made.SecretKey, made.AppSecret
	return k.project("")
}
