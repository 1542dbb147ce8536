package relay

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
)

// maxClaims bounds a challenge that is handed to a token endpoint.
const maxClaims = 64 << 10

// claimsChallenge gives the decoded claims of a Continuous Access Evaluation challenge: a 401 with a Bearer challenge
// of error insufficient_claims. It is empty for any other answer, and for claims that are no JSON object.
func claimsChallenge(res *http.Response) string {
	if res.StatusCode != http.StatusUnauthorized {
		return ""
	}
	for _, c := range httpx.ParseChallenges(res.Header) {
		if text := c.Params["claims"]; c.Is("Bearer") && c.Params["error"] == "insufficient_claims" && len(text) <= maxClaims {
			text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
			claims, err := base64.RawStdEncoding.DecodeString(text)
			var object map[string]json.RawMessage
			if err == nil && json.Unmarshal(claims, &object) == nil && object != nil {
				return string(claims)
			}
		}
	}
	return ""
}
