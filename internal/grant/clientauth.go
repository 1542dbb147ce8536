package grant

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"

	"github.com/authctl/authctl/internal/secret"
)

// SecretFunc finds a secret at the moment it is sent. It may ask a keyring, a command or a person.
type SecretFunc func(ctx context.Context) (secret.String, error)

// Encoding says what becomes of id and secret before they are joined for HTTP Basic.
type Encoding string

// The encodings. RFC 6749 section 2.3.1 asks for Form; many servers compare what arrives as it is.
const (
	Raw  Encoding = "raw"
	Form Encoding = "form"
)

// assertionType is the client_assertion_type of every JWT (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// ClientAuth is how the client proves itself (RFC 6749 section 2.3), in one style that was chosen beforehand: probing
// would send the secret twice and count twice towards a lock-out. The zero value is refused.
type ClientAuth struct {
	style     oauth2.AuthStyle // AutoDetect, the zero value, is never used
	id        string
	secret    SecretFunc // nil: none is sent
	encoding  Encoding
	assertion Assertion // nil: none is sent
}

// Basic is client_secret_basic: id and secret in the Authorization header.
func Basic(id string, secret SecretFunc, encoding Encoding) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInHeader, id: id, secret: secret, encoding: encoding}
}

// Post is client_secret_post: id and secret in the body.
func Post(id string, secret SecretFunc) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInParams, id: id, secret: secret}
}

// ByAssertion is private_key_jwt and client_secret_jwt (RFC 7523 section 2.2), and a federated client whose JWT
// another issuer made: the id and a client_assertion in the body.
func ByAssertion(id string, assertion Assertion) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInParams, id: id, assertion: assertion}
}

// Certificate is tls_client_auth and self_signed_tls_client_auth (RFC 8705 section 2): the id in the body; the
// handshake, which is the transport's, has the proof.
func Certificate(id string) ClientAuth { return None(id) }

// None is a public client: its id in the body, and no proof. Without an id it sends nothing at all.
func None(id string) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInParams, id: id}
}

// ID is the client's id.
func (a ClientAuth) ID() string { return a.id }

var errNoClientAuth = errors.New("the token request has no client authentication style")

// authenticate puts the client's proof on the request. What it puts there is masked from then on.
func (a ClientAuth) authenticate(ctx context.Context, r *Request, mask *secret.Mask) error {
	var proof secret.String
	if a.secret != nil {
		var err error
		if proof, err = Once(ctx, r.occasion(), a.secret); err != nil {
			return err
		}
		mask.AddPair(a.id, proof)
		mask.AddPair(url.QueryEscape(a.id), secret.New(url.QueryEscape(proof.Reveal())))
	}
	switch a.style {
	case oauth2.AuthStyleInHeader:
		r.Header = r.Header.Clone()
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Authorization", "Basic "+a.pair(proof).Reveal())
		return nil
	case oauth2.AuthStyleInParams:
		fields, err := a.fields(ctx, r, proof)
		r.Fields = slices.Insert(slices.Clone(r.Fields), min(1, len(r.Fields)), fields...)
		return err
	default:
		return errNoClientAuth
	}
}

// fields are the members that prove the client in a body. An authorization request that is pushed names the client by
// itself (RFC 9126 section 2.1), and the id must not stand there twice.
func (a ClientAuth) fields(ctx context.Context, r *Request, proof secret.String) ([]Field, error) {
	var fields []Field
	if a.id != "" && !slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Name == "client_id" }) {
		fields = append(fields, Plain("client_id", a.id))
	}
	switch {
	case a.assertion != nil:
		jwt, err := a.assertion(ctx, r.occasion())
		if err != nil {
			return nil, err
		}
		return append(fields, Plain("client_assertion_type", assertionType), Hidden("client_assertion", jwt)), nil
	case a.secret != nil:
		return append(fields, Hidden("client_secret", proof)), nil
	}
	return fields, nil
}

// pair is the credentials of HTTP Basic.
func (a ClientAuth) pair(proof secret.String) secret.String {
	id, password := a.id, proof.Reveal()
	if a.encoding != Raw {
		id, password = url.QueryEscape(id), url.QueryEscape(password)
	}
	return secret.New(base64.StdEncoding.EncodeToString([]byte(id + ":" + password)))
}
