package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

// globals are the flags that every command knows, and what the run has learnt so far.
type globals struct {
	app *App

	profile, config, storage string
	verbose                  int
	noInput                  bool
	errorFormat              string

	path        string // the command, as it is typed
	wraps       bool   // the command is one that runs the user's own
	started     bool   // a command's own code ran: errors are no longer cobra's
	profileName string // for error messages
}

// command is one line of the table of commands.
type command struct {
	name string
	new  func(*globals) *cobra.Command
}

// commands lists every command, in the order of `authctl help`.
func commands() []command {
	return []command{
		{"token", newToken},
		{"login", newLogin},
		{"logout", newLogout},
		{"userinfo", newUserinfo},
		{"call", newCall},
		{"proxy", newProxy},
		{"curl", newCurl},
		{"exec", newExec},
		{"profile", newProfile},
		{"secret", newSecret},
		{"realm", newRealm},
		{"sandbox", newSandbox},
		{"version", newVersion},
		{"completion", newCompletion},
	}
}

// Tree is the whole command tree, for generated documentation.
func (a *App) Tree() *cobra.Command { return a.tree(&globals{app: a}, nil) }

// tree builds the command that args name; all of them where args name none, since building costs start-up time.
func (a *App) tree(g *globals, args []string) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "authctl",
		Short: "Get OAuth tokens and make authenticated HTTP calls",
		Long: "authctl gets OAuth 2.0 tokens for the profiles in profiles.yaml, keeps them in the OS keyring or a sealed file,\n" +
			"and makes HTTP calls that carry them, only to where they belong.",
		Example:      "  authctl token get --profile entra\n  authctl login --profile sso\n  authctl call GET /api/v1/things --profile tnco",
		SilenceUsage: true, SilenceErrors: true,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g.started = true
			if version {
				return a.printVersion()
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return g.check(cmd.Flags()) },
	}
	root.Flags().BoolVar(&version, "version", false, "print the version, as the command version does")
	root.SetOut(a.IO.Out)
	root.SetErr(a.IO.Err)
	root.SetIn(a.IO.In)
	root.SetFlagErrorFunc(flagFault)
	root.CompletionOptions.DisableDefaultCmd = true
	g.addFlags(root)
	help := newHelp()
	g.marked(help)
	root.SetHelpCommand(help)
	for _, c := range named(commands(), args) {
		cmd := c.new(g)
		g.marked(cmd)
		root.AddCommand(cmd)
	}
	return root
}

// named picks the command that the first argument names, all where it names none.
func named(all []command, args []string) []command {
	if len(args) > 0 {
		if i := slices.IndexFunc(all, func(c command) bool { return c.name == args[0] }); i >= 0 {
			return all[i : i+1]
		}
	}
	return all
}

