package curl

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/httpx"
)

// shore is a server that counts who comes with which credential.
type shore struct {
	*httptest.Server
	mu      sync.Mutex
	seen    int
	tokens  []string // of requests with other than the one right header
	foreign bool
}

func newShore(t *testing.T, foreign bool, elsewhere string) *shore {
	s := &shore{foreign: foreign}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen++
		got := r.Header.Values("Authorization")
		if right := len(got) == 1 && got[0] == "Bearer CANARY"; right == s.foreign {
			s.tokens = append(s.tokens, r.Method+" "+r.URL.String())
		}
		if elsewhere != "" && r.URL.Path == "/moved" {
			http.Redirect(w, r, elsewhere+"/landed", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestTheRealCurlNeverTakesTheTokenElsewhere throws command lines together at random, from words that are as
// misleading as can be, and runs the real curl with what becomes of those that are let through.
func TestTheRealCurlNeverTakesTheTokenElsewhere(t *testing.T) {
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("NOT RUN: curl is not installed (apt-get install curl)")
	}
	foreign := newShore(t, true, "")
	home := newShore(t, false, foreign.URL)
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("Authorization: Bearer CANARY\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	origin, err := httpx.ParseOrigin(home.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := &Reader{BaseURL: home.URL, Origins: httpx.Origins{origin}, ReadFile: func(string) ([]byte, error) { return nil, nil }}
	words := []string{
		"/x", "/moved", "/{a,b}", "/[1-2]?q={c,d}", home.URL + "/y", foreign.URL + "/evil", "-L", "--location", "--loc", "-sL", "-s", "-sS", "-so", "-o",
		"/dev/null", "-d", "-da=1", "@/dev/null", "-X", "-XPUT", "PUT", "--url", "--", "-g", "-G", "-H", "X-A: b", "-HX-A;", "Authorization: x", "-e", "-A",
		"--data", "--no-location", "--proxy", "-x", "--noproxy", "*", "", "--max-redirs", "2", "-I", "-sI", "-T", "--connect-to", "::" + foreign.Listener.Addr().String(),
		"-q", "--next", "-Z", "--sil", "-K", "-k", "--proto", "=all", "--resolve", "-u", "a:b", "-sm2", "-w", "-b", "a=b", "--request-target", "--json", "{}",
	}
	random := rand.New(rand.NewPCG(1, 2))
	runs := 0
	for tries := 0; runs < 120 && tries < 20_000; tries++ {
		var args []string
		for range 1 + random.IntN(7) {
			args = append(args, words[random.IntN(len(words))])
		}
		plan, err := r.Read(args)
		if err != nil || plan.Asks {
			continue
		}
		runs++
		run(t, path, plan.Command(Way{}, Files{Headers: headers}))
		if here, there := home.wrong(), foreign.wrong(); len(here)+len(there) > 0 {
			t.Fatalf("%q: without the token at home: %q; with it elsewhere: %q", args, here, there)
		}
	}
	if here, there := home.count(), foreign.count(); here < runs/2 || there == 0 {
		t.Errorf("%d runs, %d requests at home, %d elsewhere: the words are no test any more", runs, here, there)
	}
}

// wrong gives the requests that carried what they should not have.
func (s *shore) wrong() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens)
}

func (s *shore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func run(t *testing.T, path string, args []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = t.TempDir()
	_ = cmd.Run() // whatever it says
	if ctx.Err() != nil {
		t.Fatalf("%q does not end", args)
	}
}
