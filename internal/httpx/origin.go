package httpx

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/authctl/authctl/internal/fault"
)

// Origin is scheme, canonical host and effective port: the unit to which a token is bound (RFC 6454 section 4). Two
// origins are the same if and only if the values are equal. The zero Origin is of no server and is in no [Origins].
type Origin struct{ scheme, host, port string }

// ParseOrigin reads "https://host" or "https://host:port", with at most one slash behind it. Whatever else a URL may
// hold is refused, so that nobody believes that it counts.
func ParseOrigin(raw string) (Origin, error) {
	scheme, authority, err := splitAuthority(strings.TrimSuffix(raw, "/"))
	if err == nil && authority.rest != "" {
		err = badURL("an origin has no path, query or fragment")
	}
	if err != nil {
		return Origin{}, fault.New(fault.Config, "config.origin", "%w", err).
			Hint("write an origin as https://api.example.com or https://api.example.com:8443")
	}
	return newOrigin(scheme, authority.host, authority.port, fault.Config)
}

// OriginOf gives the origin of u. A URL with user information, or without a host, has none.
func OriginOf(u *url.URL) (Origin, error) {
	switch {
	case u == nil:
		return Origin{}, fault.New(fault.Policy, "policy.url", "there is no URL")
	case u.User != nil:
		return Origin{}, fault.New(fault.Policy, "policy.url", "the URL holds user information")
	case u.Opaque != "":
		return Origin{}, fault.New(fault.Policy, "policy.url", "the URL has no //host")
	}
	host, port, err := splitPort(u.Host)
	if err != nil {
		return Origin{}, fault.New(fault.Policy, "policy.url", "%w", err)
	}
	return newOrigin(u.Scheme, host, port, fault.Policy)
}

// newOrigin makes the canonical form of the three; kind is that of the error.
func newOrigin(scheme, host, port string, kind fault.Kind) (Origin, error) {
	o := Origin{scheme: strings.ToLower(scheme)}
	if o.scheme != "https" && o.scheme != "http" {
		return Origin{}, fault.New(kind, kind.String()+".scheme", "the scheme is neither https nor http")
	}
	var err error
	if o.host, err = canonicalHost(host); err == nil {
		o.port, err = canonicalPort(o.scheme, port)
	}
	if err != nil {
		return Origin{}, fault.New(kind, kind.String()+".host", "%w", err)
	}
	return o, nil
}

// String is the origin as a URL writes it, without the port that the scheme implies.
func (o Origin) String() string {
	if o == (Origin{}) {
		return ""
	}
	return o.scheme + "://" + o.authority()
}

// Loopback reports whether the host is a literal of the loopback network or the name localhost (RFC 6761 section
// 6.3). No other name is, wherever it may lead.
func (o Origin) Loopback() bool {
	if o.host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(o.host, "[]"))
	return err == nil && !addr.Is4In6() && addr.IsLoopback()
}

// authority is host and port as the URL of a request holds them.
func (o Origin) authority() string {
	if o.port == defaultPort(o.scheme) {
		return o.host
	}
	return o.host + ":" + o.port
}

// Origins are the origins that a token may go to. Nil contains none.
type Origins []Origin

// Contains reports whether o is one of them, exactly.
func (list Origins) Contains(o Origin) bool {
	if o == (Origin{}) {
		return false
	}
	for _, have := range list {
		if have == o {
			return true
		}
	}
	return false
}

// canonicalHost lower-cases a name, turns it to its ASCII form (UTS 46, non-transitional), cuts one trailing dot and
// writes an IPv6 literal as RFC 5952 does, in brackets. The dot goes because "host." and "host" are one name in the
// DNS and in certificates; comparing them as two defeated more than one cookie jar.
func canonicalHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		return canonicalIPv6(strings.TrimSuffix(inner, "]"))
	}
	name := strings.ToLower(host)
	if !isASCII(name) || strings.Contains(name, "xn--") {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", badURL("the host is no valid internationalised name")
		}
		name = ascii
	}
	name = strings.TrimSuffix(name, ".")
	if err := checkName(name); err != nil {
		return "", err
	}
	return name, nil
}

func canonicalIPv6(text string) (string, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", badURL("the host is no IPv6 address without a zone")
	}
	return "[" + addr.String() + "]", nil
}

// checkName takes dotted labels of letters, digits, hyphens and underscores (which container networks use). A name
// whose last label is a number must be a dotted IPv4 address: resolvers read "0x7f.1" and "2130706433" as one.
func checkName(name string) error {
	if name == "" || len(name) > 253 {
		return badURL("the host is empty or too long")
	}
	start := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c != '.' && notInName(c), i-start >= 63 && c != '.', i == start && c == '.', i == len(name)-1 && c == '.':
			return badURL("the host is no valid name")
		case c == '.':
			start = i + 1
		}
	}
	if isNumber(name[start:]) {
		if addr, err := netip.ParseAddr(name); err != nil || !addr.Is4() {
			return badURL("the host is a number, but no dotted IPv4 address")
		}
	}
	return nil
}

func notInName(c byte) bool {
	return (c < 'a' || c > 'z') && !isDigit(c) && c != '-' && c != '_'
}

func isNumber(label string) bool {
	hex, ok := strings.CutPrefix(label, "0x")
	if !ok {
		return isDigit(label[0]) && strings.Trim(label, "0123456789") == ""
	}
	_, err := strconv.ParseUint(hex, 16, 64)
	return hex == "" || err == nil || strings.Trim(hex, "0123456789") == ""
}

func canonicalPort(scheme, port string) (string, error) {
	if port == "" {
		return defaultPort(scheme), nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", badURL("the port is no number from 1 to 65535")
	}
	return strings.TrimLeft(port, "0"), nil
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
