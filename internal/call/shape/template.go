package shape

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/text"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// maxText bounds what a template makes of one value; a loop over a number can go on for ever.
const maxText = 64 << 20

var _ Shaper = (*Template)(nil)

// Template is a Go template with the functions that gh gives to its own: autocolor, color, contains, hasPrefix,
// hasSuffix, hyperlink, join, pluck, regexMatch, replace, tablerender, tablerow, timeago, timefmt and truncate. Colours
// and links come out as plain text, so that the bytes are the same on a terminal and on a pipe.
type Template struct {
	parsed *template.Template
	rows   [][]string
}

// ParseTemplate reads text; now is the time that timeago counts from.
func ParseTemplate(text string, now func() time.Time) (*Template, error) {
	t := &Template{}
	var err error
	t.parsed, err = template.New("").Funcs(t.functions(now)).Parse(text)
	if err != nil {
		return nil, fault.New(fault.Usage, "usage.template", "--template: not a Go template: %w", err).
			Hint(`--template '{{range .items}}{{.name}}{{"\n"}}{{end}}'`)
	}
	return t, nil
}

// Text is the template's text for value.
func (t *Template) Text(ctx context.Context, value any) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		out, done := limited{ctx: ctx}, make(chan error, 1)
		go func() { done <- t.parsed.Execute(&out, plain(value)) }()
		select {
		case err := <-done:
			if err != nil {
				err = templateFault(ctx, err)
			}
			yield(out.text.Bytes(), err)
		case <-ctx.Done(): // a loop that writes nothing knows of no end; it is left behind
			yield(nil, outOfTime(ctx))
		}
	}
}

// Rest is the table whose rows no tablerender has shown.
func (t *Template) Rest() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if len(t.rows) > 0 {
			yield([]byte(t.renderTable()), nil)
		}
	}
}

func templateFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return outOfTime(ctx)
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	return fault.New(fault.Protocol, "protocol.template", "the answer does not fit the template: %s", httpx.Excerpt(err.Error(), nil)).
		Hint("look at the answer with --jq . first")
}

// limited is the text so far; it grows neither beyond reason nor beyond the caller's time.
type limited struct {
	ctx  context.Context //nolint:containedctx // lives as long as one execution, whose Write has no ctx
	text bytes.Buffer
}

func (l *limited) Write(p []byte) (int, error) {
	if l.ctx.Err() != nil {
		return 0, l.ctx.Err()
	}
	if l.text.Len()+len(p) > maxText {
		return 0, fault.New(fault.Usage, "usage.template", "the template makes more than %d MiB of one answer", maxText>>20)
	}
	return l.text.Write(p)
}
