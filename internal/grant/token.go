package grant

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

var (
	errNoToken     = errors.New("the reply has no access_token")
	errTokenType   = errors.New("token_type is not Bearer")
	errNotBound    = errors.New("token_type is not DPoP: the token would be good for whoever finds it")
	errBound       = errors.New("token_type is DPoP, which the profile does not ask for")
	errNoAccess    = errors.New("token_type is N_A: the server did not give an access token")
	errTokenChars  = errors.New("access_token has characters that RFC 6750 does not allow")
	errTokenTooBig = errors.New("a token of the reply is longer than 64 KiB")
)

const maxToken = 64 << 10

// The token types (RFC 6750, RFC 9449 section 5, RFC 8693 section 2.2.1).
const (
	bearer = "Bearer"
	bound  = "DPoP"
	noType = "N_A"
)

// token checks the members of a success, all but the life.
func (m Members) token(r *Request) (*Token, error) {
	access, there, err := m.Text("access_token")
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, m.noToken()
	case len(access) > maxToken:
		return nil, errTokenTooBig
	case !isB64Token(access):
		return nil, errTokenChars
	}
	kind, err := m.tokenType(r)
	if err != nil {
		return nil, err
	}
	if _, _, err := m.Text("issued_token_type"); err != nil {
		return nil, err
	}
	token := &Token{AccessToken: secret.New(access), TokenType: kind, Scope: m.scope(), ProofKey: r.keys.keep()}
	if token.RefreshToken, err = m.further("refresh_token"); err != nil {
		return nil, err
	}
	token.IDToken, err = m.further("id_token")
	return token, err
}

// tokenType is the type that was asked for, in its one spelling: a token must be used as it is bound, and a server that
// bound none where one was wanted would leave it good for whoever finds it. Bearer is what a reply means that says none.
func (m Members) tokenType(r *Request) (string, error) {
	kind, there, err := m.Text("token_type")
	is := func(name string) bool { return strings.EqualFold(kind, name) }
	switch {
	case err != nil:
		return "", errTokenType
	case is(noType) && r.other:
		return noType, nil
	case is(noType):
		return "", errNoAccess
	case r.keys != nil && is(bound):
		return bound, nil
	case r.keys != nil:
		return "", errNotBound
	case is(bound):
		return "", errBound
	case there && !is(bearer):
		return "", errTokenType
	}
	return bearer, nil
}

// noToken tells of a near miss: some older logins of the same products answer with another name.
func (m Members) noToken() error {
	for name := range m {
		if name != "access_token" && strings.EqualFold(strings.ReplaceAll(name, "_", ""), "accesstoken") {
			return fmt.Errorf("%w, only %s", errNoToken, name)
		}
	}
	return errNoToken
}

// further is a refresh or id token: RFC 6749 appendix A.17 allows it visible ASCII and blanks.
func (m Members) further(name string) (secret.String, error) {
	text, _, err := m.Text(name)
	if err != nil {
		return secret.String{}, err
	}
	if len(text) > maxToken {
		return secret.String{}, errTokenTooBig
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return secret.String{}, fmt.Errorf("%s has characters that RFC 6749 does not allow", name)
		}
	}
	return secret.New(text), nil
}

// scope is for display only, so that what is not understood is left out. Some servers send a list.
func (m Members) scope() string {
	var list []string
	text, _, err := m.Text("scope")
	if err != nil && json.Unmarshal(m["scope"], &list) == nil {
		text = strings.Join(list, " ")
	}
	if len(text) > maxToken {
		return ""
	}
	return httpx.Visible(strings.Join(strings.Fields(text), " "))
}

// isB64Token is RFC 6750 section 2.1: what a token may be made of to stand in an Authorization header.
func isB64Token(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		c := body[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', isDigit(c), strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return body != ""
}
