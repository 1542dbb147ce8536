package relay

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// idleConnections is how many wait for the next request: clients that keep as many busy find each of them again.
const idleConnections = 256

// ways lead to the API. Which one a request takes depends on nothing but the request.
type ways struct {
	all     *http.Transport
	upgrade *http.Transport // HTTP/1.1 alone: HTTP/2 switches no protocols (RFC 9113 section 8.6)
	lane    *lane           // nil where the API speaks TLS
}

func newWays(base *url.URL, all, upgrade *http.Transport) ways {
	for _, t := range []*http.Transport{all, upgrade} {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, idleConnections
		t.ExpectContinueTimeout = time.Second
	}
	w := ways{all: all, upgrade: upgrade}
	if base.Scheme == "http" {
		w.lane = newLane(base, all)
	}
	return w
}

// of chooses the way of a request.
func (w ways) of(req *http.Request) http.RoundTripper {
	switch {
	case req.Header["Upgrade"] != nil:
		return w.upgrade
	case w.lane != nil && req.Body == nil && (req.Method == http.MethodGet || req.Method == http.MethodHead) &&
		!strings.EqualFold(req.Header.Get("Expect"), "100-continue"):
		return w.lane
	}
	return w.all
}

func (w ways) close() {
	w.all.CloseIdleConnections()
	w.upgrade.CloseIdleConnections()
	if w.lane != nil {
		w.lane.close()
	}
}
