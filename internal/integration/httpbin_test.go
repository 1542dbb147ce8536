//go:build integration && linux

package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// httpbin is go-httpbin behind TLS: it echoes what it gets and misbehaves on demand.
func httpbin(t *testing.T) *user {
	t.Helper()
	program := os.Getenv("HTTPBIN")
	if program == "" {
		t.Fatal("HTTPBIN names no go-httpbin")
	}
	p := newParty(t)
	p.start(t, program, "-host", "127.0.0.1", "-port", fmt.Sprint(p.port), "-https-cert-file", p.cert, "-https-key-file", p.key)
	u, _ := p.visitor(t, fmt.Sprintf("https://127.0.0.1:%d", p.port))
	return u
}

// echo is what /anything answers.
type echo struct {
	Method  string
	URL     string
	Args    map[string][]string
	Headers http.Header
	Form    map[string][]string
	Files   map[string][]string
	Data    string
	JSON    any
}

func (u *user) echoed(t *testing.T, args ...string) echo {
	t.Helper()
	got := u.run(t, append([]string{"call"}, args...)...)
	var e echo
	if err := json.Unmarshal([]byte(got.stdout), &e); got.exit != 0 || err != nil {
		t.Fatalf("%v: exit %d, %v\n%s", args, got.exit, err, got.stderr)
	}
	return e
}

func TestHttpbinSeesOneAuthorization(t *testing.T) {
	u := httpbin(t)
	token := u.run(t, "token", "get").token(t)
	e := u.echoed(t, "/anything")
	if got := e.Headers["Authorization"]; len(got) != 1 || got[0] != "Bearer "+token {
		t.Errorf("%q", got)
	}
	u.run(t, "call", "/bearer", "-q", ".authenticated").says(t, 0, "true\n")
	if got := u.run(t, "call", "/bearer", "--no-auth"); got.exit != 22 {
		t.Errorf("exit %d", got.exit)
	}
	if got := u.run(t, "curl", "--", "-sS", "/bearer"); got.exit != 0 || !strings.Contains(got.stdout, token) {
		t.Errorf("exit %d\n%s", got.exit, got.stderr)
	}
}

func TestHttpbinGetsEachKindOfBody(t *testing.T) {
	u := httpbin(t)
	file := filepath.Join(u.dir, "note.txt")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := u.echoed(t, "/anything", "-d", "a=1", "-d", "b=x y"); e.Method != "POST" || e.Form["a"][0] != "1" || e.Form["b"][0] != "x y" {
		t.Errorf("-d: %+v", e)
	}
	if e := u.echoed(t, "PUT", "/anything", "--json", `{"n":[1,2]}`); e.Method != "PUT" || fmt.Sprint(e.JSON) != "map[n:[1 2]]" {
		t.Errorf("--json: %+v", e)
	}
	if e := u.echoed(t, "/anything", "-F", "f=@"+file, "-F", "k=v"); e.Files["f"][0] != "from a file\n" || e.Form["k"][0] != "v" {
		t.Errorf("-F: %+v", e)
	}
	if e := u.echoed(t, "/anything", "--query", "q=a b&c", "-H", "X-One: 1"); e.Args["q"][0] != "a b&c" || e.Headers.Get("X-One") != "1" {
		t.Errorf("--query: %+v", e)
	}
}

func TestHttpbinMisbehavesAndIsCopedWith(t *testing.T) {
	u := httpbin(t)
	for _, c := range []struct {
		exit int
		args string
	}{
		{22, "/status/418"},
		{22, "/unstable?failure_rate=1 --retry 2"},
		{0, "/gzip --compressed"},
		{0, "/deflate --compressed"},
		{0, "-L /redirect/3"},
		{7, "-L --max-redirs 2 /redirect/3"},
		{7, "-L /redirect-to?url=https://127.0.0.2/"},
		{5, "/delay/5 -m 0.5"},
		{5, "/drip?duration=5&numbytes=5 -m 0.5"},
		{0, "/range/1000 -H Range:bytes=10-19"},
		{0, "/encoding/utf8"},
		{0, "/bytes/100000?seed=1 -o " + filepath.Join(u.dir, "bytes")},
	} {
		if got := u.run(t, append([]string{"call"}, strings.Fields(c.args)...)...); got.exit != c.exit {
			t.Errorf("%s: exit %d, want %d\n%s", c.args, got.exit, c.exit, got.stderr)
		}
	}
}

func TestHttpbinStreamsArriveLineByLine(t *testing.T) {
	u := httpbin(t)
	for path, mark := range map[string]string{"/sse?count=3&duration=2s": "data:", "/drip?duration=2s&numbytes=3&delay=0s": "*"} {
		cmd := u.command(t.Context(), "call", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		n, err := out.Read(buf)
		if took := time.Since(start); err != nil || !strings.Contains(string(buf[:n]), mark) || took > 1500*time.Millisecond {
			t.Errorf("%s: %q after %v, %v", path, buf[:n], took, err)
		}
		for err == nil {
			_, err = out.Read(buf)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestHttpbinPagesAndBatches(t *testing.T) {
	u := httpbin(t)
	var lines strings.Builder
	for i := range 20 {
		fmt.Fprintf(&lines, `{"id":"r%d","method":"POST","path":"/anything","json":{"n":%d}}`+"\n", i, i)
	}
	cmd := u.command(t.Context(), "call", "--batch", "-", "--parallel", "4")
	cmd.Stdin = strings.NewReader(lines.String())
	got := finish(t, cmd)
	for i, line := range strings.Split(strings.TrimSpace(got.stdout), "\n") {
		var result struct {
			Index int
			ID    string
			Body  string
		}
		var e echo
		if json.Unmarshal([]byte(line), &result) != nil || json.Unmarshal([]byte(result.Body), &e) != nil ||
			result.ID != fmt.Sprintf("r%d", i) || fmt.Sprint(e.JSON) != fmt.Sprintf("map[n:%d]", i) {
			t.Fatalf("line %d: %s", i, line)
		}
	}
	if got.exit != 0 {
		t.Errorf("exit %d\n%s", got.exit, got.stderr)
	}
}
