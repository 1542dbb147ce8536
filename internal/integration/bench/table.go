//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// table prints a row as soon as it is known.
type table struct {
	out     io.Writer
	missed  int
	skipped []string
}

func newTable(out io.Writer) *table {
	t := &table{out: out}
	_, _ = fmt.Fprintf(out, "%-36s %-22s  %-12s %-22s  %-6s %-7s\n", "what", "authctl ms min/med/max", "peer", "ms min/med/max", "ratio", "target")
	_, _ = fmt.Fprintln(out, strings.Repeat("-", 118))
	return t
}

// compare prints the ratio of two medians.
func (t *table) compare(what, peer string, ours, theirs []sample, target float64) {
	ratio := float64(median(ours)) / float64(median(theirs))
	_, _ = fmt.Fprintf(t.out, "%-36s %-22s  %-12s %-22s  %-6.2f %-7s %s\n",
		what, spread(ours), peer, spread(theirs), ratio, fmt.Sprintf("<=%.2f", target), t.judge(ratio <= target))
}

// state prints a measure that stands for itself.
func (t *table) state(what, value, target string, reached bool) {
	_, _ = fmt.Fprintf(t.out, "%-36s %-60s  %-7s %s\n", what, value, target, t.judge(reached))
}

// has reports whether the tools of a measure are there, and notes what installs them where they are not.
func (t *table) has(what, install string, tools ...string) bool {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.skipped = append(t.skipped, what+": "+install)
			return false
		}
	}
	return true
}

func (t *table) judge(reached bool) string {
	if reached {
		return "PASS"
	}
	t.missed++
	return "FAIL"
}

func (t *table) verdict() error {
	for _, line := range t.skipped {
		_, _ = fmt.Fprintln(t.out, "*** NOT MEASURED:", line)
	}
	if t.missed > 0 {
		return fmt.Errorf("%d targets missed", t.missed)
	}
	if len(t.skipped) > 0 {
		return errors.New("not everything was measured")
	}
	return nil
}

func spread(sorted []sample) string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("%.2f/%.2f/%.2f", ms(sorted[0].took), ms(median(sorted)), ms(sorted[len(sorted)-1].took))
}
