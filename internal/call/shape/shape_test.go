package shape

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func query(t *testing.T, expr string) *Query {
	t.Helper()
	q, err := ParseQuery("--jq", expr)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// shaped gives what a shaper makes of a body, and the error that came with it.
func shaped(t *testing.T, s Shaper, body string) (string, error) {
	t.Helper()
	r := Body(t.Context(), io.NopCloser(strings.NewReader(body)), s)
	defer r.Close()
	out, err := io.ReadAll(r)
	return string(out), err
}

func TestAQueryPrintsAsGhDoes(t *testing.T) {
	for _, c := range []struct{ expr, body, want string }{
		{".name", `{"name":"plain \"text\"\n"}`, "plain \"text\"\n\n"},
		{".[]", `[1, 1.50, 12345678901234567890123, true, null, "x"]`, "1\n1.50\n12345678901234567890123\ntrue\nnull\nx\n"},
		{".", `{"b":[1, {"c": "<é>"}], "a": 1}`, `{"a":1,"b":[1,{"c":"<é>"}]}` + "\n"},
		{".[] | select(.n > 9007199254740993) | .n", `[{"n":9007199254740992},{"n":9007199254740994}]`, "9007199254740994\n"},
		{"empty", `{}`, ""},
		{".a", "{\"a\":1}\n{\"a\":2}\n", "1\n2\n"},
		{".a", "\ufeff{\"a\":1}", "1\n"},
		{"1, halt, 2", `{}`, "1\n"},
		{`"\u001b[31m"`, `{}`, "\x1b[31m\n"},
	} {
		if got, err := shaped(t, query(t, c.expr), c.body); err != nil || got != c.want {
			t.Errorf("%s of %s: %q %v, want %q", c.expr, c.body, got, err, c.want)
		}
	}
}

func TestAWrongExpressionIsAnErrorOfTheCommandLine(t *testing.T) {
	for _, expr := range []string{".[", "nosuch", "$nosuch", `import "a" as a; 1`, `include "/etc/passwd"; 1`, "input", "inputs", "debug", "input_filename", "getpath"} {
		if _, err := ParseQuery("--jq", expr); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", expr, err)
		}
	}
	for _, text := range []string{"{{", "{{nosuch}}", "{{env \"HOME\"}}", "{{template \"x\"", "{{range}}{{end}}"} {
		if _, err := ParseTemplate(text, time.Now); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAnExpressionSeesNothingOfTheEnvironment(t *testing.T) {
	t.Setenv("SHAPE_TEST", "CANARY")
	if os.Getenv("SHAPE_TEST") == "" {
		t.Fatal("the variable is not there to be seen")
	}
	for _, expr := range []string{"env", "$ENV", "[env[]]", "$ENV.SHAPE_TEST"} {
		if got, err := shaped(t, query(t, expr), `{}`); err != nil || strings.Contains(got, "CANARY") {
			t.Errorf("%s: %q %v", expr, got, err)
		}
	}
}

func TestWhatIsNotJSONIsTheAnswersFault(t *testing.T) {
	for name, c := range map[string]struct{ body, out string }{
		"nothing":      {"", ""},
		"blanks":       {" \n", ""},
		"HTML":         {"<html>", ""},
		"half":         {`{"a":`, ""},
		"text behind":  {`{"a":1} nonsense`, "1\n"},
		"endless open": {strings.Repeat("[", 20000), ""},
	} {
		got, err := shaped(t, query(t, ".a"), c.body)
		if !fault.Is(err, fault.Protocol) || got != c.out {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func TestAnExpressionThatDoesNotFitKeepsWhatCameBefore(t *testing.T) {
	got, err := shaped(t, query(t, ".[] | .a"), `[{"a":1},2]`)
	if got != "1\n" || !fault.Is(err, fault.Protocol) {
		t.Errorf("%q %v", got, err)
	}
	if _, err := shaped(t, query(t, `error("\u001b[2J\u001b[31m")`), `{}`); err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%v", err)
	}
}

func TestAnEndlessExpressionEndsWithItsCaller(t *testing.T) {
	for _, expr := range []string{"def f: f; f", "last(repeat(1))", "[range(1e18)] | length"} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		r := Body(ctx, io.NopCloser(strings.NewReader("{}")), query(t, expr))
		_, err := io.ReadAll(r)
		if !fault.Is(err, fault.Timeout) {
			t.Errorf("%s: %v", expr, err)
		}
		cancel()
		_ = r.Close()
	}
}

func TestAnErrorOfTheBodyStaysWhatItIs(t *testing.T) {
	broken := fault.New(fault.Network, "network.lost", "gone")
	r := Body(t.Context(), io.NopCloser(io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(broken))), query(t, ".a"))
	defer r.Close()
	if _, err := io.ReadAll(r); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestADocumentBeyondTheLimitIsRefusedWhileItComes(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`"`), filler{})
	r := Body(t.Context(), io.NopCloser(endless), query(t, "length"))
	defer r.Close()
	_, err := io.ReadAll(r)
	if f := fault.From(err); f.Code != "protocol.too_large" || !strings.Contains(f.HintText(), "-o") {
		t.Errorf("%v", err)
	}
}

// filler is a string that never ends.
type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestValuesAreShapedAsTheyCome(t *testing.T) {
	in, server := io.Pipe()
	r := Body(t.Context(), in, query(t, ".n"))
	defer r.Close()
	for _, n := range []string{"1", "2"} {
		go func() { _, _ = io.WriteString(server, `{"n":`+n+"}\n") }()
		buf := make([]byte, 8)
		got, err := r.Read(buf) // blocks for ever if the stream waits for its end
		if err != nil || string(buf[:got]) != n+"\n" {
			t.Fatalf("%q %v", buf[:got], err)
		}
	}
}

func TestAStreamMayBeLeftBeforeItsEnd(t *testing.T) {
	closed := false
	body := struct {
		io.Reader
		io.Closer
	}{strings.NewReader(`[1,2,3]`), closer(func() { closed = true })}
	r := Body(t.Context(), body, query(t, ".[]"))
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil || !closed {
		t.Errorf("%v %t", err, closed)
	}
}

type closer func()

func (c closer) Close() error { c(); return nil }

func FuzzQueryBody(f *testing.F) {
	f.Add(".", `{"a":[1,2.5,"x"]}`)
	f.Add(".[]?", "[1]\n[2]")
	f.Add("tostring | length", "12e3 \"\\ud800\"")
	f.Fuzz(func(t *testing.T, expr, body string) {
		if len(expr) > 20 || len(body) > 200 {
			return
		}
		q, err := ParseQuery("--jq", expr)
		if err != nil {
			if !fault.Is(err, fault.Usage) {
				t.Fatal(err)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r := Body(ctx, io.NopCloser(strings.NewReader(body)), q)
		defer r.Close()
		if _, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20)); err != nil {
			if _, ok := errors.AsType[*fault.Error](err); !ok {
				t.Fatalf("%v is no fault", err)
			}
		}
	})
}
