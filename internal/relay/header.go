package relay

import (
	"maps"
	"net/http"
	"strings"
)

// hopByHop names the headers of one connection (RFC 9110 section 7.6.1), besides those that Connection names.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization":
		return true
	}
	return false
}

// isKept says which headers of a client reach the API. Not those that say who asks, which is the token's to say; not
// those about proxies and about who is behind them; and not what a browser says of this proxy's own address, the path
// secret in the Referer above all.
func isKept(name string) bool {
	switch name {
	case "Authorization", "Forwarded", "X-Real-Ip", "Origin", "Referer":
		return false
	}
	return !strings.HasPrefix(name, "Proxy-") && !strings.HasPrefix(name, "X-Forwarded-") &&
		!strings.HasPrefix(name, "Sec-Fetch-")
}

// outgoing copies what the client sent and the API gets; the token comes later, over it.
func (r *Relay) outgoing(in http.Header) http.Header {
	out := make(http.Header, len(in)+len(r.headers)+2)
	for name, values := range in {
		if isKept(name) && !hopByHop(name) {
			out[name] = values
		}
	}
	removeNamed(out, in["Connection"])
	maps.Copy(out, r.headers)
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = []string{""} // else net/http sends its own
	}
	return out
}

// scrub does the same in place, for requests whose hop-by-hop headers were dealt with.
func (r *Relay) scrub(h http.Header) {
	for name := range h {
		if !isKept(name) {
			delete(h, name)
		}
	}
	maps.Copy(h, r.headers)
}

// onlyWebSocket takes every other upgrade out of a request, which a server may always pass over (RFC 9110 section 7.8):
// over h2c a client would speak to the API past this relay.
func onlyWebSocket(h http.Header) {
	if u := h["Upgrade"]; u != nil && (len(u) != 1 || !strings.EqualFold(u[0], "websocket")) {
		delete(h, "Upgrade")
		delete(h, "Http2-Settings")
	}
}

// removeNamed removes the headers that a Connection header names.
func removeNamed(h http.Header, connection []string) {
	for _, line := range connection {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
}

// incoming makes the headers of an answer fit this address in place of the API's. An answer without a Content-Type goes
// out without one: net/http would guess.
func (x *exchange) incoming(out, h http.Header) {
	if h["Content-Type"] == nil {
		out["Content-Type"] = nil
	}
	x.admitPage(h)
	delete(h, "Alt-Svc") // would take a browser to another server of the same name
	for _, name := range [...]string{"Location", "Content-Location"} {
		if values := h[name]; len(values) > 0 {
			h[name] = []string{x.moved(values[0])}
		}
	}
	for i, cookie := range h["Set-Cookie"] {
		h["Set-Cookie"][i] = x.ownCookie(cookie)
	}
}
