package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// once remembers what may serve one time only.
type once struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (o *once) first(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.seen) >= maxTokens || o.seen == nil {
		o.seen = make(map[string]bool)
	}
	used := o.seen[text]
	o.seen[text] = true
	return !used
}

// checkAssertion takes the JWT of a certificate that the application has uploaded, or the token of its federated issuer.
func (e *entra) checkAssertion(x *exchange, form url.Values) *problem {
	refuse := func(number int, reason string) *problem {
		return &problem{status: 401, code: "invalid_client", aadsts: number, text: reason}
	}
	assertion := form.Get("client_assertion")
	if form.Get("client_assertion_type") != assertionType {
		return refuse(700021, "The 'client_assertion_type' is not supported.")
	}
	if assertion == e.entraKeys.federated {
		return nil
	}
	head, rest, _ := strings.Cut(assertion, ".")
	body, mark, ok := strings.Cut(rest, ".")
	var header struct {
		Alg, Typ string
		Sum      string `json:"x5t#S256"`
	}
	var claims assertionClaims
	signature, err := base64.RawURLEncoding.DecodeString(mark)
	switch {
	// base64 of Go passes over line breaks.
	case !ok || err != nil || strings.ContainsAny(assertion, "\r\n") || !part(head, &header) || !part(body, &claims):
		return refuse(50027, "JWT token is invalid or malformed.")
	case header.Sum == "":
		return refuse(700213, "No matching federated identity record found for presented assertion subject '"+claims.Sub+
			"'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.")
	case header.Sum != e.entraKeys.thumbprint:
		return refuse(700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
	case !e.entraKeys.verifies(header.Alg, head+"."+body, signature):
		return refuse(700027, "Client assertion failed signature validation.")
	}
	return e.checkClaims(x, form.Get("client_id"), claims)
}

type assertionClaims struct {
	Aud, Iss, Sub, Jti string
	Nbf, Exp           int64
}

// checkClaims holds an assertion against "Certificate credentials" of Microsoft's documentation. That an assertion
// serves once is stricter than the real server, and what RFC 7523 section 3 allows.
func (e *entra) checkClaims(x *exchange, id string, claims assertionClaims) *problem {
	refuse := func(number int, reason string) *problem {
		return &problem{status: 401, code: "invalid_client", aadsts: number, text: reason}
	}
	now := e.clock()
	const skew = 5 * time.Minute
	switch {
	case claims.Aud != x.origin.url+x.path:
		return refuse(700023, "Client assertion audience claim does not match Realm issuer.")
	case claims.Iss != id || claims.Sub != id:
		return refuse(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case now.Add(skew).Unix() < claims.Nbf, now.Add(-skew).Unix() > claims.Exp, claims.Exp-claims.Nbf > int64((10 * time.Minute).Seconds()):
		return refuse(700024, "Client assertion is not within its valid time range.")
	case claims.Jti == "" || !e.assertions.first(claims.Jti):
		return refuse(50027, "JWT token is invalid or malformed: its jti is missing or was used before.")
	}
	return nil
}

// part reads one part of a JWS.
func part(text string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(data, into) == nil
}
