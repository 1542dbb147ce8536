package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/iostreams"
)

func TestABarIsShownForLongBodiesAlone(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	for _, tc := range []struct {
		name  string
		asked bool
		total int64
		after time.Duration
		shown bool
	}{
		{"short", false, 1000, 0, false},
		{"short, asked for", true, 1000, 0, true},
		{"long", false, longBody, 0, true},
		{"slow", false, 1000, longWhile, true},
		{"of unknown length", false, -1, 0, false},
		{"of unknown length, slow", false, -1, longWhile, true},
	} {
		var out bytes.Buffer
		at := now
		p := &progress{out: &out, asked: tc.asked, clock: func() time.Time { return at }}
		meter := p.meter()
		meter.Begin(true, 10)
		meter.Begin(false, tc.total)
		meter.Moved(true, longBody) // the tail of an upload
		at = at.Add(tc.after)
		meter.Moved(false, 100)
		if shown := p.bar != nil; shown != tc.shown {
			t.Errorf("%s: shown %t", tc.name, shown)
		}
		if p.end(); p.bar != nil || !tc.shown && out.Len() > 0 {
			t.Errorf("%s: left %q", tc.name, out.String())
		}
	}
}

func TestABarIsNeverInTheWay(t *testing.T) {
	t.Parallel()
	tty := func() *globals {
		return &globals{app: &App{IO: &iostreams.Streams{OutTTY: true, ErrTTY: true}}}
	}
	for name, tc := range map[string]struct {
		change func(*globals, *callOptions)
		toFile bool
		want   bool
	}{
		"to a file":                 {func(*globals, *callOptions) {}, true, true},
		"to the terminal":           {func(*globals, *callOptions) {}, false, false},
		"to the terminal, asked":    {func(_ *globals, o *callOptions) { o.save.progress = true }, false, true},
		"to a pipe":                 {func(g *globals, _ *callOptions) { g.app.IO.OutTTY = false }, false, true},
		"silent":                    {func(_ *globals, o *callOptions) { o.save.silent = true }, true, false},
		"verbose":                   {func(g *globals, _ *callOptions) { g.verbose = 1 }, true, false},
		"errors for programs":       {func(g *globals, _ *callOptions) { g.app.jsonErrors = true }, true, false},
		"no terminal, though asked": {func(g *globals, o *callOptions) { g.app.IO.ErrTTY, o.save.progress = false, true }, true, false},
	} {
		g, o := tty(), &callOptions{}
		tc.change(g, o)
		if got := g.progress(o, tc.toFile); (got != nil) != tc.want {
			t.Errorf("%s: %v", name, got != nil)
		}
	}
}
