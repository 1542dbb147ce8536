package profile

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/authctl/authctl/internal/secret"
)

// urlForm says what may follow the host of a URL.
type urlForm uint8

const (
	withPath   urlForm = iota // an API's base, an authority
	withQuery                 // a token endpoint may have one (RFC 6749 section 3.2)
	originOnly                // scheme, host and port alone
)

// CheckURL holds a provider's own URL key against the rules of every URL in a profile: https, or http on loopback;
// no user, no query, no fragment. Its error is a *[KeyError] that does not show the value.
func CheckURL(key, text string) error {
	if e := checkURL(key, text, withPath); e != nil {
		return e
	}
	return nil
}

func (p *Profile) checkURLs() *KeyError {
	if e := optionalURL("base_url", p.BaseURL, withPath); e != nil {
		return e
	}
	for i, origin := range p.AllowedOrigins {
		if e := checkURL(nth("allowed_origins", i), origin, originOnly); e != nil {
			return e
		}
	}
	return optionalURL("token_url", p.TokenURL, withQuery)
}

func optionalURL(key, text string, form urlForm) *KeyError {
	if text == "" {
		return nil
	}
	return checkURL(key, text, form)
}

func checkURL(key, text string, form urlForm) *KeyError {
	refuse := func(reason, hint string) *KeyError { return &KeyError{Key: key, Reason: reason, Hint: hint} }
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return refuse("has a blank, a control character or a backslash in it", "")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "":
		return refuse("is not a URL", "https://host.example.com")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("must begin with https://", "")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return refuse("must not name a user or a password", "client_id, username and password are keys of their own")
	case strings.ContainsAny(u.Host, "*%"):
		return refuse("must name one host, without a wildcard or an escape", "")
	case u.Hostname() == "" || !validPort(u):
		return refuse("has no proper host and port", "https://host.example.com:8443")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return refuse("must begin with https://; http is for loopback addresses and localhost", "")
	case strings.Contains(text, "#"):
		return refuse("must not have a fragment (#...)", "")
	case form != withQuery && strings.Contains(text, "?"):
		return refuse("must not have a query (?...)", "")
	case form == originOnly && u.Path != "":
		return refuse("is scheme, host and port alone, without a path or a slash at the end", "https://host.example.com")
	}
	return nil
}

func validPort(u *url.URL) bool {
	if strings.HasSuffix(u.Host, ":") {
		return false
	}
	if u.Port() == "" {
		return true
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// isLoopback knows the addresses that never leave the machine by their form alone: a name other than localhost is for
// a resolver to say, which may lie.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() && !addr.Is4In6()
}

func isLoopbackURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isLoopback(u.Hostname())
}

// checkTargets judges what the token is asked for.
func (p *Profile) checkTargets() *KeyError {
	for i, a := range p.Audience {
		if a == "" {
			return &KeyError{Key: nth("audience", i), Reason: "has no value"}
		}
		if e := checkLine(nth("audience", i), a); e != nil {
			return e
		}
	}
	for i, r := range p.Resources {
		u, err := url.Parse(r)
		if err != nil || u.Scheme == "" || strings.Contains(r, "#") {
			return &KeyError{Key: nth("resources", i), Reason: "must be an absolute URI without a fragment (RFC 8707 section 2)"}
		}
	}
	return nil
}

// checkProxy also lets a user and a password stand in the URL, which makes it a literal secret: [Profile.ProxyPassword].
func (p *Profile) checkProxy() *KeyError {
	if p.Proxy == "" || p.Proxy == "none" {
		return nil
	}
	u, err := url.Parse(p.Proxy)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || !validPort(u):
		return &KeyError{Key: "proxy", Reason: "must be a URL, or none", Hint: "http://proxy.example.com:3128"}
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" && u.Scheme != "socks5h":
		return &KeyError{Key: "proxy", Reason: "must begin with http://, https:// or socks5://"}
	case strings.Trim(u.Path, "/") != "" || strings.ContainsAny(p.Proxy, "?#"):
		return &KeyError{Key: "proxy", Reason: "is scheme, host and port alone"}
	}
	return nil
}

// ProxyPassword is the password that stands in the proxy's URL, if any.
func (p *Profile) ProxyPassword() secret.String {
	u, err := url.Parse(p.Proxy)
	if err != nil || u.User == nil {
		return secret.String{}
	}
	password, _ := u.User.Password()
	return secret.New(password)
}

func (p *Profile) checkTLS() *KeyError {
	switch {
	case p.TLS.KeyFile != "" && p.TLS.CertFile == "":
		return &KeyError{Key: "tls.key_file", Reason: "needs cert_file beside it"}
	case p.TLS.InsecureTokenEndpoint && !p.TLS.InsecureSkipVerify:
		return &KeyError{Key: "tls.insecure_token_endpoint", Reason: "means something beside insecure_skip_verify: true only"}
	}
	return nil
}
