package shape

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func parsed(t *testing.T, text string) *Template {
	t.Helper()
	tmpl, err := ParseTemplate(text, noon)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func TestATemplateHasTheFunctionsOfGh(t *testing.T) {
	for _, c := range []struct{ text, body, want string }{
		{`{{.a}} {{.b}} {{.c}} {{.d}}`, `{"a":1,"b":1.5,"c":12345678901234567890,"d":true}`, "1 1.5 12345678901234567890 true"},
		{`{{range .}}{{.n}},{{end}}`, `[{"n":1},{"n":"x"}]`, "1,x,"},
		{`{{if gt .n 3}}more{{end}}`, `{"n":4}`, "more"},
		{`{{.l | pluck "name" | join ", "}}`, `{"l":[{"name":"a"},{"name":2}]}`, "a, 2"},
		{`{{color "red" .a}}{{autocolor "red+b" .n}}`, `{"a":"x","n":3}`, "x3"},
		{`{{hyperlink "https://api.example.com" "here"}}{{hyperlink "u" ""}}`, `{}`, "hereu"},
		{`{{timeago .t}}`, `{"t":"2026-03-01T09:00:00Z"}`, "3 hours ago"},
		{`{{timeago .t}}`, `{"t":"2026-02-28T11:00:00Z"}`, "1 day ago"},
		{`{{timeago .t}}`, `{"t":"2026-03-01T11:59:59Z"}`, "just now"},
		{`{{timeago .t}}`, `{"t":"2023-01-01T00:00:00Z"}`, "3 years ago"},
		{`{{timefmt "02 Jan 2006" .t}}`, `{"t":"2026-03-01T09:00:00Z"}`, "01 Mar 2026"},
		{`{{truncate 8 .s}}|{{truncate 3 .s}}|{{truncate 99 .s}}|{{truncate 3 .none}}`, `{"s":"ünicodes!"}`, "ünico...|üni|ünicodes!|"},
		{`{{contains "b" .s}}{{hasPrefix "a" .s}}{{hasSuffix "c" .s}}{{regexMatch "^a.c$" .s}}{{replace "b" "-" .s}}`, `{"s":"abc"}`, "truetruetruetruea-c"},
		{`{{range .}}{{tablerow .a .b}}{{end}}{{tablerender}}end`, `[{"a":"x","b":1},{"a":"longer","b":"two\nlines"}]`, "x       1\nlonger  two...\nend"},
		{`{{tablerow "a" 1}}`, `{}`, "a  1\n"},
	} {
		if got, err := shaped(t, parsed(t, c.text), c.body); err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", c.text, got, err, c.want)
		}
	}
}

func TestATableGoesOnOverSeveralValues(t *testing.T) {
	got, err := shaped(t, parsed(t, `{{tablerow .a .b}}`), "{\"a\":\"x\",\"b\":1}\n{\"a\":\"yyy\",\"b\":2}")
	if err != nil || got != "x    1\nyyy  2\n" {
		t.Errorf("%q %v", got, err)
	}
}

func TestATemplateThatDoesNotFitSaysSo(t *testing.T) {
	for _, text := range []string{`{{.a.b.c}}`, `{{index .l 9}}`, `{{join "," .o}}`, `{{pluck "x" .l}}`, `{{tablerow .o}}`, `{{timeago .a}}`, `{{range .l}}{{.x}}{{end}}`} {
		if _, err := shaped(t, parsed(t, text), `{"a":1,"l":[1],"o":{}}`); !fault.Is(err, fault.Protocol) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAnEndlessTemplateIsStopped(t *testing.T) {
	_, err := shaped(t, parsed(t, `{{range .n}}`+strings.Repeat("x", 1<<16)+`{{end}}`), `{"n":1000000000}`)
	if !fault.Is(err, fault.Usage) {
		t.Errorf("%v", err)
	}
}

func TestATemplateThatWritesNothingEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	r := Body(ctx, io.NopCloser(strings.NewReader("{}")), parsed(t, `{{range 20000000}}{{end}}`))
	defer r.Close()
	if _, err := io.ReadAll(r); !fault.Is(err, fault.Timeout) {
		t.Errorf("%v", err)
	}
}

func TestTextForATerminalIsNotMadeHere(t *testing.T) {
	got, err := shaped(t, parsed(t, `{{.s}}`), `{"s":"\u001b[31m<b>"}`)
	if err != nil || got != "\x1b[31m<b>" {
		t.Errorf("%q %v: the bytes are the same on a terminal and on a pipe; the output makes them visible", got, err)
	}
}
