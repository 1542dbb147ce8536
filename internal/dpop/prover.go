// Package dpop proves the possession of a key with each request (RFC 9449), so that a token that is bound to the key is
// of no use to whoever finds it. A proof is for one method, one address and one moment; none is ever used twice.
package dpop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

// Prover makes proofs with one key. All methods may be called concurrently.
type Prover struct {
	key    *jose.Key
	nonces *Nonces
	clock  func() time.Time
}

// New makes a prover that shares what is known of servers' nonces; nil stands for nonces of its own.
func New(key *jose.Key, nonces *Nonces, clock func() time.Time) *Prover {
	if nonces == nil {
		nonces = &Nonces{}
	}
	return &Prover{key: key, nonces: nonces, clock: clock}
}

// claims are those of RFC 9449 section 4.2.
type claims struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	Target   string `json:"htu"`
	IssuedAt int64  `json:"iat"`
	Token    string `json:"ath,omitempty"`
	Nonce    string `json:"nonce,omitempty"`
}

// Proof makes the DPoP header of one request. The access token is the one that the request carries, empty at an
// authorization server. The nonce that the target's origin asked for last is in it.
func (p *Prover) Proof(method string, target *url.URL, accessToken secret.String) (string, error) {
	origin, err := httpx.OriginOf(target)
	if err != nil {
		return "", err
	}
	public, err := p.key.PublicJWK()
	if err != nil {
		return "", err
	}
	c := claims{
		ID: rand.Text(), Method: method, Target: origin.String() + path(target),
		IssuedAt: p.clock().Unix(), Nonce: p.nonces.of(origin),
	}
	if !accessToken.IsZero() {
		sum := sha256.Sum256([]byte(accessToken.Reveal()))
		c.Token = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	proof, err := p.key.Sign(map[string]any{"typ": "dpop+jwt", "jwk": public}, c)
	return proof.Reveal(), err
}

// path is what the request line will have before the query.
func path(target *url.URL) string {
	if escaped := target.EscapedPath(); escaped != "" {
		return escaped
	}
	return "/"
}

// Learn remembers the nonce of a reply, if it has one, for the next proof at the same origin (RFC 9449 section 8.2).
func (p *Prover) Learn(target *url.URL, header http.Header) { p.nonces.learn(target, header) }

// Offers reports whether a reply has a nonce that may be used, so that a refusal for want of one can be answered.
func (p *Prover) Offers(header http.Header) bool {
	_, ok := offered(header)
	return ok
}

// Challenged reports whether an API refused a request for want of the nonce that its reply has (RFC 9449 section 9). A
// nonce that the request had already proves nothing new.
func (p *Prover) Challenged(res *http.Response) bool {
	nonce, ok := offered(res.Header)
	if !ok || !httpx.WantsNonce(res) {
		return false
	}
	return res.Request == nil || nonce != used(res.Request.Header)
}

// used is the nonce inside the proof of a request, which this room made.
func used(header http.Header) string {
	var proof string
	for name, values := range header {
		if strings.EqualFold(name, httpx.ProofHeader) && len(values) == 1 {
			proof = values[0]
		}
	}
	_, rest, _ := strings.Cut(proof, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var c claims
	if err != nil || json.Unmarshal(text, &c) != nil {
		return ""
	}
	return c.Nonce
}

// Thumbprint is the jkt that a bound token's confirmation names (RFC 9449 section 6).
func (p *Prover) Thumbprint() (string, error) { return p.key.Thumbprint() }
