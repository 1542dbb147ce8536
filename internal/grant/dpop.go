package grant

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

// DPoP asks for tokens that are bound to a key (RFC 9449).
type DPoP struct {
	// Key is the user's own key; nil: one is made where no token is bound to one yet.
	Key KeyFunc
	// Alg is what a key is made for; empty: ES256.
	Alg string
	// Nonces are what servers asked to be in a proof, shared by all who prove; nil: nothing is shared.
	Nonces *dpop.Nonces
}

// flowKey is the one key that the requests of a flow prove. A nil flowKey proves nothing.
type flowKey struct {
	prover *dpop.Prover
	jwk    secret.String // what is kept with the token; empty where the key is the user's own
}

// key finds the key of a flow: the user's own, that of the tokens there are, else a new one.
func (d *DPoP) key(ctx context.Context, kept secret.String, clock func() time.Time) (*flowKey, error) {
	if d.Key != nil {
		key, _, err := d.Key(ctx)
		if err != nil {
			return nil, err
		}
		return &flowKey{prover: dpop.New(key, d.Nonces, clock)}, nil
	}
	alg := first(d.Alg, "ES256")
	if !kept.IsZero() {
		// An unreadable key can prove no token any more, and must not stop the next one.
		if key, _, err := jose.ParseKey(kept, jose.KeyOptions{Alg: alg}); err == nil {
			return &flowKey{prover: dpop.New(key, d.Nonces, clock), jwk: kept}, nil
		}
	}
	key, err := jose.Generate(alg)
	if err != nil {
		return nil, err
	}
	jwk, err := key.Marshal()
	return &flowKey{prover: dpop.New(key, d.Nonces, clock), jwk: jwk}, err
}

// prove puts the proof on a request that carries no token.
func (k *flowKey) prove(req *http.Request) error { return k.proveFor(req, secret.String{}) }

// proveFor puts the proof on a request that carries an access token.
func (k *flowKey) proveFor(req *http.Request, token secret.String) error {
	if k == nil {
		return nil
	}
	proof, err := k.prover.Proof(req.Method, req.URL, token)
	if err != nil {
		return err
	}
	req.Header[httpx.ProofHeader] = []string{proof}
	return nil
}

func (k *flowKey) learn(target *url.URL, header http.Header) {
	if k != nil {
		k.prover.Learn(target, header)
	}
}

// challenged reports whether an authorization server wants the nonce that it sent in the proof (RFC 9449 section 8).
func (k *flowKey) challenged(rep *reply) bool {
	if k == nil || rep.status != http.StatusBadRequest || !k.prover.Offers(rep.header) {
		return false
	}
	found, err := parse(rep.body)
	return err == nil && found.errorCode(rep.status) == "use_dpop_nonce"
}

// challengedAtAPI is challenged for a request that carried an access token (section 9).
func (k *flowKey) challengedAtAPI(rep *reply) bool {
	if k == nil {
		return false
	}
	k.prover.Learn(rep.from.URL, rep.header)
	return k.prover.Challenged(&http.Response{StatusCode: rep.status, Header: rep.header, Request: rep.from})
}

// keep is what a token is kept with.
func (k *flowKey) keep() secret.String {
	if k == nil {
		return secret.String{}
	}
	return k.jwk
}
