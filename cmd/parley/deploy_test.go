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

// A metric with its matchers, and one of these.
var (
	matched = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}`)
	matcher = regexp.MustCompile(`(\w+)="[^"]*"`)
)

// A series that begins with 1 has not increased: what an alert counts has to be
// there, as 0, before there is anything to count.
func TestDeploy_WhatAlertsCountIsToldFromTheStart(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	told := b.visit(t, "GET", "/metrics", nil).want(t, 200, "").text
	data, err := os.ReadFile("../../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, expr := range expressions(doc) {
		for _, metric := range matched.FindAllStringSubmatch(expr, -1) {
			for _, m := range matcher.FindAllStringSubmatch(metric[2], -1) {
				if m[1] == "job" { // Prometheus' own
					continue
				}
				checked++
				if sample := metric[1] + "{" + m[0] + "} 0\n"; !strings.Contains(told, "\n"+sample) {
					t.Errorf("a server that has just started does not tell %s", sample)
				}
			}
		}
	}
	if checked < 5 {
		t.Errorf("%d matchers: is that all?", checked)
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

// The server makes its backups itself, and may write its state folders alone.
func TestDeploy_TheGuideBacksUpWhereTheUnitMayWrite(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../deploy/parley.service")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^StateDirectory=(.+)$`).FindSubmatch(unit)
	if found == nil {
		t.Fatal("the unit has no state folders")
	}
	may := strings.Fields(string(found[1]))
	in := func(folder string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(folder, "/var/lib/"), "/")
		if !slices.Contains(may, name) {
			t.Errorf("%s is in none of the unit's folders, %v", folder, may)
		}
		return name
	}
	commands := regexp.MustCompile(`parley (?:backup|restore) (/\S+) --data (/\S+)`).FindAllSubmatch(guide, -1)
	if len(commands) < 2 {
		t.Errorf("the guide has %d commands: is that all?", len(commands))
	}
	for _, c := range commands {
		if in(string(c[1])) == in(string(c[2])) {
			t.Errorf("%s: a backup in the data folder", c[0])
		}
		if !strings.Contains(string(unit), "\nEnvironment=PARLEY_DATA="+string(c[2])+"\n") {
			t.Errorf("%s: the unit has its data elsewhere", c[0])
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
