package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/parley-chat/parley/auth"
)

// told are the names of all samples that a server tells which has seen a bit
// of everything.
func told(t *testing.T) map[string]bool {
	t.Helper()
	b := setup(t, nil)
	ada := b.token(t, auth.Grant{User: "ada"})
	s := b.dial(t, "/v1/ws?token="+ada, nil)
	s.until("connected")
	s.send(`{"type":"unsubscribe","ref":1,"channelId":"nowhere"}`)
	if _, _, err := s.ws.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.ask(t, ada, "POST", "/v1/poll", `{"hold":1}`).want(t, 200, "")
	b.ask(t, "", "POST", general, `{"text":"x"}`).want(t, 401, "unauthorized")
	names := map[string]bool{"up": true} // Prometheus' own
	for line := range strings.Lines(b.visit(t, "GET", "/metrics", nil).text) {
		if name, _, ok := strings.Cut(line, " "); ok && !strings.HasPrefix(line, "#") {
			name, _, _ = strings.Cut(name, "{")
			names[name] = true
		}
	}
	return names
}

// expressions are every `expr` of a document, however deep.
func expressions(v any) (list []string) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if text, ok := value.(string); ok && key == "expr" {
				list = append(list, text)
			}
			list = append(list, expressions(value)...)
		}
	case []any:
		for _, value := range v {
			list = append(list, expressions(value)...)
		}
	}
	return list
}

// What stands in an expression beside metrics: matchers and ranges, lists of
// labels, and what is called.
var (
	aside      = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|"[^"]*"`)
	labels     = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\s*\(?`)
)

// metricsIn are the metrics that an expression names.
func metricsIn(expr string) (names []string) {
	expr = labels.ReplaceAllString(aside.ReplaceAllString(expr, " "), " ")
	for _, word := range identifier.FindAllString(expr, -1) {
		if strings.HasSuffix(word, "(") || slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, strings.TrimSpace(word)) {
			continue
		}
		names = append(names, strings.TrimSpace(word))
	}
	return names
}

func TestMetricsIn_AreThoseThatAnExpressionNames(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][]string{
		`sum by (le) (rate(a_bucket{x="b"}[5m])) > 0.5`:           {"a_bucket"},
		`a / on (instance) b or time() - c > 26 * 3600`:           {"a", "b", "c"},
		`histogram_quantile(0.99, sum(rate(a:b[$__rate])))`:       {"a:b"},
		`clamp_min(a, 50) and changes(b{job="parley"}[15m]) >= 2`: {"a", "b"},
	} {
		if got := metricsIn(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", expr, got, want)
		}
	}
}

func TestDeploy_EveryMetricInDashboardAndAlertsExists(t *testing.T) {
	t.Parallel()
	names := told(t)
	for file, least := range map[string]int{"grafana.json": 30, "alerts.yaml": 10} {
		data, err := os.ReadFile(filepath.Join("..", "..", "deploy", file))
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if strings.HasSuffix(file, ".json") {
			err = json.Unmarshal(data, &doc)
		} else {
			err = yaml.Unmarshal(data, &doc)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all := expressions(doc)
		if len(all) < least {
			t.Errorf("%s has %d expressions: is that all?", file, len(all))
		}
		for _, expr := range all {
			used := metricsIn(expr)
			if len(used) == 0 {
				t.Errorf("%s: %s names no metric", file, expr)
			}
			for _, name := range used {
				if !names[name] {
					t.Errorf("%s: %s: there is no metric %s", file, expr, name)
				}
			}
		}
	}
}

// Every alert is to say what it is about, and what to do.
func TestDeploy_AlertsSayWhatToDo(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range doc.Groups[0].Rules {
		if !strings.HasPrefix(r.Alert, "Parley") || r.Annotations["summary"] == "" || r.Annotations["description"] == "" ||
			r.Labels["severity"] != "page" && r.Labels["severity"] != "warn" {
			t.Errorf("%+v", r)
		}
	}
}

func TestDeploy_SystemdTakesTheUnit(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../deploy/parley.service")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "parley.service")
	text := strings.Replace(string(unit), "/usr/local/bin/parley", self, 1)
	if text == string(unit) {
		t.Fatal("the unit starts something else")
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), path) {
		t.Errorf("%v\n%s", err, out)
	}
}