func (g *globals) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&g.profile, "profile", "p", "", "profile to use (default: AUTHCTL_PROFILE, default_profile, the only one)")
	f.StringVar(&g.config, "config", "", "path of profiles.yaml (default: AUTHCTL_CONFIG, then the user's configuration folder)")
	f.StringVar(&g.storage, "storage", "", "where tokens are kept: auto, keyring, file or memory")
	f.CountVarP(&g.verbose, "verbose", "v", "tell on stderr what is done, without secrets (repeat for more)")
	f.BoolVar(&g.noInput, "no-input", false, "never ask, never open a browser")
	f.StringVar(&g.errorFormat, "error-format", "text", "how errors are printed: text or json")
	_ = root.RegisterFlagCompletionFunc("profile", g.completeProfile)
	_ = root.RegisterFlagCompletionFunc("storage", cobra.FixedCompletions([]string{"auto", "keyring", "file", "memory"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("error-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// marked notes when a command's own code begins, for every command below cmd.
func (g *globals) marked(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		g.marked(sub)
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			g.started = true
			return run(cmd, args)
		}
	}
}

func (g *globals) check(given *pflag.FlagSet) error {
	for _, name := range []string{
		"profile", "config", "storage", "output", "dump-header", "continue-at", "max-time", "connect-timeout", "retry-max-time",
		"batch", "resume", "rate", "env", "header-env", "file", "path-secret", "admin", "token-type",
	} {
		// Most likely a variable that is not set, which must not choose another profile, file, place or limit.
		if f := given.Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
			return usage("--%s has no value", name).Hint("leave it out, or say which")
		}
	}
	g.app.IO.NoInput = g.app.IO.NoInput || g.noInput
	if g.errorFormat != "text" && g.errorFormat != "json" {
		return usage("--error-format is text or json")
	}
	g.app.jsonErrors = g.errorFormat == "json" // what wantsJSON saw may have been an argument of exec's command
	if e := config.CheckStorage(g.storage); g.storage != "" && e != nil {
		return usage("--storage: %s", e.Reason).Hint("--storage auto, keyring, file or memory")
	}
	return nil
}

// wantsJSON looks for --error-format json in the raw arguments, since it counts for errors of the command line too.
// The last one counts, as everywhere.
func wantsJSON(args []string) (wanted bool) {
	for i, arg := range args {
		format, given := strings.CutPrefix(arg, "--error-format=")
		switch {
		case arg == "--":
			return wanted
		case given:
			wanted = format == "json"
		case arg == "--error-format" && i+1 < len(args):
			wanted = args[i+1] == "json"
		}
	}
	return wanted
}

// options reads profiles.yaml and settles the global settings.
func (g *globals) options(ctx context.Context) (Options, error) {
	o := g.bareOptions()
	path, err := g.app.Loader.Path(g.config)
	if err != nil {
		return o, err
	}
	o.Config = path
	if o.File, err = g.app.Loader.Load(ctx, path); err != nil {
		return o, err
	}
	for _, w := range o.File.Warnings {
		g.app.warn("%s", w)
	}
	if o.Storage == "" {
		o.Storage = o.File.Storage
	}
	return o, nil
}

// bareOptions are the settings that need no profiles.yaml.
func (g *globals) bareOptions() Options {
	o := Options{
		Storage: g.storage, NoInput: g.noInput, Interactive: g.app.IO.CanPrompt(), Warn: g.app.warn, Note: g.app.note,
		Ask: g.app.ask,
	}
	if g.verbose > 0 {
		o.Trace = func(format string, args ...any) { g.app.trace(format, args...) }
	}
	return o
}

// chosen gives the settings and the profile that the command works on.
func (g *globals) chosen(ctx context.Context) (Options, *profile.Profile, error) {
	o, err := g.options(ctx)
	if err != nil {
		return o, nil, err
	}
	p, err := o.File.Choose(g.profile)
	if err != nil {
		return o, nil, err
	}
	g.profileName = p.Name
	g.warnUnchecked(p)
	return o, p, nil
}

func (g *globals) warnUnchecked(p *profile.Profile) {
	if p.TLS.InsecureSkipVerify {
		g.app.warn("%s: tls.insecure_skip_verify: the server's certificate is not checked", p.Name)
	}
}

// session opens the session of the profile that the command works on.
func (g *globals) session(ctx context.Context) (*profile.Profile, *auth.Session, error) {
	o, p, err := g.chosen(ctx)
	if err != nil {
		return nil, nil, err
	}
	session, err := g.app.Session(p, o)
	return p, session, err
}

// trace prints a line of --verbose.
func (a *App) trace(format string, args ...any) { a.lineErr("* " + fmt.Sprintf(format, args...)) }

func (g *globals) completeProfile(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	path, err := g.app.Loader.Path(g.config)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	file, err := g.app.Loader.Load(cmd.Context(), path)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, p := range file.Profiles {
		if strings.HasPrefix(p.Name, prefix) {
			names = append(names, p.Name+"\t"+p.Provider)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// group is a command that only holds others.
func group(use, short, long, example string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(subs...)
	return cmd
}

// noSuchCommand refuses the word that is no command of cmd.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	const shown = 64
	e := usage("%s has no command %.*q", cmd.CommandPath(), shown, args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return e.Hint("%s %s", cmd.CommandPath(), cmp.Or(config.Nearest(args[0], near), near[0]))
	}
	return e.Hint("%s --help", cmd.CommandPath())
}

// atMost refuses more than n arguments, and fewer than least.
func between(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usage("%s takes %s", cmd.CommandPath(), what).Hint("%s --help", cmd.CommandPath())
		}
		return nil
	}
}

func flagFault(cmd *cobra.Command, err error) error {
	e := &fault.Error{Kind: fault.Usage, Err: err}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := config.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			e.Hint("did you mean --%s?", near)
		}
	}
	return e.Hint("%s --help", cmd.CommandPath())
}
