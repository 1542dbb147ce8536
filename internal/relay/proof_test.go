package relay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

// boundTokens is a source whose tokens are bound to a key.
type boundTokens struct {
	*tokens
	prover *dpop.Prover
}

func (s boundTokens) Token(ctx context.Context, minTTL time.Duration) (Token, error) {
	token, err := s.tokens.Token(ctx, minTTL)
	return s.bind(token), err
}

func (s boundTokens) Renew(ctx context.Context, claims string) (Token, error) {
	token, err := s.tokens.Renew(ctx, claims)
	return s.bind(token), err
}

func (s boundTokens) bind(token Token) Token {
	token.Bearer = httpx.NewBearer(secret.New("bound"), "DPoP", s.origins).WithProof(s.prover)
	return token
}

func startBound(t *testing.T, base string) *rig {
	t.Helper()
	key, err := jose.Generate("ES256")
	if err != nil {
		t.Fatal(err)
	}
	return start(t, base, func(c *Config, s *tokens) { c.Tokens = boundTokens{s, dpop.New(key, nil, time.Now)} })
}

// guard is an API that takes each proof once, and wants its nonce where it has one.
type guard struct {
	t     *testing.T
	mu    sync.Mutex
	nonce string
	spent map[string]bool
	seen  []string // "METHOD htu"
}

func (g *guard) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		g.t.Error(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var claims struct{ JTI, HTM, HTU, Ath, Nonce string }
	proofs := req.Header.Values("DPoP")
	if len(proofs) != 1 || strings.Join(req.Header.Values("Authorization"), ",") != "DPoP bound" {
		g.t.Errorf("headers %v", req.Header)
		return
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(proofs[0], ".")[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		g.t.Error(proofs, err)
	}
	path, _, _ := strings.Cut(req.RequestURI, "?")
	if g.spent[claims.JTI] || claims.HTM != req.Method || claims.HTU != "http://"+req.Host+path || claims.Ath == "" {
		g.t.Errorf("%s %s: %s", req.Method, req.RequestURI, text)
	}
	g.spent[claims.JTI] = true
	g.seen = append(g.seen, req.Method+" "+path)
	if g.nonce != "" && claims.Nonce != g.nonce {
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		w.Header().Set("DPoP-Nonce", g.nonce)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, _ = w.Write([]byte("ok " + string(body)))
}

func newGuard(t *testing.T, nonce string) (*guard, *api) {
	t.Helper()
	g := &guard{t: t, nonce: nonce, spent: map[string]bool{}}
	return g, newAPI(t, false, g.ServeHTTP)
}

func TestEachRequestHasItsOwnProof(t *testing.T) {
	g, a := newGuard(t, "")
	r := startBound(t, a.URL)
	keeping := &http.Client{Transport: &http.Transport{}} // one connection, as for the short way
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"v1/a%2Fb?x=y", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := keeping.Do(req)
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if res, _ := ask(t, method, r.url+"v1/x", map[bool]string{true: "body"}[method == "PUT"], "DPoP: mine", "Authorization: Basic x"); res.StatusCode != 200 {
			t.Error(method, res.Status)
		}
	}
	want := "GET /v1/a%2Fb, GET /v1/a%2Fb, GET /v1/a%2Fb, GET /v1/x, HEAD /v1/x, PUT /v1/x, DELETE /v1/x"
	if got := strings.Join(g.seen, ", "); got != want || r.tokens.count() != 1 {
		t.Errorf("%s; %d tokens", got, r.tokens.count())
	}
}

func TestTheAPIsNonceIsAnsweredAndKept(t *testing.T) {
	g, a := newGuard(t, "n-1")
	r := startBound(t, a.URL)
	kept := strings.Repeat("x", maxReplay)
	for i, want := range []int64{2, 3, 4} { // the nonce is known from the second on
		if res, text := ask(t, "PUT", r.url+"x", kept); res.StatusCode != 200 || text != "ok "+kept || a.seen.Load() != want {
			t.Errorf("%d: %d, %d requests", i, res.StatusCode, a.seen.Load())
		}
	}
	g.mu.Lock()
	g.nonce = "n-2"
	g.mu.Unlock()
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 || a.seen.Load() != 6 {
		t.Errorf("%d, %d requests", res.StatusCode, a.seen.Load())
	}
	g.mu.Lock()
	g.nonce = "n-3"
	g.mu.Unlock()
	if res, _ := ask(t, "PUT", r.url+"x", kept+strings.Repeat("y", 1<<20)); res.StatusCode != 401 || a.seen.Load() != 7 {
		t.Errorf("a body that is too long to keep: %d, %d requests", res.StatusCode, a.seen.Load())
	}
	if n := r.tokens.count(); n != 1 {
		t.Errorf("%d tokens were asked for", n)
	}
}

func TestANonceThatIsNeverRightRenewsNoToken(t *testing.T) {
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		w.Header().Set("DPoP-Nonce", "n"+req.Header.Get("DPoP")[100:120])
		w.WriteHeader(http.StatusUnauthorized)
	})
	r := startBound(t, a.URL)
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 401 || a.seen.Load() != 2 || r.tokens.count() != 1 {
		t.Errorf("%d, %d requests, %d tokens", res.StatusCode, a.seen.Load(), r.tokens.count())
	}
}

func TestARefusedBoundTokenIsStillRenewed(t *testing.T) {
	refusals := 1
	a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		if refusals--; refusals >= 0 {
			w.Header().Set("WWW-Authenticate", `DPoP error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		hello(w, req)
	})
	r := startBound(t, a.URL)
	if res, _ := ask(t, "GET", r.url+"x", ""); res.StatusCode != 200 || a.seen.Load() != 2 || r.tokens.count() != 2 {
		t.Errorf("%d, %d requests, %d tokens", res.StatusCode, a.seen.Load(), r.tokens.count())
	}
}
