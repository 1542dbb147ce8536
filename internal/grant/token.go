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
	errTokenChars  = errors.New("access_token has characters that RFC 6750 does not allow")
	errTokenTooBig = errors.New("a token of the reply is longer than 64 KiB")
)

const maxToken = 64 << 10

// token checks the members of a success, all but the life.
func (m members) token() (*Token, error) {
	access, there, err := m.text("access_token")
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
	if kind, there, err := m.text("token_type"); err != nil || there && !strings.EqualFold(kind, "Bearer") {
		return nil, errTokenType
	}
	token := &Token{AccessToken: secret.New(access), TokenType: "Bearer", Scope: m.scope()}
	if token.RefreshToken, err = m.further("refresh_token"); err != nil {
		return nil, err
	}
	token.IDToken, err = m.further("id_token")
	return token, err
}

// noToken tells of a near miss: some older logins of the same products answer with another name.
func (m members) noToken() error {
	for name := range m {
		if name != "access_token" && strings.EqualFold(strings.ReplaceAll(name, "_", ""), "accesstoken") {
			return fmt.Errorf("%w, only %s", errNoToken, name)
		}
	}
	return errNoToken
}

// further is a refresh or id token: RFC 6749 appendix A.17 allows it visible ASCII and blanks.
func (m members) further(name string) (secret.String, error) {
	text, _, err := m.text(name)
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
func (m members) scope() string {
	var list []string
	text, _, err := m.text("scope")
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
