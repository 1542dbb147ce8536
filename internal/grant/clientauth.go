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

// ClientAuth is how the client proves itself (RFC 6749 section 2.3), in one style that was chosen beforehand: probing
// would send the secret twice and count twice towards a lock-out. The zero value is refused.
type ClientAuth struct {
	style    oauth2.AuthStyle // AutoDetect, the zero value, is never used
	id       string
	secret   SecretFunc // nil: a public client
	encoding Encoding
}

// Basic is client_secret_basic: id and secret in the Authorization header.
func Basic(id string, secret SecretFunc, encoding Encoding) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInHeader, id: id, secret: secret, encoding: encoding}
}

// Post is client_secret_post: id and secret in the body.
func Post(id string, secret SecretFunc) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInParams, id: id, secret: secret}
}

// None is a public client: its id in the body, and no proof.
func None(id string) ClientAuth {
	return ClientAuth{style: oauth2.AuthStyleInParams, id: id}
}

var errNoClientAuth = errors.New("the token request has no client authentication style")

// authenticate puts the client's proof on the request. What it puts there is masked from then on.
func (a ClientAuth) authenticate(ctx context.Context, r *Request, mask *secret.Mask) error {
	var proof secret.String
	if a.secret != nil {
		var err error
		if proof, err = a.secret(ctx); err != nil {
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
	case oauth2.AuthStyleInParams:
		fields := []Field{Plain("client_id", a.id)}
		if a.secret != nil {
			fields = append(fields, Hidden("client_secret", proof))
		}
		r.Fields = slices.Insert(slices.Clone(r.Fields), min(1, len(r.Fields)), fields...)
	default:
		return errNoClientAuth
	}
	return nil
}

// pair is the credentials of HTTP Basic.
func (a ClientAuth) pair(proof secret.String) secret.String {
	id, password := a.id, proof.Reveal()
	if a.encoding != Raw {
		id, password = url.QueryEscape(id), url.QueryEscape(password)
	}
	return secret.New(base64.StdEncoding.EncodeToString([]byte(id + ":" + password)))
}
