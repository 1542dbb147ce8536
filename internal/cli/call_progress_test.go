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
		return &globals{app: &App{IO: &iostreams.Streams{ErrTTY: true}}}
	}
	for name, tc := range map[string]struct {
		change     func(*globals, *callOptions)
		toTerminal bool
		want       bool
	}{
		"to a file or a pipe":       {func(*globals, *callOptions) {}, false, true},
		"to a terminal":             {func(*globals, *callOptions) {}, true, false},
		"to a terminal, asked":      {func(_ *globals, o *callOptions) { o.save.progress = true }, true, true},
		"silent":                    {func(_ *globals, o *callOptions) { o.save.silent = true }, false, false},
		"verbose":                   {func(g *globals, _ *callOptions) { g.verbose = 1 }, false, false},
		"errors for programs":       {func(g *globals, _ *callOptions) { g.app.jsonErrors = true }, false, false},
		"no terminal, though asked": {func(g *globals, o *callOptions) { g.app.IO.ErrTTY, o.save.progress = false, true }, false, false},
	} {
		g, o := tty(), &callOptions{}
		tc.change(g, o)
		if got := g.progress(o, tc.toTerminal); (got != nil) != tc.want {
			t.Errorf("%s: %v", name, got != nil)
		}
	}
}
