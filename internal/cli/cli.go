// Package cli turns words into values, values into text, and errors into exit codes. It is the only room that prints,
// and it prints the answer on stdout and everything else on stderr.
package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/iostreams"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// App is the program: what main hands down, and the ports through which the commands reach the rooms below. Each port
// is a function, so that a command pays for what it uses alone.
type App struct {
	Version string
	IO      *iostreams.Streams
	Getenv  func(string) (string, bool)
	Environ func() []string
	Clock   func() time.Time

	// Listen makes a signal end the command's context from now on. Until then, or the first request, it may end the program.
	Listen func()
	// Loader finds and reads profiles.yaml.
	Loader *config.Loader
	// Mask takes every secret seen so far out of text made elsewhere.
	Mask *secret.Mask
	// Session opens the store that was chosen and gives the profile's session.
	Session func(p *profile.Profile, o Options) (*auth.Session, error)
	// Store opens the chosen store for looking at.
	Store func(o Options) (TokenLister, error)
	// Secrets is the keyring as `secret set` writes it.
	Secrets func(o Options) SecretKeeper
	// Resolve reads a secret reference of the profile.
	Resolve func(ctx context.Context, p *profile.Profile, ref secret.Ref, key string, o Options) (secret.String, error)
	// Transport connects to servers as the profile says.
	Transport func(p *profile.Profile) (*http.Transport, error)
	// Proofs proves the key that a token is bound to, a private JWK, with each request that carries the token.
	Proofs func(key secret.String) (httpx.Proofs, error)
	// Verify checks a JWT's signature with a server's JWK set.
	Verify func(set []byte, token secret.String) (Verified, error)
	// Discover reads what an issuer publishes about itself, reached as the profile says.
	Discover func(ctx context.Context, issuer string, p *profile.Profile, o Options) (*Issuer, error)
	// Browse opens an address in the person's browser.
	Browse func(ctx context.Context, address string) error
	// Picture draws an address as a QR code, line by line.
	Picture func(address string) ([]string, error)
	// Realms lists API Connect's identity providers, asking the server.
	Realms func(ctx context.Context, p *profile.Profile, o Options, refresh bool) ([]Realm, error)
	// Sandbox starts the local stand-ins in a folder.
	Sandbox func(ctx context.Context, dir string, log func(format string, args ...any)) (Sandbox, error)
	// SecretKeys are the keys of a provider that hold secret references; nil for an unknown provider.
	SecretKeys func(provider string) []string

	jsonErrors bool     // --error-format json
	warnings   []string // kept back until the end
}

// Options are the global settings of one run, once flags, environment and file have had their say.
type Options struct {
	Config  string // the path of profiles.yaml
	Storage string
	File    *config.File
	NoInput bool
	NoCache bool                             // --no-cache: of the tokens that this one is exchanged for as well
	Trace   func(format string, args ...any) // nil unless --verbose
	Warn    func(format string, args ...any)
	Note    func(format string, args ...any)
	Ask     func(ctx context.Context, label string) (secret.String, error)
	// Interactive says that a person can be waited for.
	Interactive bool
}

// folder is where relative paths of profiles.yaml start; empty without one.
func (o *Options) folder() string {
	if o.File == nil {
		return ""
	}
	return o.File.Dir
}

// Run carries out one command line and gives the process's exit status.
func (a *App) Run(ctx context.Context, args []string) (status int) {
	g := &globals{app: a}
	defer func() {
		if found := recover(); found != nil {
			status = a.fail(ctx, g, bug(found, g.verbose > 0))
		}
	}()
	a.jsonErrors = wantsJSON(args)
	root := a.tree(g, args)
	root.SetArgs(args)
	help := &heard{Writer: a.IO.Out}
	root.SetOut(help)
	cmd, err := root.ExecuteContextC(ctx)
	if help.err != nil { // which cobra does not tell
		err = outFault(help.err)
	}
	if err == nil {
		a.printWarnings()
		return 0
	}
	g.wraps, g.path = cmd.Annotations[wraps] != "", cmd.CommandPath()
	if !g.started {
		err = usageFault(cmd, err)
	}
	return a.fail(ctx, g, err)
}

// fail prints an error, once, and gives its exit status.
func (a *App) fail(ctx context.Context, g *globals, err error) int {
	if status, ok := errors.AsType[childStatus](err); ok {
		return int(status)
	}
	if readerGone(err) {
		return 141 // 128 + SIGPIPE: who read our output has gone, and knows
	}
	e := fault.From(err)
	if e.Kind == fault.Canceled || ctx.Err() != nil {
		return signalStatus(ctx)
	}
	if e.Profile == "" {
		e.Profile = g.profileName
	}
	hint(e, g.path)
	status := g.status(e, err)
	if a.jsonErrors {
		a.printJSON(e, status)
	} else {
		a.printText(e, status)
	}
	return status
}

// childStatus is the exit status of a program that was run for the user; it is passed on as it is.
type childStatus int

func (childStatus) Error() string { return "the command failed" }

// Signal is the cause of a context that a signal ended.
type Signal struct {
	Number int
	Name   string
}

func (s Signal) Error() string { return s.Name }

func signalStatus(ctx context.Context) int {
	if s, ok := errors.AsType[Signal](context.Cause(ctx)); ok {
		return 128 + s.Number
	}
	return fault.Canceled.ExitCode()
}

// usage makes an error of the command line.
func usage(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, "", format, args...)
}

// usageFault makes one of cobra's own complaints, such as of flags that exclude each other.
func usageFault(cmd *cobra.Command, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return (&fault.Error{Kind: fault.Usage, Err: err}).Hint("%s --help", cmd.CommandPath())
}

// bug makes an error of a panic; where it happened is said to those who ask for it.
func bug(found any, verbose bool) error {
	e := fault.New(fault.Internal, "", "this is a bug of authctl: %v", found)
	if verbose {
		return e.Hint("report this with it: %s", debug.Stack())
	}
	return e.Hint("run it again with -v, and report what that says")
}

// heard is a writer that remembers the first error.
type heard struct {
	io.Writer
	err error
}

// Write implements [io.Writer].
func (h *heard) Write(p []byte) (int, error) {
	n, err := h.Writer.Write(p)
	h.err = cmp.Or(h.err, err)
	return n, err
}

// answer writes text that somebody else had a part in: byte for byte, but made visible on a terminal.
func (a *App) answer(data []byte) error {
	if a.IO.OutTTY {
		data = []byte(httpx.Visible(string(data)))
	}
	return writeOut(a.IO.Out, data)
}

// writeOut writes the answer; an answer that did not arrive is an error of its own.
func writeOut(w io.Writer, data []byte) error {
	if _, err := w.Write(data); err != nil {
		return outFault(err)
	}
	return nil
}

func outFault(err error) error {
	if readerGone(err) {
		return err
	}
	return fault.New(fault.IO, "io.stdout", "%w", err).Doing("writing to standard output")
}

// readerGone reports whether nobody reads the output any more. The same is told of a connection that a server closed, and
// of a store's, which are failures of their own.
func readerGone(err error) bool {
	e, known := errors.AsType[*fault.Error](err)
	return isBrokenPipe(err) && (!known || e.Kind == fault.IO)
}
