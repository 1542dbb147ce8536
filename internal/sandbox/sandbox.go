// Package sandbox runs local stand-ins of the four providers, a generic authorization server and a protected echo API,
// so that users can test their scripts without an account. Everything lives on loopback behind TLS of a throw-away
// authority. It refuses to listen anywhere else, to overwrite a file, and to log or echo a credential that works.
package sandbox

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// Options adjust a sandbox; the zero value is useful.
type Options struct {
	// Clock is what tokens age by; nil stands for the system's.
	Clock func() time.Time
	// Log gets one line per request: server, method, path without query, status. Never a secret. Calls do not overlap.
	Log func(format string, args ...any)
	// Slow is how long the fault "slow" holds a reply back; 0 stands for 10 s.
	Slow time.Duration
}

// Sandbox is a running set of stand-ins.
type Sandbox struct {
	dir     string
	origins []*origin
	counts  *counts
	files   []string

	cancel context.CancelFunc
	done   chan struct{}
	err    error // of stopping; read after done
}

// drainTime is how long requests in flight may take once the sandbox stops.
const drainTime = 2 * time.Second

// Start listens, writes ca.pem, profiles.yaml, sandbox.env and the files that the profiles name to dir (made if absent)
// and serves until ctx ends or Close is called. A file of one of these names that is there already is an error, never
// replaced.
func Start(ctx context.Context, dir string, opts Options) (*Sandbox, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.New(fault.IO, "io.sandbox", "%w", err).Doing("sandbox directory")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.IO, "io.sandbox", "%w", err).Doing("sandbox directory")
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Sandbox{dir: dir, counts: newCounts(), cancel: cancel, done: make(chan struct{})}
	if err := s.open(ctx, opts); err != nil {
		cancel()
		return nil, errors.Join(err, s.discard())
	}
	go s.serve(ctx)
	return s, nil
}

// ProfilesPath is the ready configuration file, for AUTHCTL_CONFIG.
func (s *Sandbox) ProfilesPath() string { return filepath.Join(s.dir, profilesFile) }

// CAPath is the certificate of the throw-away authority, for curl's --cacert.
func (s *Sandbox) CAPath() string { return filepath.Join(s.dir, caFile) }

// EnvPath is a file of shell assignments: URLs, client ids and secrets of the stand-ins.
func (s *Sandbox) EnvPath() string { return filepath.Join(s.dir, envFile) }

// URL is the origin of a server (tnco, apiconnect, entra, azure, mulesoft, anypoint, oauth2, echo), "" for another name.
func (s *Sandbox) URL(server string) string {
	for _, o := range s.origins {
		if o.name == server {
			return o.url
		}
	}
	return ""
}

// Serves reports whether a URL is of one of the servers.
func (s *Sandbox) Serves(address string) bool {
	return slices.ContainsFunc(s.origins, func(o *origin) bool { return strings.HasPrefix(address, o.url+"/") })
}

// Requests is how many requests a route got since the start, whatever the answer. A route is the server's name, a dot
// and "token", "api" and the like, as /-/counts shows them.
func (s *Sandbox) Requests(route string) int { return s.counts.of(route) }

// Close lets requests in flight end (held back ones are dropped), stops the servers and removes the files that Start
// wrote. It may be called more than once.
func (s *Sandbox) Close() error {
	s.cancel()
	<-s.done
	return s.err
}

// open makes all that serving needs: listeners first, since every file and route names their ports.
func (s *Sandbox) open(ctx context.Context, opts Options) error {
	for _, name := range []string{"tnco", "apiconnect", "entra", "azure", "mulesoft", "anypoint", "oauth2", "echo"} {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return fault.New(fault.Network, "", "%w", err).Doing("sandbox: listen on 127.0.0.1")
		}
		o := &origin{name: name, listener: listener, url: "https://" + listener.Addr().String()}
		if name == "azure" { // as on a machine, where nobody else can listen
			o.plain, o.url = true, "http://"+listener.Addr().String()
		}
		s.origins = append(s.origins, o)
	}
	world := newWorld(opts, s.counts)
	world.entraURL = s.URL("entra")
	authority, err := newAuthority(world.clock())
	if err == nil {
		world.entraKeys, err = newEntraKeys(world.clock())
	}
	if err == nil {
		world.anypointKey, err = newAnypointKey()
	}
	if err != nil {
		return fault.New(fault.Internal, "", "%w", err).Doing("sandbox: certificate")
	}
	for i, o := range s.origins {
		o.cross = s.origins[(i+1)%len(s.origins)].url
		o.prepare(ctx, world)
		o.secure(authority)
	}
	return s.write(world, authority)
}

// voice finds the voice of a server; the echo API refuses as the generic one does.
func (o *origin) voice(w *world) dialect {
	switch o.name {
	case "tnco":
		return newTNCO(w)
	case "apiconnect":
		return newAPIConnect(w)
	case "entra":
		return &entra{world: w}
	case "azure":
		return &azure{w}
	case "mulesoft":
		return &ping{w}
	case "anypoint":
		return &anypoint{w}
	case "oauth2":
		return &generic{w}
	}
	return echo{}
}

// serve runs the servers until ctx ends, then takes the sandbox down.
func (s *Sandbox) serve(ctx context.Context) {
	defer close(s.done)
	var running sync.WaitGroup
	for _, o := range s.origins {
		running.Go(o.serve)
	}
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	for _, o := range s.origins {
		running.Go(func() { o.stop(grace) })
	}
	running.Wait()
	s.err = s.discard()
}

// discard closes what open opened and removes what it wrote.
func (s *Sandbox) discard() error {
	var errs []error
	for _, o := range s.origins {
		_ = o.listener.Close() // closed twice on the ordinary way down
	}
	for _, name := range s.files {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fault.New(fault.IO, "io.sandbox", "%w", err).Doing("sandbox: remove its files"))
		}
	}
	return errors.Join(errs...)
}
