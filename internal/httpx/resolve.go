package httpx

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
)

// badURL says what is wrong with a URL. It never carries the URL, which may hold a secret.
type badURL string

func (e badURL) Error() string { return string(e) }

// Resolve makes the URL of a request. A ref that begins with a scheme is taken as it stands; any other is a path below
// base, whatever it holds: it cannot change base's origin nor leave its path, in the eyes of any server that decodes
// percent-escapes, merges slashes or cuts path parameters. The query is kept to the byte, a fragment is dropped.
func Resolve(base, ref string) (*url.URL, error) {
	u, err := resolve(base, ref)
	if err == nil {
		return u, nil
	}
	bad := fault.From(err)
	if _, ok := err.(badURL); ok { //nolint:errorlint // never wrapped: resolve makes it
		bad = fault.New(fault.Policy, "policy.url", "%w", err)
	}
	if bad.Kind == fault.Policy {
		bad = bad.Doing("resolve the URL").
			Hint("give a path below base_url, such as /v1/things, or a whole URL; percent-encode what is no plain text")
	}
	return nil, bad
}

func resolve(base, ref string) (*url.URL, error) {
	if ref == "" {
		return nil, fault.New(fault.Usage, "usage.url", "the path is empty").Hint("write / for base_url itself")
	}
	ref, _, _ = strings.Cut(ref, "#")
	if hasScheme(ref) {
		return absolute(ref)
	}
	if base == "" {
		return nil, fault.New(fault.Config, "config.base_url", "the profile has no base_url for a relative path").
			Hint("set base_url in the profile, or give a whole URL")
	}
	u, err := absolute(base)
	if err != nil || u.RawQuery != "" || u.ForceQuery {
		return nil, fault.New(fault.Config, "config.base_url", "base_url is no https URL of host and path")
	}
	path, query, asked := strings.Cut(ref, "?")
	if path, err = cleanPath(path); err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, "//") {
		return nil, badURL("a path that begins with // names another host")
	}
	if path != "" {
		path = strings.TrimSuffix(u.EscapedPath(), "/") + "/" + strings.TrimPrefix(path, "/")
	} else {
		path = u.EscapedPath()
	}
	return u, fill(u, path, query, asked)
}

// absolute reads scheme://authority/path?query.
func absolute(raw string) (*url.URL, error) {
	scheme, authority, err := splitAuthority(raw)
	if err != nil {
		return nil, err
	}
	o, err := newOrigin(scheme, authority.host, authority.port, fault.Policy)
	if err != nil {
		return nil, err
	}
	path, query, asked := strings.Cut(authority.rest, "?")
	if path, err = cleanPath(path); err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: o.scheme, Host: o.authority()}
	return u, fill(u, path, query, asked)
}

// fill sets path (escaped) and query of u so that they reach the wire as they are.
func fill(u *url.URL, path, query string, asked bool) error {
	if path == "" {
		path = "/"
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return badURL("a percent sign in the path begins no escape")
	}
	if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == 0x7f }) || !utf8.ValidString(query) {
		return badURL("the query holds a blank, a control character or bytes that are no UTF-8")
	}
	u.Path, u.RawPath = plain, path
	u.RawQuery, u.ForceQuery = query, asked && query == ""
	return nil
}

// authority is what splitAuthority found behind "scheme://".
type authority struct{ host, port, rest string }

// splitAuthority cuts a URL by hand, since parsers differ on the odd ones: what is odd is refused here.
func splitAuthority(raw string) (scheme string, a authority, err error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !hasScheme(raw) || strings.ContainsAny(scheme, "/?#") {
		return "", a, badURL("the URL does not begin with https://host")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	a.host, a.port, err = splitPort(rest[:end])
	a.rest = rest[end:]
	return scheme, a, err
}

// splitPort cuts host:port and refuses what is neither.
func splitPort(hostport string) (host, port string, err error) {
	switch {
	case isPlainHost(hostport): // as nearly all are: a batch asks thousands of times
	case strings.Contains(hostport, "@"):
		return "", "", badURL("the URL holds user information")
	case strings.ContainsAny(hostport, "\\%"), strings.ContainsFunc(hostport, isBlankOrControl), !utf8.ValidString(hostport):
		return "", "", badURL("the host holds a backslash, an escape, a blank or a control character")
	}
	if i := strings.LastIndexByte(hostport, ']'); strings.HasPrefix(hostport, "[") {
		if i < 0 || (i+1 < len(hostport) && hostport[i+1] != ':') {
			return "", "", badURL("the host is no IPv6 address in brackets")
		}
		host, port = hostport[:i+1], strings.TrimPrefix(hostport[i+1:], ":")
	} else if host, port, _ = strings.Cut(hostport, ":"); strings.Contains(port, ":") {
		return "", "", badURL("the port is no number from 1 to 65535")
	}
	return host, port, nil
}

func isPlainHost(hostport string) bool {
	for i := range len(hostport) {
		if c := hostport[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '.' && c != ':' {
			return false
		}
	}
	return true
}

// hasScheme reports whether s begins as RFC 3986 section 3.1 lets a scheme begin, up to its colon.
func hasScheme(s string) bool {
	name, _, ok := strings.Cut(s, ":")
	if !ok || name == "" || !isLetter(name[0]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
