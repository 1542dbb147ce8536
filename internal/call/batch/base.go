package batch

import (
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
)

// Base is where paths go. It resolves as [httpx.Resolve] does, but knows the base already: of thousands of paths nearly
// all are plain.
type Base struct {
	raw string
	url *url.URL // nil: no short way
}

// NewBase takes a profile's base_url, which may be empty.
func NewBase(raw string) Base {
	b := Base{raw: raw}
	if u, err := httpx.Resolve(raw, "/"); err == nil && u.RawQuery == "" && u.Path == u.RawPath {
		b.url = u
		b.url.Path = strings.TrimSuffix(u.Path, "/")
	}
	return b
}

func (b Base) resolve(ref string) (*url.URL, error) {
	path, query, asked := strings.Cut(ref, "?")
	if b.url == nil || !isPlain(path, "/") || strings.HasPrefix(path, "//") || path == "" || path[0] != '/' ||
		asked && (query == "" || !isPlain(query, "=&")) {
		return httpx.Resolve(b.raw, ref)
	}
	u := *b.url
	u.Path += path
	u.RawPath, u.RawQuery = u.Path, query
	return &u, nil
}

// isPlain reports whether s holds nothing that means anything in a URL but the characters of more. Dots are left to
// those who know what they may lead to.
func isPlain(s, more string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case strings.IndexByte(more, c) < 0:
			return false
		}
	}
	return true
}
