package call

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

const wantsNonce = `WWW-Authenticate: DPoP error="use_dpop_nonce"`

// proofs makes readable proofs: their number, method, target and the nonce learnt last.
type proofs struct {
	made   int
	nonce  string
	learnt int
}

func (p *proofs) Proof(method string, target *url.URL, token secret.String) (string, error) {
	p.made++
	return strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", p.made, method, target.Path, token.Reveal(), p.nonce)), nil
}

func (p *proofs) Learn(_ *url.URL, header http.Header) {
	p.learnt++
	if n := header.Get("DPoP-Nonce"); n != "" {
		p.nonce = n
	}
}

func (p *proofs) Challenged(res *http.Response) bool {
	return httpx.WantsNonce(res) && res.Header.Get("DPoP-Nonce") != ""
}

// boundTokens gives tokens that are bound to a key.
type boundTokens struct {
	tokens
	proofs *proofs
}

func (s *boundTokens) Bearer(ctx context.Context) (httpx.Bearer, error) {
	_, err := s.tokens.Bearer(ctx)
	return httpx.NewBearer(secret.New("old"), "DPoP", s.origins).WithProof(s.proofs), err
}

func (s *boundTokens) Renew(ctx context.Context, claims string) (httpx.Bearer, error) {
	_, err := s.tokens.Renew(ctx, claims)
	return httpx.NewBearer(secret.New("new"), "DPoP", s.origins).WithProof(s.proofs), err
}

func newBoundClient(t *testing.T, base string) (*Client, *boundTokens) {
	t.Helper()
	c, plain := newClient(t, base)
	source := &boundTokens{tokens: tokens{origins: plain.origins}, proofs: &proofs{}}
	c.Source = source
	return c, source
}

// sentProofs lists the DPoP headers that reached the server, after their Authorization.
func sentProofs(s *wire) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, head := range s.heads {
		var one []string
		for line := range strings.SplitSeq(head, "\r\n") {
			if name, value, _ := strings.Cut(line, ": "); name == "DPoP" || name == "Authorization" {
				one = append(one, value)
			}
		}
		all = append(all, strings.Join(one, "|"))
	}
	return strings.Join(all, "; ")
}

func TestTheProofOfABoundTokenIsNobodyElses(t *testing.T) {
	s := newWire(t, answer(200))
	c, _ := newBoundClient(t, s.base)
	c.Bound = true
	_, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: http.Header{"Dpop": {"mine"}}})
	if !fault.Is(err, fault.Usage) || s.hits() != 0 {
		t.Errorf("%v after %d connections", err, s.hits())
	}
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base), Header: http.Header{"Dpop": {"mine"}}, NoAuth: true}); err != nil {
		t.Error(err)
	}
}

