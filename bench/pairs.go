package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// PairsOptions say what to compare.
type PairsOptions struct {
	Run  Options // its Target is not used
	A, B Target
	N    int       // pairs; default 5
	Out  io.Writer // each run in benchstat's form; nil: nowhere
	Text io.Writer // the comparison, for people; nil: nowhere
}

// Comparison is one metric of both sides.
type Comparison struct {
	Unit string
	A, B float64 // medians
	// Ratio is the median of the pairs' own ratios, A to B: what disturbed the
	// machine during a pair disturbed both.
	Ratio float64
}

// Pairs measures A and B in turn, so many times, with the order changing from
// pair to pair, and compares their medians.
func Pairs(ctx context.Context, o PairsOptions) ([]Comparison, error) {
	o.N = or(o.N, 5)
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Text == nil {
		o.Text = io.Discard
	}
	if err := machine().WriteHeader(o.Out); err != nil {
		return nil, err
	}
	var a, b []Report
	for n := range o.N {
		sides := []struct {
			target Target
			into   *[]Report
		}{{o.A, &a}, {o.B, &b}}
		if n%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			run := o.Run
			run.Target = side.target
			report, err := Run(ctx, run)
			if err != nil {
				return nil, err
			}
			if err := report.Write(o.Out); err != nil {
				return nil, err
			}
			*side.into = append(*side.into, report)
		}
	}
	compared := compareAll(a, b)
	return compared, writeTable(o.Text, o, compared)
}

func compareAll(a, b []Report) []Comparison {
	var out []Comparison
	for i, m := range a[0].Metrics() {
		var as, bs, ratios []float64
		for n := range a {
			x, y := value(a[n], m.Unit), value(b[n], m.Unit)
			as, bs = append(as, x), append(bs, y)
			if y != 0 {
				ratios = append(ratios, x/y)
			}
		}
		out = append(out, Comparison{Unit: m.Unit, A: median(as), B: median(bs)})
		if m.Unit == "faults" { // one is too many, whatever the others had
			out[i].A, out[i].B = slices.Max(as), slices.Max(bs)
			continue
		}
		if len(ratios) > 0 {
			out[i].Ratio = median(ratios)
		}
	}
	return out
}

func value(r Report, unit string) float64 {
	for _, m := range r.Metrics() {
		if m.Unit == unit {
			return m.Value
		}
	}
	return 0
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func writeTable(w io.Writer, o PairsOptions, compared []Comparison) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if _, err := fmt.Fprintf(t, "%s, medians of %d\t%s\t%s\tratio\t\n", o.Run.Scenario, o.N, o.A.name(), o.B.name()); err != nil {
		return err
	}
	for _, c := range compared {
		if _, err := fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t\n", c.Unit, c.A, c.B, c.Ratio); err != nil {
			return err
		}
	}
	return t.Flush()
}
