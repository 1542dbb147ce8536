package httpx

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// maxClaims bounds a challenge that is handed to a token endpoint.
const maxClaims = 64 << 10

// ClaimsChallenge gives the decoded claims of a Continuous Access Evaluation challenge: a 401 with a Bearer challenge of
// error insufficient_claims. It is empty for any other answer, and for claims that are no JSON object.
func ClaimsChallenge(res *http.Response) string {
	if res.StatusCode != http.StatusUnauthorized {
		return ""
	}
	for _, c := range ParseChallenges(res.Header) {
		if c.Is("Bearer") && c.Params["error"] == "insufficient_claims" {
			if claims := decodeClaims(c.Params["claims"]); claims != "" {
				return claims
			}
		}
	}
	return ""
}

// decodeClaims takes base64 in either alphabet, padded or not: services differ.
func decodeClaims(text string) string {
	if len(text) > maxClaims {
		return ""
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	claims, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(claims, &object) != nil || object == nil {
		return ""
	}
	return string(claims)
}
