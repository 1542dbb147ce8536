package cli

import (
	"encoding/json"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// whoIn names the person of an id_token as people know them (OpenID Connect Core 5.1), empty where it does not say. It
// is for showing only.
func whoIn(token secret.String) string {
	claims := idClaims(token)
	for _, name := range []string{"email", "preferred_username", "name", "sub"} {
		if text := textOf(claims, name); text != "" {
			return text
		}
	}
	return ""
}

// idClaims are the claims of an id_token by their exact names; nil where it cannot be read.
func idClaims(token secret.String) map[string]json.RawMessage {
	if token.IsZero() {
		return nil
	}
	_, text, err := decodeJWT(token.Reveal())
	if err != nil {
		return nil
	}
	return members(text)
}

// members are those of a JSON object by their exact names; nil where it is none.
func members(object []byte) map[string]json.RawMessage {
	var found map[string]json.RawMessage
	if json.Unmarshal(object, &found) != nil {
		return nil
	}
	return found
}

// textOf is a member that is a string; empty where it is not.
func textOf(found map[string]json.RawMessage, name string) string {
	var text string
	if json.Unmarshal(found[name], &text) != nil {
		return ""
	}
	return text
}

// hasIssuer reports whether the profile's id_tokens are verified when they come.
func hasIssuer(p *profile.Profile) bool { return p.Own.Text("issuer") != "" }
