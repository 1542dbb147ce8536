package dpop

import (
	"net/http"
	"net/url"
	"sync"

	"github.com/authctl/authctl/internal/httpx"
)

const (
	maxNonce   = 4 << 10
	maxOrigins = 64 // that a hostile list of URLs could make this process remember
)

// Nonces are the nonces that servers asked for, one per origin (RFC 9449 section 8.2). The zero value is empty and
// ready; all methods may be called concurrently.
type Nonces struct {
	mu    sync.Mutex
	known map[httpx.Origin]string
}

// of is the nonce of a server, empty where it sent none.
func (n *Nonces) of(origin httpx.Origin) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known[origin]
}

func (n *Nonces) learn(target *url.URL, header http.Header) {
	nonce, ok := offered(header)
	origin, err := httpx.OriginOf(target)
	if !ok || err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[httpx.Origin]string{}
	}
	if _, there := n.known[origin]; !there && len(n.known) >= maxOrigins {
		for one := range n.known { // whichever: what is forgotten is asked for again
			delete(n.known, one)
			break
		}
	}
	n.known[origin] = nonce
}

// offered is the one well-formed nonce of a reply: 1*NQCHAR of RFC 6749 appendix A (RFC 9449 section 8.1).
func offered(header http.Header) (string, bool) {
	values := header.Values("DPoP-Nonce")
	if len(values) != 1 || values[0] == "" || len(values[0]) > maxNonce {
		return "", false
	}
	for i := range len(values[0]) {
		if c := values[0][i]; c <= ' ' || c == '"' || c == '\\' || c > '~' {
			return "", false
		}
	}
	return values[0], true
}
