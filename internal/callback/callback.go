// Package callback hears the answer of an authorization request on this machine's loopback (RFC 8252 section 7.3). It
// listens only as long as an answer is awaited, believes only the answer that carries the request's own state, and
// tells a browser nothing of what it heard. It speaks to no authorization server.
package callback

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Redirect says where the answer comes back to. The zero value is any port of 127.0.0.1, at /callback.
type Redirect struct {
	Host string // 127.0.0.1, ::1, or localhost where the server insists; empty: 127.0.0.1
	Port int    // 0: any that is free
	Path string // empty: /callback
}

// URI is the redirect_uri at a port.
func (r Redirect) URI() string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(r.host(), strconv.Itoa(r.Port)), Path: r.path()}
	return u.String()
}

func (r Redirect) host() string {
	if host := strings.Trim(r.Host, "[]"); host != "" {
		return host
	}
	return "127.0.0.1"
}

func (r Redirect) path() string {
	if r.Path == "" {
		return "/callback"
	}
	return r.Path
}

// addresses are what the host stands for. A browser that is sent to localhost may try either first; what one of them
// left free, another program could take, and the answer with it.
func (r Redirect) addresses() ([]string, error) {
	switch host := r.host(); host {
	case "127.0.0.1", "::1":
		return []string{host}, nil
	case "localhost":
		return []string{"127.0.0.1", "::1"}, nil
	}
	return nil, fault.New(fault.Config, "config.redirect_host", "redirect_host is not this machine's loopback").
		Hint("redirect_host: 127.0.0.1, or localhost where the server insists")
}

// Listener holds the port of one authorization request.
type Listener struct {
	redirect Redirect
	on       []net.Listener

	mu      sync.Mutex
	refused int
}

// tries is how often a free port of one loopback address is looked for that is free on the other one, too.
const tries = 20

// Listen takes the port. Close must be called, whether or not anything is awaited.
func Listen(ctx context.Context, r Redirect) (*Listener, error) {
	hosts, err := r.addresses()
	if err != nil {
		return nil, err
	}
	for range tries {
		l := &Listener{redirect: r}
		if err = l.open(ctx, hosts); err == nil {
			return l, nil
		}
		l.Close()
		if r.Port != 0 || !inUse(err) {
			break
		}
	}
	return nil, fault.New(fault.IO, "io.listen", "%w", err).Doing("listening for the answer on %s", r.URI()).
		Hint("end the program that has the port, or set another redirect_port (0: any) that the server knows").
		Hint("authctl login --no-browser needs no port")
}

func (l *Listener) open(ctx context.Context, hosts []string) error {
	config := net.ListenConfig{Control: exclusive}
	for i, host := range hosts {
		on, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(l.redirect.Port)))
		if err != nil {
			if i > 0 && absent(err) {
				return nil // a machine without IPv6
			}
			return err
		}
		l.on = append(l.on, on)
		l.redirect.Port = on.Addr().(*net.TCPAddr).Port //nolint:errcheck,forcetypeassert // the address of a TCP listener
	}
	return nil
}

// URI is the redirect_uri, with the port that was taken.
func (l *Listener) URI() string { return l.redirect.URI() }

// Refused counts the answers that carried another state, or none. Somebody tried to put theirs in.
func (l *Listener) Refused() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// Close gives the port back. It may be called twice.
func (l *Listener) Close() {
	for _, on := range l.on {
		_ = on.Close() // nothing was written
	}
}

// Wait serves until the answer with the given state is there, and has given the port back when it returns. Its errors
// are the context's, or a *[fault.Error] about an answer that has the state and cannot be read.
func (l *Listener) Wait(ctx context.Context, state secret.String) (*Answer, error) {
	w := &wait{listener: l, state: state, heard: make(chan heard, 1)}
	s := server(w)
	lost := make(chan error, len(l.on))
	var serving sync.WaitGroup
	for _, on := range l.on {
		serving.Go(func() {
			if err := s.Serve(on); !errors.Is(err, http.ErrServerClosed) {
				lost <- err
			}
		})
	}
	defer serving.Wait()
	defer func() { _ = s.Close() }()
	select {
	case h := <-w.heard:
		return h.answer, h.err
	case err := <-lost:
		return nil, fault.New(fault.IO, "io.listen", "%w", err).Doing("listening for the answer on %s", l.URI())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
