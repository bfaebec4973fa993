package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-chat/parley/api"
)

// remoteRing are the keys of a running server, over REST.
type remoteRing struct {
	base    *url.URL // …/v1/keys
	key     string
	project string // "": the key's
	client  *http.Client
}

const (
	remoteWithin = 30 * time.Second
	maxAnswer    = 1 << 20 // bytes
)

func newRemoteRing(server, key, project string) (ring, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("--url reads http://host:port or https://host")
	}
	return &remoteRing{base: u.JoinPath("v1", "keys"), key: key, project: project, client: &http.Client{
		Timeout: remoteWithin,
		// The key is for this server, and nobody whom it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (r *remoteRing) keys(ctx context.Context) ([]api.Key, error) {
	var page api.KeyPage
	err := r.ask(ctx, http.MethodGet, nil, &page)
	return page.Keys, err
}

func (r *remoteRing) makeKey(ctx context.Context, n api.NewKey) (made api.MadeKey, err error) {
	err = r.ask(ctx, http.MethodPost, n, &made)
	return made, err
}

func (r *remoteRing) rotateKey(ctx context.Context, id string, grace time.Duration) (made api.MadeKey, err error) {
	seconds := int64(grace / time.Second)
	err = r.ask(ctx, http.MethodPost, api.Rotation{GraceSeconds: &seconds}, &made, id, "rotate")
	return made, err
}

func (r *remoteRing) revokeKey(ctx context.Context, id string) (k api.Key, err error) {
	err = r.ask(ctx, http.MethodDelete, nil, &k, id)
	return k, err
}

func (r *remoteRing) close() error {
	r.client.CloseIdleConnections()
	return nil
}

// ask sends body, unless it is nil, to the path below the keys', and reads the
// answer.
func (r *remoteRing) ask(ctx context.Context, method string, body, answer any, path ...string) error {
	u := r.base.JoinPath(path...)
	if r.project != "" {
		u.RawQuery = url.Values{"project": {r.project}}.Encode()
	}
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), payload)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return problemOf(resp.Status, data)
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return errors.New("the server at --url does not answer as Parley does")
	}
	return nil
}

// problemOf is what a refusal says.
func problemOf(status string, data []byte) error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if json.Unmarshal(data, &problem) != nil || problem.Code == "" {
		return fmt.Errorf("the server at --url answers %s", strings.ToLower(status))
	}
	return fmt.Errorf("%s: %s", problem.Code, problem.Detail)
}
