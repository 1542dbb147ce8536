package profile

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Defaults of the keys that no provider has an opinion about.
const (
	DefaultTimeout = 30 * time.Second
	defaultReauth  = 401
	longestName    = 64
)

// Validate holds the profile against the rules that do not depend on the provider. Its error is a *[KeyError]. It
// judges what the user said, so that what was left out is no error here.
func (p *Profile) Validate() error {
	for _, rule := range []func() *KeyError{
		p.checkName, p.checkURLs, p.checkChoices, p.checkIDs, p.checkScopes, p.checkTargets, p.checkParams, p.checkHeaders,
		p.checkTLS, p.checkProxy, p.checkTimes, p.checkEndpoints, p.checkRedirect, p.checkAuthorizationParams, p.checkTokenHeaders,
		p.checkAssertions, p.checkTokenInputs, p.checkDPoP,
	} {
		if e := rule(); e != nil {
			return e
		}
	}
	return nil
}

// ValidateEndpoint judges what the provider made of the profile: where the token request will go, and how the server
// there is verified. Its error is a *[KeyError].
func (p *Profile) ValidateEndpoint() error {
	if e := optionalURL("token_url", p.TokenURL, withQuery); e != nil {
		return e
	}
	if p.TLS.InsecureSkipVerify && !p.TLS.InsecureTokenEndpoint && p.trustsFarServer() {
		return &KeyError{
			Key:    "tls.insecure_skip_verify",
			Reason: "would let anybody on the way to the token endpoint read the secrets",
			Hint:   "tls.ca_file: PATH of the server's CA certificate",
		}
	}
	return nil
}

// trustsFarServer reports whether any address that the client proves itself to, or learns such addresses from, is not on
// loopback.
func (p *Profile) trustsFarServer() bool {
	addresses := []string{p.TokenURL, p.Own.Text("issuer"), p.Own.Text("login_url")}
	for _, key := range p.Endpoints.Keys() {
		addresses = append(addresses, *key.URL)
	}
	return slices.ContainsFunc(addresses, func(text string) bool { return text != "" && !isLoopbackURL(text) })
}

// FillDefaults sets what was left out and what no provider decides.
func (p *Profile) FillDefaults() {
	if p.TLS.KeyFile == "" {
		p.TLS.KeyFile = p.TLS.CertFile
	}
	if p.Timeout == 0 {
		p.Timeout = DefaultTimeout
	}
	if p.ReauthStatuses == nil {
		p.ReauthStatuses = []int{defaultReauth}
	}
}

// ValidName reports whether a profile may have the name: [A-Za-z0-9][A-Za-z0-9._-]{0,63}.
func ValidName(name string) bool {
	if name == "" || len(name) > longestName || strings.IndexByte("._-", name[0]) >= 0 {
		return false
	}
	for i := range len(name) {
		if !alphanumeric(name[i]) && strings.IndexByte("._-", name[i]) < 0 {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func (p *Profile) checkName() *KeyError {
	switch {
	case p.Name == "":
		return &KeyError{Key: "name", Reason: "is required"}
	case !ValidName(p.Name):
		return &KeyError{Key: "name", Reason: "must be 1 to 64 letters, digits, dots, underscores and hyphens, a letter or digit first"}
	case p.Provider == "":
		return &KeyError{Key: "provider", Reason: "is required"}
	}
	return nil
}

func (p *Profile) checkChoices() *KeyError {
	for _, c := range []choice{
		{"grant", p.Grant, "client_credentials password api_key authorization_code device_code refresh_token jwt_bearer token_exchange ciba"},
		{
			"client_auth", p.ClientAuth, "client_secret_basic client_secret_post client_secret_jwt private_key_jwt tls_client_auth " +
				"self_signed_tls_client_auth none",
		},
		{"basic_encoding", p.BasicEncoding, "raw form"},
		{"tls.min_version", p.TLS.MinVersion, "1.2 1.3"},
		{"par", p.PAR, "auto always never"},
		{"redirect_host", p.Redirect.Host, "127.0.0.1 localhost"},
		{"assertion.alg", p.Assertion.Alg, asymmetric},
		{"client_assertion.alg", p.ClientAssertion.Alg, asymmetric + " HS256 HS384 HS512"},
		{"dpop.alg", p.DPoP.Alg, asymmetric},
	} {
		if e := c.check(); e != nil {
			return e
		}
	}
	return nil
}

// asymmetric are the signature algorithms of RFC 7518 section 3.1 and RFC 8037 that need a private key.
const asymmetric = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"

// choice is a key whose value is one of a few words.
type choice struct{ key, value, words string }

func (c choice) check() *KeyError {
	if c.value == "" {
		return nil
	}
	words := strings.Fields(c.words)
	if slices.Contains(words, c.value) {
		return nil
	}
	return &KeyError{Key: c.key, Reason: "must be one of " + strings.Join(words, ", ")}
}

func (p *Profile) checkIDs() *KeyError {
	for _, id := range []struct{ key, value string }{
		{"client_id", p.ClientID},
		{"username", p.Username},
		{"tls.server_name", p.TLS.ServerName},
		{"login_hint", p.LoginHint},
		{"binding_message", p.BindingMessage},
	} {
		if e := checkLine(id.key, id.value); e != nil {
			return e
		}
	}
	return nil
}

func checkLine(key, value string) *KeyError {
	if strings.ContainsFunc(value, unicode.IsControl) {
		return &KeyError{Key: key, Reason: "has a control character in it"}
	}
	return nil
}

func (p *Profile) checkScopes() *KeyError {
	for i, scope := range p.Scopes {
		if !validScope(scope) {
			return &KeyError{
				Key:    nth("scopes", i),
				Reason: "has a character that no scope may have (RFC 6749 section 3.3)",
				Hint:   "one scope a list item, or all in one string with blanks between them",
			}
		}
	}
	return nil
}

// validScope holds a scope-token against RFC 6749 section 3.3.
func validScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x21 || r > 0x7e || r == '"' || r == '\\'
	})
}

func (p *Profile) checkTimes() *KeyError {
	const day = 24 * time.Hour
	for _, d := range []struct {
		key          string
		value, limit time.Duration
	}{
		{"default_ttl", p.DefaultTTL, 365 * day}, {"expiry_skew", p.ExpirySkew, day}, {"timeout", p.Timeout, day},
	} {
		if d.value < 0 || d.value > d.limit {
			return &KeyError{Key: d.key, Reason: "must be more than 0 and at most " + strconv.Itoa(int(d.limit/time.Hour)) + "h"}
		}
	}
	for i, status := range p.ReauthStatuses {
		if status < 400 || status > 599 {
			return &KeyError{Key: nth("reauth_statuses", i), Reason: "must be a status from 400 to 599"}
		}
	}
	return nil
}

// nth names an item of a list as the user counts lines: from 0, as jq and kubectl do.
func nth(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }
