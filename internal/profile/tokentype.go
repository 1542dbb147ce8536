package profile

import "strings"

const tokenTypes = "urn:ietf:params:oauth:token-type:"

// TokenType gives the URN of a token type (RFC 8693 section 3): a short name's, or a full URN as it is. It reports
// false for anything else.
func TokenType(text string) (urn string, ok bool) {
	switch text {
	case "access_token", "id_token", "refresh_token", "saml1", "saml2", "jwt":
		return tokenTypes + text, true
	}
	// RFC 8141 section 2: urn, the namespace, what it names.
	scheme, rest, _ := strings.Cut(text, ":")
	namespace, name, _ := strings.Cut(rest, ":")
	blank := strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^`+"`{|}", r) })
	return text, strings.EqualFold(scheme, "urn") && namespace != "" && name != "" && !blank
}
