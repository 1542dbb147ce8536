package relay

import (
	"net/url"
	"strings"
)

// moved is a Location of the API as clients of the relay must see it: within base_url it is a path of the relay, in the
// form that the API chose, unless that is relative and means the same here as there. What leads elsewhere on the API's
// server is named in full, or a client would look for it here; what leads to another server, and what is no URL, stays
// as it is.
func (x *exchange) moved(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	to := x.target.ResolveReference(u)
	if to.User != nil || !strings.EqualFold(to.Scheme, x.target.Scheme) || !sameHost(to, x.target) {
		return location
	}
	path, within := x.relay.below(to.EscapedPath())
	if !within {
		return to.String()
	}
	moved := x.prefix + path
	if u.Host == "" && !strings.HasPrefix(location, "/") && x.leads(u) == moved {
		return location
	}
	if to.RawQuery != "" || to.ForceQuery {
		moved += "?" + to.RawQuery
	}
	if to.Fragment != "" {
		moved += "#" + to.EscapedFragment()
	}
	if u.Host != "" || strings.HasPrefix(moved, "//") { // which would name another host
		return x.front + moved
	}
	return moved
}

// leads is the path at which a client of the relay finds what a relative reference names.
func (x *exchange) leads(u *url.URL) string {
	path, _ := x.relay.below(x.target.EscapedPath())
	here, err := url.Parse(x.front + x.prefix + path)
	if err != nil {
		return ""
	}
	return here.ResolveReference(u).EscapedPath()
}

// below gives what follows base_url's path, if path is that or below it.
func (r *Relay) below(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, r.prefix)
	switch {
	case !ok || rest != "" && rest[0] != '/':
		return "", false
	case rest == "":
		return "/", true
	}
	return rest, true
}

func sameHost(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		switch {
		case u.Port() != "":
			return u.Port()
		case strings.EqualFold(u.Scheme, "http"):
			return "80"
		}
		return "443"
	}
	return strings.EqualFold(strings.TrimSuffix(a.Hostname(), "."), b.Hostname()) && port(a) == port(b)
}

// ownCookie makes a cookie of the API one of this address: without its Domain, which is not this one's, and below the
// secret, since a browser shares the cookies of 127.0.0.1 among all ports.
func (x *exchange) ownCookie(line string) string {
	parts := strings.Split(line, ";")
	name, _, _ := strings.Cut(strings.TrimSpace(parts[0]), "=")
	kept := parts[:1]
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case strings.EqualFold(key, "Domain"):
			continue
		case strings.EqualFold(key, "Path") && !strings.HasPrefix(name, "__Host-"): // RFC 6265bis: these must say /
			part = " Path=" + x.cookiePath(strings.TrimSpace(value))
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, ";")
}

func (x *exchange) cookiePath(path string) string {
	below, within := x.relay.below(path)
	if !within {
		below = "/" // above base_url: all of what can be reached here
	}
	return x.prefix + below
}
