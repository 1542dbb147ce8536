package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf16"

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

// inert has what a terminal would obey written as JSON's escapes, which stand for the same characters: a title or a
// scope comes from a server.
func inert(line []byte) []byte {
	if text := string(line); httpx.Visible(text) == text {
		return line
	}
	var out []byte
	for _, r := range string(line) {
		if text := string(r); httpx.Visible(text) == text {
			out = append(out, text...)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
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
	if format == "json" {
		return writeOut(a.IO.Out, inert(marshalLine(asJSON)))
	}
	return writeOut(a.IO.Out, table(rows))
}

// checkListFormat refuses a --format of lists that there is not, before anything is read or asked.
func checkListFormat(format string) error {
	if format != "table" && format != "json" {
		return usage("--format is table or json")
	}
	return nil
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
