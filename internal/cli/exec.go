package cli

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/child"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// tokenVariable is where a command finds its token unless another place was named.
const tokenVariable = "AUTHCTL_TOKEN"

type execOptions struct {
	env, header, file string // names of variables
	refresh           bool
	minTTL            time.Duration
}

func newExec(g *globals) *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARG...]",
		Short: "Run a command with the token in one variable",
		Long: "Run COMMAND with a valid token in the variable AUTHCTL_TOKEN of its environment, or in the places that the flags name:\n" +
			"another variable, a variable with the whole header, a private file. The exit status is the command's; a failure of authctl\n" +
			"itself is 125, 126 means that the command cannot be run and 127 that it was not found. PATH is never searched in the\n" +
			"current directory.",
		Example: "  authctl exec -p tnco -- sh -c 'printf %s \"$AUTHCTL_TOKEN\" | wc -c'\n" +
			"  authctl exec -p entra --file TOKEN_FILE --refresh -- sh -c 'wc -c \"$TOKEN_FILE\"'",
		Annotations: map[string]string{wraps: "exec"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return usage("there is no command to run").Hint("authctl exec -- COMMAND")
			}
			return o.check()
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.runExec(cmd.Context(), &o, args) },
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the command is the command's
	f.StringVar(&o.env, "env", "", "put the token into the variable `NAME` (default: "+tokenVariable+", if no other place is named)")
	f.StringVar(&o.header, "header-env", "", "put 'Authorization: Bearer TOKEN' into the variable `NAME`")
	f.StringVar(&o.file, "file", "", "put the token into a private file, and the file's path into the variable `NAME`")
	f.BoolVar(&o.refresh, "refresh", false, "keep the file's token fresh while the command runs")
	f.DurationVar(&o.minTTL, "min-ttl", 0, "how long the token must live at least, such as 5m")
	return cmd
}

// check refuses what cannot be meant.
func (o *execOptions) check() error {
	var seen []string
	for _, name := range []string{o.env, o.header, o.file} {
		if name == "" {
			continue
		}
		if err := checkVariable(name); err != nil {
			return err
		}
		for _, other := range seen {
			if child.SameName(name, other) {
				return usage("the variable %s cannot hold two things", name).Hint("name another one")
			}
		}
		seen = append(seen, name)
	}
	switch {
	case o.refresh && o.file == "":
		return usage("--refresh keeps a file fresh: nobody can change a variable of a running command").Hint("--file NAME --refresh")
	case o.minTTL < 0:
		return usage("--min-ttl is a positive duration such as 5m")
	}
	return nil
}

// checkVariable takes a name that every shell can read (POSIX.1 section 8.1) and that does not change what is run.
func checkVariable(name string) error {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return usage("the name of a variable holds letters, digits and _ only, and begins with no digit").Hint("--env API_TOKEN")
		}
	}
	upper := strings.ToUpper(name)
	if strings.HasPrefix(upper, "LD_") || strings.HasPrefix(upper, "DYLD_") {
		return usage("the variable %s is the loader's", name).Hint("--env API_TOKEN")
	}
	switch upper {
	case "PATH", "PATHEXT", "HOME", "SHELL", "IFS", "ENV", "BASH_ENV", "PS4", "COMSPEC", "SYSTEMROOT", "TMPDIR":
		return usage("the variable %s decides what is run, and how", name).Hint("--env API_TOKEN")
	}
	if strings.HasPrefix(upper, "AUTHCTL_") && upper != tokenVariable {
		return usage("the variables AUTHCTL_... are authctl's own settings").Hint("--env %s", tokenVariable)
	}
	return nil
}

func (g *globals) runExec(ctx context.Context, o *execOptions, args []string) error {
	if o.env == "" && o.header == "" && o.file == "" {
		o.env = tokenVariable
	}
	c, err := g.command(args, nil)
	if err != nil {
		return err // before a token is asked for
	}
	opts, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	session, err := g.app.Session(p, opts)
	if err != nil {
		return err
	}
	answer, err := session.Token(ctx, auth.Want{MinTTL: o.minTTL})
	if err != nil {
		return err
	}
	token := answer.Token.AccessToken
	pairs, err := o.pairs(token, answer.Token.TokenType)
	if err != nil {
		return err
	}
	if o.file == "" {
		c.Env = child.Environ(g.app.Environ(), []string{storageKey}, pairs...)
		return g.become(ctx, c)
	}
	file, err := child.NewFile(g.runtimeDir(), token)
	if err != nil {
		return fault.New(fault.IO, "io.write", "%w", err).Doing("writing the token's file")
	}
	defer func() { _ = file.Remove() }()
	c.Env = child.Environ(g.app.Environ(), []string{storageKey}, append(pairs, o.file+"="+file.Path())...)
	if o.refresh {
		g.app.IO.NoInput = true // the terminal is the command's now
		k := keeper{source: session, minTTL: o.minTTL, clock: g.app.Clock, write: file.Replace, warn: g.app.warn}
		defer k.keep(context.WithoutCancel(ctx), answer.Token.ExpiresAt)() // a signal is the command's, which may go on
	}
	return g.run(ctx, c)
}

// pairs are the variables that hold the token itself. Its text is checked once more: a line break would begin another
// variable for some readers of an environment, another header for readers of the header.
func (o *execOptions) pairs(token secret.String, tokenType string) ([]string, error) {
	text := token.Reveal()
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, fault.New(fault.Protocol, "protocol.token", "the token is empty or holds what no header may hold")
	}
	var pairs []string
	if o.env != "" {
		pairs = append(pairs, o.env+"="+text)
	}
	if o.header != "" {
		if tokenType != "" && !strings.EqualFold(tokenType, "Bearer") {
			return nil, fault.New(fault.Protocol, "protocol.token_type", "the token's type is not Bearer").
				Hint("authctl call or authctl proxy sends it as it must be sent")
		}
		pairs = append(pairs, o.header+"=Authorization: Bearer "+text)
	}
	return pairs, nil
}

// become runs a command that needs nothing of authctl any more: where the system can, it takes this process's place,
// and there is nobody left to pass signals on.
func (g *globals) become(ctx context.Context, c *child.Command) error {
	if !child.Replaces {
		return g.run(ctx, c)
	}
	g.app.printWarnings()
	if err := ctx.Err(); err != nil {
		return err
	}
	return wrapperError(c.Args[0], c.Replace())
}

// runtimeDir is where files of a session belong: in memory, gone when the user logs out. Empty: the system's folder
// for temporary files.
func (g *globals) runtimeDir() string {
	if dir, _ := g.app.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return dir
	}
	return ""
}
