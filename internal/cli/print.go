package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/iostreams"
	"github.com/authctl/authctl/internal/secret"
)

// marshalLine is v as one line of JSON. What is marshalled here always can be.
func marshalLine(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) //nolint:errchkjson // see above
	return b.Bytes()
}

// table lays rows out in columns; the first row is the heading.
func table(rows [][]string) []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if cell == "" {
				cell = "-"
			}
			if i > 0 {
				_, _ = w.Write([]byte{'\t'})
			}
			_, _ = w.Write([]byte(strings.NewReplacer("\t", " ", "\n", " ").Replace(httpx.Visible(cell))))
		}
		_, _ = w.Write([]byte{'\n'})
	}
	_ = w.Flush()
	return b.Bytes()
}

// listing prints rows as a table, or their JSON form.
func (a *App) listing(format string, rows [][]string, asJSON any) error {
	switch format {
	case "table":
		return writeOut(a.IO.Out, table(rows))
	case "json":
		return writeOut(a.IO.Out, marshalLine(asJSON))
	}
	return usage("--format is table or json")
}

// lineErr prints one masked line on stderr.
func (a *App) lineErr(text string) {
	_, _ = fmt.Fprintln(a.IO.Err, httpx.Visible(a.Mask.Text(text)))
}

// ask reads a secret from the person at the terminal.
func (a *App) ask(ctx context.Context, label string) (secret.String, error) {
	text, err := a.IO.Password(ctx, httpx.Visible(label))
	if errors.Is(err, iostreams.ErrCannotPrompt) {
		return secret.String{}, fault.New(fault.Auth, "auth.input_required", "%s must be typed, and there is no terminal to ask on", label).
			Hint("run the command in a terminal without --no-input, or name a secret that needs no person (env:, file:, keyring:, command:)")
	}
	if err != nil && ctx.Err() != nil {
		return secret.String{}, ctx.Err()
	}
	if err != nil {
		return secret.String{}, fault.New(fault.IO, "io.terminal", "%w", err).Doing("reading %s from the terminal", label)
	}
	return secret.New(text), nil
}
