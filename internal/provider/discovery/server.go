// Package discovery finds an authorization server's endpoints by asking its issuer (RFC 8414, OpenID Connect Discovery
// 1.0). What an issuer says is believed of that issuer alone, and kept for a day; what is kept is judged like what is
// new. Nothing is asked before a request must be made.
package discovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider"
)

// keep is how long a document serves.
const keep = 24 * time.Hour

// Config says whose endpoints are looked for, and how.
type Config struct {
	Issuer   string
	Endpoint *grant.Endpoint
	Header   http.Header // further headers of the request; may be nil
	// Documents keeps the metadata between runs; nil: they are asked for in each.
	Documents provider.Documents
	// Trust is how the server's certificate is judged: what was believed under one rule is not under another.
	Trust string
	// Said knows the addresses that the user said, which count more than the server's; nil: none.
	Said grant.Server
	// Certificate takes the addresses for clients that show one (RFC 8705 section 5).
	Certificate bool
}

// Server is an authorization server that says itself where its endpoints are.
type Server struct {
	config Config

	mu    sync.Mutex
	known *grant.Metadata
	old   bool // known was kept by an earlier run
}

var _ grant.Server = (*Server)(nil)

// New makes a server of which nothing is known yet. It asks nobody.
func New(config Config) *Server { return &Server{config: config} }

// Metadata implements [grant.Server]. A look-up that failed is made again by the next call.
func (s *Server) Metadata(ctx context.Context) (*grant.Metadata, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.recall(ctx)
	}
	if s.known == nil {
		if err := s.ask(ctx); err != nil {
			return nil, err
		}
	}
	m := *s.known
	return &m, nil
}

// Forget makes the next look-up ask the server.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = nil
	if s.config.Documents != nil {
		s.config.Documents.Keep(s.name(), nil)
	}
}

// Moved asks the server again where all that is known was kept by an earlier run, and reports whether its token
// endpoint is another now. It is for a request that found nobody there.
func (s *Server) Moved(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || !s.old {
		return false
	}
	before := s.known.Token
	return s.ask(ctx) == nil && s.known.Token != before
}

// recall takes the kept document where it is young enough and still good.
func (s *Server) recall(ctx context.Context) {
	if s.config.Documents == nil {
		return
	}
	data, keptAt, ok := s.config.Documents.Read(s.name())
	if age := s.now().Sub(keptAt); !ok || age < 0 || age >= keep {
		return
	}
	d, err := Parse(data, s.config.Issuer)
	if err != nil {
		return
	}
	if m, err := s.settle(ctx, d); err == nil {
		s.known, s.old = m, true
	}
}

// ask gets the document from the server, and keeps it where it is good.
func (s *Server) ask(ctx context.Context) error {
	d, err := read(ctx, s.config.Endpoint, s.config.Issuer, s.config.Header)
	if err != nil {
		return err
	}
	m, err := s.settle(ctx, d)
	if err != nil {
		return about(err, s.config.Endpoint, s.config.Issuer)
	}
	s.known, s.old = m, false
	if s.config.Documents != nil {
		s.config.Documents.Keep(s.name(), d.raw)
	}
	return nil
}

// settle decides on each address: the user's word, else the alias for a client with a certificate, else the server's
// usual one. Only what the server says has to be checked; the user's own words were when they were read.
func (s *Server) settle(ctx context.Context, d *Document) (*grant.Metadata, error) {
	m, own := d.Metadata, &grant.Metadata{}
	if s.config.Certificate {
		override(backChannel(&m), backChannel(&d.Aliases))
	}
	if s.config.Said != nil {
		var err error
		if own, err = s.config.Said.Metadata(ctx); err != nil {
			return nil, err
		}
	}
	theirs, said := fields(&m), fields(own)
	override(theirs, said)
	var check []field
	for i := range theirs {
		if *said[i].in == "" {
			check = append(check, theirs[i])
		}
	}
	return &m, d.check(&m, check)
}

// override puts the addresses of b that are there in the place of a's; both list the same members.
func override(a, b []field) {
	for i := range a {
		if *b[i].in != "" {
			*a[i].in = *b[i].in
		}
	}
}

func (s *Server) name() string {
	sum := sha256.Sum256([]byte(s.config.Issuer + "\x00" + s.config.Trust))
	return "metadata-" + hex.EncodeToString(sum[:])
}

func (s *Server) now() time.Time {
	if s.config.Endpoint.Clock == nil {
		return time.Now()
	}
	return s.config.Endpoint.Clock()
}
