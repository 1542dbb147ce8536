package profile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/authctl/authctl/internal/secret"
)

// FurtherIdentity gives what the keys of single grants and extensions add to the identity, by the names of the keys and
// in their order; what was not said adds nothing. Of a secret it has where it lies: a record is bound to its value by a
// MAC.
func (p *Profile) FurtherIdentity() []Param {
	var out []Param
	add := func(key, value string) {
		if value != "" {
			out = append(out, Param{Name: key, Value: value})
		}
	}
	add("assertion.audience", p.Assertion.Audience)
	add("assertion.claims", p.Assertion.Claims)
	add("assertion.issuer", p.Assertion.Issuer)
	add("assertion.jwt", p.Assertion.JWT.String())
	add("assertion.key", p.Assertion.Key.String())
	add("assertion.subject", p.Assertion.Subject)
	add("authorization_details", p.AuthorizationDetails)
	add("authorization_params", paramText(p.AuthorizationParams))
	add("dpop", p.DPoP.identity())
	add("id_token_hint", p.IDTokenHint.String())
	add("login_hint", p.LoginHint)
	add("login_hint_token", p.LoginHintToken.String())
	add("refresh_token", family(p.RefreshToken))
	add("requested_token_type", p.RequestedTokenType)
	add("token_headers", paramText(p.TokenHeaders))
	for _, input := range []struct {
		key   string
		token TokenInput
	}{{"subject_token", p.SubjectToken}, {"actor_token", p.ActorToken}} {
		add(input.key+".profile", input.token.Profile)
		add(input.key+".token", input.token.Token.String())
		add(input.key+".type", input.token.Type)
	}
	slices.SortFunc(out, func(a, b Param) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// identity tells a key that is made for the identity from one of the user's own.
func (d DPoP) identity() string {
	switch {
	case !d.On:
		return ""
	case d.Key.IsZero():
		return "on " + d.Alg
	}
	return d.Key.String() + " " + d.Alg
}

// family tells two refresh tokens of one client apart, since each leads a family of its own, whose newest member is
// kept. What stands in the file is told by a digest: a refresh token is too random to be guessed from it.
func family(ref secret.Ref) string {
	if ref.Scheme != secret.Literal {
		return ref.String()
	}
	sum := sha256.Sum256([]byte("authctl refresh token " + ref.Arg.Reveal()))
	return hex.EncodeToString(sum[:])
}

func paramText(params []Param) string {
	var b strings.Builder
	for _, p := range params {
		b.WriteString(strconv.Quote(p.Name) + "=" + strconv.Quote(p.Value) + "\n")
	}
	return b.String()
}
