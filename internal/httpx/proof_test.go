package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// proofs counts what it is asked for; its n-th proof is "proof-n".
type proofs struct {
	made, learnt []string
	challenged   bool
	fail         error
}

func (p *proofs) Proof(method string, target *url.URL, token secret.String) (string, error) {
	p.made = append(p.made, method+" "+target.String()+" "+token.Reveal())
	return fmt.Sprintf("proof-%d", len(p.made)), p.fail
}

func (p *proofs) Learn(target *url.URL, header http.Header) {
	p.learnt = append(p.learnt, target.String()+" "+header.Get("DPoP-Nonce"))
}

func (p *proofs) Challenged(*http.Response) bool { return p.challenged }

func TestABoundTokenIsSentWithOneProofOfItsOwn(t *testing.T) {
	p := &proofs{}
	b := NewBearer(secret.New("tok"), "dpop", Origins{mustOrigin(t, "https://api.example.com")}).WithProof(p)
	req := newRequest(t, "https://api.example.com/a?b")
	req.Header = http.Header{"dpop": {"x"}, "Dpop": {"y", "z"}, "authorization": {"Basic x"}, "X": {"1"}}
	for n := 1; n <= 2; n++ { // once more, as for a retry
		if err := b.Authorize(req); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(req.Header); got != fmt.Sprintf("map[Authorization:[DPoP tok] DPoP:[proof-%d] X:[1]]", n) {
			t.Error(got)
		}
	}
	if got := strings.Join(p.made, ", "); got != "GET https://api.example.com/a?b tok, GET https://api.example.com/a?b tok" {
		t.Error(got)
	}
	if !b.Bound() || NewBearer(secret.New("tok"), "", nil).Bound() {
		t.Error("bound is told wrongly")
	}
}

func TestAProofIsForTheMethodThatTheWireShows(t *testing.T) {
	p := &proofs{}
	b := NewBearer(secret.New("tok"), "DPoP", Origins{mustOrigin(t, "https://api.example.com")}).WithProof(p)
	for _, method := range []string{"", "PATCH"} {
		req := newRequest(t, "https://api.example.com/")
		req.Method = method
		if err := b.Authorize(req); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(p.made[0], "GET ") || !strings.HasPrefix(p.made[1], "PATCH ") {
		t.Error(p.made)
	}
}

func TestTypeAndProofsOfATokenBelongTogether(t *testing.T) {
	origins := Origins{mustOrigin(t, "https://api.example.com")}
	for name, b := range map[string]Bearer{
		"DPoP without proofs": NewBearer(secret.New("CANARY"), "DPoP", origins),
		"Bearer with proofs":  NewBearer(secret.New("CANARY"), "Bearer", origins).WithProof(&proofs{}),
		"no type with proofs": NewBearer(secret.New("CANARY"), "", origins).WithProof(&proofs{}),
		"mac with proofs":     NewBearer(secret.New("CANARY"), "mac", origins).WithProof(&proofs{}),
		"no token":            NewBearer(secret.String{}, "DPoP", origins).WithProof(&proofs{}),
	} {
		req := newRequest(t, "https://api.example.com/")
		if err := b.Authorize(req); !fault.Is(err, fault.Protocol) || len(req.Header) != 0 || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v, %v", name, err, req.Header)
		}
	}
}

func TestNoProofIsMadeForWhereTheTokenMayNotGo(t *testing.T) {
	p := &proofs{}
	b := NewBearer(secret.New("tok"), "DPoP", Origins{mustOrigin(t, "https://api.example.com")}).WithProof(p)
	for _, target := range []string{"https://evil.example/", "http://api.example.com/", "https://api.example.com:8443/"} {
		req := newRequest(t, target)
		if err := b.Authorize(req); !fault.Is(err, fault.Policy) || len(req.Header) != 0 {
			t.Errorf("%s: %v, %v", target, err, req.Header)
		}
	}
	if len(p.made) != 0 {
		t.Error(p.made)
	}
}

func TestATokenWhoseProofFailsIsNotSent(t *testing.T) {
	p := &proofs{fail: errors.New("no key")}
	b := NewBearer(secret.New("tok"), "DPoP", Origins{mustOrigin(t, "https://api.example.com")}).WithProof(p)
	req := newRequest(t, "https://api.example.com/")
	if err := b.Authorize(req); !errors.Is(err, p.fail) || len(req.Header) != 0 {
		t.Error(err, req.Header)
	}
}

func TestAnUnboundTokenLearnsNothing(t *testing.T) {
	target := newRequest(t, "https://api.example.com/a").URL
	header, p := http.Header{"Dpop-Nonce": {"n"}}, &proofs{challenged: true}
	plain := NewBearer(secret.New("tok"), "", nil)
	plain.Learn(target, header)
	if plain.Challenged(&http.Response{}) {
		t.Error("an unbound token is challenged for a proof")
	}
	bound := plain.WithProof(p)
	bound.Learn(target, header)
	if !bound.Challenged(&http.Response{}) || strings.Join(p.learnt, "") != "https://api.example.com/a n" {
		t.Error(p.learnt)
	}
}

func TestOnlyAnUnauthorizedDPoPChallengeWantsANonce(t *testing.T) {
	for challenge, want := range map[string]bool{
		`DPoP error="use_dpop_nonce"`: true, `Bearer, dpop error=use_dpop_nonce`: true,
		`Bearer error="use_dpop_nonce"`: false, `DPoP error="invalid_dpop_proof"`: false, "": false,
	} {
		res := &http.Response{StatusCode: 401, Header: http.Header{"Www-Authenticate": {challenge}}}
		if got := WantsNonce(res); got != want {
			t.Errorf("%s: %v", challenge, got)
		}
		if res.StatusCode = 400; WantsNonce(res) {
			t.Errorf("%s with status 400", challenge)
		}
	}
}
