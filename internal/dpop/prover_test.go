package dpop_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

var _ httpx.Proofs = (*dpop.Prover)(nil)

const moment = 1_562_262_618

func newProver(t *testing.T, alg string, nonces *dpop.Nonces) *dpop.Prover {
	t.Helper()
	key, err := jose.Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	return dpop.New(key, nonces, func() time.Time { return time.Unix(moment, 999) })
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// opened is a proof whose signature was verified with the key inside it.
type opened struct {
	header, claims map[string]any
	jwk            json.RawMessage
}

func open(t *testing.T, proof string) opened {
	t.Helper()
	head, _, _ := strings.Cut(proof, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	var o opened
	var inside struct{ JWK json.RawMessage }
	if err != nil || json.Unmarshal(text, &o.header) != nil || json.Unmarshal(text, &inside) != nil {
		t.Fatalf("%q: %v", proof, err)
	}
	o.jwk = inside.JWK
	set, err := jose.ParseKeySet([]byte(`{"keys":[` + string(o.jwk) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	claims, _, err := set.Verify(secret.New(proof))
	if err != nil || json.Unmarshal(claims, &o.claims) != nil {
		t.Fatalf("%q: %v", claims, err)
	}
	return o
}

func prove(t *testing.T, p *dpop.Prover, method, target, token string) opened {
	t.Helper()
	proof, err := p.Proof(method, parse(t, target), secret.New(token))
	if err != nil {
		t.Fatal(err)
	}
	return open(t, proof)
}

func TestAProofSaysWhatRFC9449Says(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256", "PS256", "EdDSA", "ES512"} {
		t.Run(alg, func(t *testing.T) {
			p := newProver(t, alg, nil)
			// The token of RFC 9449 section 7.1, whose ath is given there.
			o := prove(t, p, "GET", "https://resource.example.org/protectedresource", "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
			jti, _ := o.claims["jti"].(string)
			delete(o.claims, "jti")
			want := "map[ath:fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo htm:GET htu:https://resource.example.org/protectedresource iat:1.562262618e+09]"
			if got := fmt.Sprint(o.claims); got != want || len(jti) < 22 {
				t.Errorf("%s, jti %q", got, jti)
			}
			delete(o.header, "jwk")
			if got := fmt.Sprint(o.header); got != "map[alg:"+alg+" typ:dpop+jwt]" {
				t.Error(got)
			}
			for _, private := range []string{`"d"`, `"p"`, `"q"`, `"k"`, `"kid"`, `"alg"`} {
				if strings.Contains(string(o.jwk), private) {
					t.Errorf("the key in the header has %s: %s", private, o.jwk)
				}
			}
		})
	}
}

func TestWithoutATokenThereIsNoHashOfOne(t *testing.T) {
	o := prove(t, newProver(t, "ES256", nil), "POST", "https://server.example.com/token", "")
	if _, there := o.claims["ath"]; there || o.claims["htm"] != "POST" {
		t.Error(o.claims)
	}
	if _, there := o.claims["nonce"]; there {
		t.Error(o.claims)
	}
}

func TestTheTargetIsThatOfTheWireWithoutQueryAndFragment(t *testing.T) {
	p := newProver(t, "ES256", nil)
	for target, want := range map[string]string{
		"https://api.example.com":                       "https://api.example.com/",
		"https://api.example.com/?a=b":                  "https://api.example.com/",
		"https://api.example.com/a/b?c=d#e":             "https://api.example.com/a/b",
		"HTTPS://API.Example.com:443/A":                 "https://api.example.com/A",
		"https://api.example.com:8443/x":                "https://api.example.com:8443/x",
		"http://127.0.0.1:8080/a%2Fb%20c":               "http://127.0.0.1:8080/a%2Fb%20c",
		"https://api.example.com/a//b/../c;d=1/%7Euser": "https://api.example.com/a//b/../c;d=1/%7Euser",
		"https://[::1]:9000/":                           "https://[::1]:9000/",
	} {
		if o := prove(t, p, "GET", target, "t"); o.claims["htu"] != want {
			t.Errorf("%s: %v, want %s", target, o.claims["htu"], want)
		}
	}
	for _, target := range []string{"ftp://x/", "https://user@api.example.com/", "mailto:x@y", "https:///x"} {
		if proof, err := p.Proof("GET", parse(t, target), secret.New("t")); !fault.Is(err, fault.Policy) || proof != "" {
			t.Errorf("%s: %q, %v", target, proof, err)
		}
	}
}

func TestNoProofIsEverMadeTwice(t *testing.T) {
	p := newProver(t, "EdDSA", nil) // whose signatures would be the same
	var mu sync.Mutex
	seen := map[any]bool{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				o := prove(t, p, "GET", "https://api.example.com/", "t")
				mu.Lock()
				seen[o.claims["jti"]] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(seen) != 160 {
		t.Errorf("%d different proofs of 160", len(seen))
	}
}

func nonce(values ...string) http.Header { return http.Header{"Dpop-Nonce": values} }

func TestANonceIsForItsOriginAlone(t *testing.T) {
	p := newProver(t, "ES256", nil)
	p.Learn(parse(t, "https://api.example.com/a?b"), nonce("n-1"))
	for target, want := range map[string]any{
		"https://api.example.com/other": "n-1", "https://API.example.com:443/": "n-1",
		"https://api.example.com:8443/": nil, "http://api.example.com/": nil, "https://as.example.com/": nil,
	} {
		if got := prove(t, p, "GET", target, "t").claims["nonce"]; got != want {
			t.Errorf("%s: %v, want %v", target, got, want)
		}
	}
	p.Learn(parse(t, "https://api.example.com/"), nonce("n-2"))
	p.Learn(parse(t, "https://api.example.com/"), http.Header{})
	if got := prove(t, p, "GET", "https://api.example.com/", "t").claims["nonce"]; got != "n-2" {
		t.Error("the newest nonce is", got)
	}
}

func TestProversOfOneServerShareTheirNonces(t *testing.T) {
	var nonces dpop.Nonces
	one, two := newProver(t, "ES256", &nonces), newProver(t, "ES256", &nonces)
	one.Learn(parse(t, "https://api.example.com/"), nonce("n"))
	if got := prove(t, two, "GET", "https://api.example.com/", "t").claims["nonce"]; got != "n" {
		t.Error(got)
	}
}

func TestWhatIsNoNonceIsNotLearnt(t *testing.T) {
	p := newProver(t, "ES256", nil)
	for _, header := range []http.Header{
		nonce(""), nonce("a", "b"), nonce("a b"), nonce(`a"b`), nonce(`a\b`), nonce("a\x7f"), nonce("a\r\nX: y"), nonce("ü"),
		nonce(strings.Repeat("x", 4097)),
		{},
	} {
		p.Learn(parse(t, "https://api.example.com/"), header)
		if p.Offers(header) {
			t.Errorf("%q is offered", header)
		}
		if got := prove(t, p, "GET", "https://api.example.com/", "t").claims["nonce"]; got != nil {
			t.Errorf("%q: learnt %v", header, got)
		}
	}
	for _, good := range []string{"!", "#[]~", strings.Repeat("x", 4096)} {
		p.Learn(parse(t, "https://api.example.com/"), nonce(good))
		if got := prove(t, p, "GET", "https://api.example.com/", "t").claims["nonce"]; got != good || !p.Offers(nonce(good)) {
			t.Errorf("%.20q: %.20q", good, got)
		}
	}
}

func TestManyOriginsDoNotFillTheMemory(t *testing.T) {
	p := newProver(t, "ES256", nil)
	for i := range 1000 {
		p.Learn(parse(t, fmt.Sprintf("https://h%d.example.com/", i)), nonce("n"))
	}
	known := 0
	for i := range 1000 {
		if strings.Contains(payload(t, p, fmt.Sprintf("https://h%d.example.com/", i)), `"nonce"`) {
			known++
		}
	}
	if known != 64 {
		t.Errorf("%d origins are known", known)
	}
}

func payload(t *testing.T, p *dpop.Prover, target string) string {
	t.Helper()
	proof, err := p.Proof("GET", parse(t, target), secret.String{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(proof, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOnlyAnAPIThatWantsANewNonceChallenges(t *testing.T) {
	const wants = `DPoP error="use_dpop_nonce", error_description="again"`
	for name, c := range map[string]struct {
		status    int
		challenge []string
		nonce     []string
		want      bool
	}{
		"as RFC 9449 has it":    {401, []string{wants}, []string{"n-2"}, true},
		"in lower case":         {401, []string{`dpop ERROR=use_dpop_nonce`}, []string{"n-2"}, true},
		"beside another scheme": {401, []string{`Bearer realm="x"`, wants}, []string{"n-2"}, true},
		"the nonce it had":      {401, []string{wants}, []string{"n-1"}, false},
		"no nonce":              {401, []string{wants}, nil, false},
		"two nonces":            {401, []string{wants}, []string{"n-2", "n-3"}, false},
		"a bad nonce":           {401, []string{wants}, []string{"n 2"}, false},
		"another status":        {400, []string{wants}, []string{"n-2"}, false},
		"a success":             {200, []string{wants}, []string{"n-2"}, false},
		"another error":         {401, []string{`DPoP error="invalid_token"`}, []string{"n-2"}, false},
		"another scheme":        {401, []string{`Bearer error="use_dpop_nonce"`}, []string{"n-2"}, false},
		"no challenge":          {401, nil, []string{"n-2"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, target := newProver(t, "ES256", nil), parse(t, "https://api.example.com/")
			p.Learn(target, nonce("n-1"))
			proof, err := p.Proof("GET", target, secret.New("t"))
			if err != nil {
				t.Fatal(err)
			}
			res := &http.Response{
				StatusCode: c.status, Request: &http.Request{URL: target, Header: http.Header{httpx.ProofHeader: {proof}}},
				Header: http.Header{"Www-Authenticate": c.challenge, "Dpop-Nonce": c.nonce},
			}
			p.Learn(target, res.Header)
			if got := p.Challenged(res); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			res.Request = nil
			if got := p.Challenged(res); c.want && !got {
				t.Error("an answer that does not tell its request is not understood")
			}
		})
	}
}

func TestAProverTellsTheThumbprintOfItsKey(t *testing.T) {
	key, err := jose.Generate("ES256")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := key.Thumbprint()
	if got, err := dpop.New(key, nil, time.Now).Thumbprint(); err != nil || got != want || len(got) != 43 {
		t.Error(got, err)
	}
}

func TestASecretIsNoKeyForProofs(t *testing.T) {
	key, err := jose.SecretKey(secret.New(rand.Text()), "HS256")
	if err != nil {
		t.Fatal(err)
	}
	proof, err := dpop.New(key, nil, time.Now).Proof("GET", parse(t, "https://api.example.com/"), secret.String{})
	if !fault.Is(err, fault.Config) || proof != "" {
		t.Error(proof, err)
	}
}
