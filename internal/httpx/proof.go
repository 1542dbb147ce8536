package httpx

import (
	"net/http"
	"net/url"

	"github.com/authctl/authctl/internal/secret"
)

// ProofHeader is the header of a proof as RFC 9449 section 4.1 spells it, which is not how net/http would.
const ProofHeader = "DPoP"

// Proofs makes what a token that is bound to a key needs beside it (RFC 9449). Proof is for one request, and never used
// twice; Learn is told of every reply; Challenged reports whether a reply asks for the same request with a nonce that it
// brings. All may be called concurrently.
type Proofs interface {
	Proof(method string, target *url.URL, token secret.String) (string, error)
	Learn(target *url.URL, header http.Header)
	Challenged(res *http.Response) bool
}

// WithProof makes b the bearer of a token that is bound to a key: it is sent as a DPoP token (RFC 9449 section 7.1),
// each time with a proof of its own. Nil changes nothing.
func (b Bearer) WithProof(p Proofs) Bearer {
	b.proofs = p
	return b
}

// Bound reports whether each request needs a proof of its own, so that its head cannot be made once for many.
func (b Bearer) Bound() bool { return b.proofs != nil }

// Learn remembers what the reply to a request that b authorized says about proofs. It is told of every reply.
func (b Bearer) Learn(target *url.URL, header http.Header) {
	if b.proofs != nil {
		b.proofs.Learn(target, header)
	}
}

// Challenged reports whether a reply asks for the same request once more with the nonce that it brings, which Learn has
// been told of (RFC 9449 section 9). The request is authorized anew then; the token stays as it is.
func (b Bearer) Challenged(res *http.Response) bool {
	return b.proofs != nil && b.proofs.Challenged(res)
}

// WantsNonce reports whether a reply refuses a proof, and not the token, for want of a nonce (RFC 9449 section 9).
func WantsNonce(res *http.Response) bool {
	if res.StatusCode != http.StatusUnauthorized {
		return false
	}
	for _, c := range ParseChallenges(res.Header) {
		if c.Is("DPoP") && c.Params["error"] == "use_dpop_nonce" {
			return true
		}
	}
	return false
}
