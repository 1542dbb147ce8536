package jose

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4/json" // as in idtoken.go

	"github.com/authctl/authctl/internal/secret"
)

type login struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
}

// SameLogin reports whether the id_token of a refresh is of the login that the former one is of: the same issuer and
// subject, and all of its audience (OpenID Connect Core 12.2). It came straight from the token endpoint, which is why
// its signature need not be checked (3.1.3.7, rule 6). A former one that nobody could read says nothing.
func SameLogin(former, next secret.String) bool {
	was, ok := loginOf(former)
	if !ok {
		return true
	}
	is, ok := loginOf(next)
	return ok && was.Issuer == is.Issuer && was.Subject == is.Subject &&
		!slices.ContainsFunc(was.Audience, func(name string) bool { return !slices.Contains(is.Audience, name) })
}

func loginOf(token secret.String) (login, bool) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return login{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	var l login
	return l, err == nil && json.Unmarshal(claims, &l) == nil && l.Subject != ""
}