func TestABoundTokenIsSentWithAProof(t *testing.T) {
	s := newWire(t, answer(200, "DPoP-Nonce: n1"), answer(200))
	c, source := newBoundClient(t, s.base)
	for range 2 {
		if _, _, err := do(t, c, &Request{URL: parse(t, s.base+"/a?b"), Header: http.Header{"Dpop": {"mine"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := sentProofs(s); got != "DPoP old|1 GET /a old; DPoP old|2 GET /a old n1" || source.proofs.learnt != 2 {
		t.Error(got, source.proofs.learnt)
	}
}

func TestAnAPIThatWantsItsNonceGetsItOnce(t *testing.T) {
	for name, c := range map[string]struct {
		script []string
		status int
		want   string
		tokens int // renewals
	}{
		"and is content": {
			[]string{answer(401, wantsNonce, "DPoP-Nonce: n1"), answer(200)},
			200,
			"DPoP old|1 PUT /a old; DPoP old|2 PUT /a old n1", 0,
		},
		"and wants another one": {
			[]string{answer(401, wantsNonce, "DPoP-Nonce: n1"), answer(401, wantsNonce, "DPoP-Nonce: n2"), answer(200)},
			401,
			"DPoP old|1 PUT /a old; DPoP old|2 PUT /a old n1", 0,
		},
		"and refuses the token then": {
			[]string{answer(401, wantsNonce, "DPoP-Nonce: n1"), answer(401), answer(200)},
			200,
			"DPoP old|1 PUT /a old; DPoP old|2 PUT /a old n1; DPoP new|3 PUT /a new n1", 1,
		},
		"after it refused the token": {
			[]string{answer(401), answer(401, wantsNonce, "DPoP-Nonce: n1"), answer(200)},
			200,
			"DPoP old|1 PUT /a old; DPoP new|2 PUT /a new; DPoP new|3 PUT /a new n1", 1,
		},
		"but sends none": {
			[]string{answer(401, wantsNonce), answer(200)}, 401, "DPoP old|1 PUT /a old", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newWire(t, c.script...)
			client, source := newBoundClient(t, s.base)
			res, _, err := do(t, client, &Request{Method: "PUT", URL: parse(t, s.base+"/a"), Body: Text("body")})
			if err != nil || res.StatusCode != c.status || len(source.claims) != c.tokens || source.asked != 1 {
				t.Errorf("%v, %d renewals, %v", res, len(source.claims), err)
			}
			if got := sentProofs(s); got != c.want {
				t.Errorf("sent %s\nwant %s", got, c.want)
			}
			for _, body := range s.body {
				if body != "body" {
					t.Errorf("a body is %q", body)
				}
			}
		})
	}
}

func TestABodyThatIsGoneIsNotSentForANonce(t *testing.T) {
	s := newWire(t, answer(401, wantsNonce, "DPoP-Nonce: n1"), answer(200))
	c, source := newBoundClient(t, s.base)
	req := &Request{Method: "PUT", URL: parse(t, s.base), Body: &streamBody{in: endless(bufferedBody + 1)}}
	res, _, err := do(t, c, req)
	if err != nil || res.StatusCode != 401 || s.hits() != 1 || len(source.claims) != 0 || !c.Unrenewed(req, res) {
		t.Error(res, err, s.hits(), source.claims)
	}
}

func TestEachRetryAndEachRedirectHasItsOwnProof(t *testing.T) {
	s := newWire(t, answer(503), answer(303, "Location: /b?c"), answer(200))
	c, _ := newBoundClient(t, s.base)
	c.Retry, c.Redirects = Retry{Max: 1, Unsafe: true}, Redirects{Follow: true, Max: 3}
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	if res, _, err := do(t, c, &Request{Method: "POST", URL: parse(t, s.base+"/a"), Body: Text("x")}); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	if got := sentProofs(s); got != "DPoP old|1 POST /a old; DPoP old|2 POST /a old; DPoP old|3 GET /b old" {
		t.Error(got)
	}
}

func TestANonceChallengeMeansNothingToAnUnboundToken(t *testing.T) {
	s := newWire(t, answer(401, wantsNonce, "DPoP-Nonce: n1"), answer(200))
	c, source := newClient(t, s.base)
	if res, _, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || res.StatusCode != 200 || len(source.claims) != 1 {
		t.Error(res, err, source.claims)
	}
	if got := sentProofs(s); got != "Bearer old; Bearer new" {
		t.Error(got)
	}
}

func TestTheTraceShowsNoProof(t *testing.T) {
	s := newWire(t, answer(401, wantsNonce, "DPoP-Nonce: CANARY"), answer(200))
	c, _ := newBoundClient(t, s.base)
	var lines []string
	c.Trace = func(line string) { lines = append(lines, line) }
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base+"/a")}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{"> DPoP: [redacted]\n", "> Authorization: DPoP [redacted]\n", "it wants its nonce in the DPoP proof\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "CANARY") || strings.Contains(text, "GET /a old") {
		t.Error(text)
	}
}

func TestAPreviewShowsThatAProofWouldBeSent(t *testing.T) {
	c, source := newBoundClient(t, "https://api.example.com")
	c.Bound = true
	text, err := c.Preview(&Request{URL: parse(t, "https://api.example.com/")})
	if err != nil || !strings.Contains(text, "Authorization: DPoP [redacted]\nDPoP: [redacted]\n") {
		t.Error(text, err)
	}
	if source.asked != 0 || source.proofs.made != 0 {
		t.Error("a preview asked for a token or a proof")
	}
}

var errNoProof = errors.New("no key")

type noProofs struct{ proofs }

func (*noProofs) Proof(string, *url.URL, secret.String) (string, error) { return "", errNoProof }

type unprovable struct{ *boundTokens }

func (s unprovable) Bearer(context.Context) (httpx.Bearer, error) {
	return httpx.NewBearer(secret.New("old"), "DPoP", s.origins).WithProof(&noProofs{}), nil
}

func TestNothingIsSentWhereThereIsNoProof(t *testing.T) {
	s := newWire(t, answer(200))
	c, source := newBoundClient(t, s.base)
	c.Source = unprovable{source}
	if _, _, err := do(t, c, &Request{URL: parse(t, s.base)}); !errors.Is(err, errNoProof) || s.hits() != 0 {
		t.Error(err, s.hits())
	}
}
