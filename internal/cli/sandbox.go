package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/child"
	"github.com/authctl/authctl/internal/fault"
)

// Sandbox is the running stand-ins. Serves reports whether a URL is of one of them.
type Sandbox interface {
	ProfilesPath() string
	Serves(address string) bool
	Close() error
}

func newSandbox(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox [-- COMMAND [ARG...]]",
		Short: "Run local stand-ins of the four providers",
		Long: "Run local stand-ins of TNCO, API Connect, Entra ID and MuleSoft, and a protected echo API, on loopback with TLS from a\n" +
			"throw-away CA. With COMMAND, run it with AUTHCTL_CONFIG set to a ready profiles.yaml, then stop and return its status.\n" +
			"Without, print the line that sets AUTHCTL_CONFIG, and serve until interrupted.",
		Example: "  authctl sandbox -- authctl token get --profile tnco\n" +
			"  authctl sandbox -- sh -c 'authctl call GET /things --profile entra'",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return usage("a command to run stands behind --").Hint("authctl sandbox -- %s", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.runSandbox(cmd.Context(), args) },
	}
	return cmd
}

func (g *globals) runSandbox(ctx context.Context, args []string) (err error) {
	dir, err := os.MkdirTemp("", "authctl-sandbox-")
	if err != nil {
		return fault.New(fault.IO, "io.temp", "%w", err).Doing("making a folder for the sandbox")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	log := func(string, ...any) {}
	if g.verbose > 0 {
		log = g.app.trace
	}
	lasting := context.WithoutCancel(ctx) // a command may outlive a signal, and what is left is tidied up after one
	box, err := g.app.Sandbox(lasting, dir, log)
	if err != nil {
		return err
	}
	defer func() {
		g.forgetSandbox(lasting, box)
		err = errors.Join(err, box.Close())
	}()
	if len(args) > 0 {
		return g.runInSandbox(ctx, box, args)
	}
	if err := writeOut(g.app.IO.Out, []byte("export AUTHCTL_CONFIG="+shellWord(box.ProfilesPath())+"\n")); err != nil {
		return err
	}
	g.app.note("the sandbox serves until interrupted; run the line above in another terminal")
	<-ctx.Done()
	return nil // being stopped is how a server ends well
}

// forgetSandbox drops the tokens that were got from the sandbox: they end with it, and their files would stay in the
// user's cache for nothing. Those of a machine, or of a copy of a profile, are known by the server alone.
func (g *globals) forgetSandbox(ctx context.Context, box Sandbox) {
	o := g.bareOptions()
	o.Trace = nil // which is for what the user asked for
	var err error
	if o.File, err = g.app.Loader.Load(ctx, box.ProfilesPath()); err != nil {
		return
	}
	if o.Storage == "" {
		o.Storage = o.File.Storage
	}
	for _, p := range o.File.Profiles {
		if session, err := g.app.Session(p, o); err == nil {
			_ = session.Forget(ctx)
		}
	}
	store, err := g.app.Store(o)
	if err != nil {
		return
	}
	records, _ := store.List(ctx)
	for _, r := range records {
		if box.Serves(r.Endpoint) {
			_ = store.Delete(ctx, r.Key)
		}
	}
}

func (g *globals) runInSandbox(ctx context.Context, box Sandbox, args []string) error {
	env := child.Environ(g.app.Environ(), []string{storageKey}, "AUTHCTL_CONFIG="+box.ProfilesPath())
	c, err := g.command(args, env)
	if err != nil {
		return err
	}
	return g.run(ctx, c)
}

// shellWord quotes a text for a POSIX shell.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
