package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// maxSecret bounds what `secret set` takes; keys and certificates are a few kilobytes.
const maxSecret = 64 << 10

// SecretKeeper is the keyring as a place for the user's own secrets, by account.
type SecretKeeper interface {
	Set(ctx context.Context, account string, value secret.String) error
	Delete(ctx context.Context, account string) error
	List(ctx context.Context) ([]string, error)
}

func newSecret(g *globals) *cobra.Command {
	return group("secret", "Keep a profile's secrets in the OS keyring",
		"Keep the secrets of profiles in the OS keyring. A secret is typed without echo or read from standard input, never from\nthe command line, and never printed.",
		"  authctl secret set -p entra client_secret\n  pass show apic | authctl secret set --account apic-password",
		newSecretSet(g), newSecretList(g), newSecretRemove(g))
}

func newSecretSet(g *globals) *cobra.Command {
	var account string
	cmd := &cobra.Command{
		Use:   "set [KEY]",
		Short: "Store a secret in the keyring",
		Long: "Store the profile's secret KEY (client_secret, password, ...) in the keyring, where a profile without that key looks\n" +
			"for it; or, with --account, what `keyring:NAME` reads. The value is typed without echo, or read from standard input.",
		Example: "  authctl secret set -p tnco client_secret\n" +
			"  printf %s \"$PASSWORD\" | authctl secret set --account apic-password",
		Args: between(0, 1, "one KEY, or --account NAME"),
		RunE: func(cmd *cobra.Command, args []string) error { return g.runSecretSet(cmd.Context(), account, args) },
	}
	addAccount(cmd, &account)
	cmd.ValidArgsFunction = g.completeSecretKey
	return cmd
}

func addAccount(cmd *cobra.Command, account *string) {
	cmd.Flags().StringVar(account, "account", "", "the keyring account that keyring:NAME reads, in place of KEY")
}

func newSecretRemove(g *globals) *cobra.Command {
	var account string
	cmd := &cobra.Command{
		Use:   "remove [KEY]",
		Short: "Remove a secret from the keyring",
		Long:  "Remove the profile's secret KEY, or with --account the secret of that account, from the keyring.",
		Example: "  authctl secret remove -p tnco client_secret\n" +
			"  authctl secret remove --account apic-password",
		Args: between(0, 1, "one KEY, or --account NAME"),
		RunE: func(cmd *cobra.Command, args []string) error { return g.runSecretRemove(cmd.Context(), account, args) },
	}
	addAccount(cmd, &account)
	cmd.ValidArgsFunction = g.completeSecretKey
	return cmd
}

func newSecretList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the names of the secrets in the keyring",
		Long: "List the accounts that `secret set` wrote, one a line: PROFILE/KEY, or the --account name. Never a secret.\n" +
			"--profile narrows it to the profile's own.",
		Example: "  authctl secret list\n" +
			"  authctl secret list -p tnco",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			accounts, err := g.app.Secrets(g.bareOptions()).List(cmd.Context())
			if err != nil {
				return err
			}
			if g.profile != "" {
				own := profile.Account(g.profile, "")
				accounts = slices.DeleteFunc(accounts, func(name string) bool { return !strings.HasPrefix(name, own) })
			}
			slices.Sort(accounts)
			var out strings.Builder
			for _, name := range accounts {
				out.WriteString(name + "\n")
			}
			return g.app.answer([]byte(out.String()))
		},
	}
}

func (g *globals) runSecretSet(ctx context.Context, account string, args []string) error {
	account, err := g.secretAccount(ctx, account, args)
	if err != nil {
		return err
	}
	value, err := g.readSecret(ctx, account)
	if err != nil {
		return err
	}
	if err := g.app.Secrets(g.bareOptions()).Set(ctx, account, value); err != nil {
		return err
	}
	g.app.note("stored %s in the keyring", account)
	g.forgetTokensGotWith(ctx, account)
	return nil
}

func (g *globals) runSecretRemove(ctx context.Context, account string, args []string) error {
	account, err := g.secretAccount(ctx, account, args)
	if err != nil {
		return err
	}
	if err := g.app.Secrets(g.bareOptions()).Delete(ctx, account); err != nil {
		return err
	}
	g.app.note("removed %s from the keyring", account)
	g.forgetTokensGotWith(ctx, account)
	return nil
}

// secretAccount settles which keyring account is meant.
func (g *globals) secretAccount(ctx context.Context, account string, args []string) (string, error) {
	switch {
	case account != "" && len(args) > 0:
		return "", usage("KEY and --account exclude each other")
	case account != "":
		if strings.ContainsFunc(account, func(r rune) bool { return r < 0x20 || r == 0x7f }) || len(account) > 200 {
			return "", usage("--account is a printable name of at most 200 bytes")
		}
		return account, nil
	case len(args) == 0:
		return "", usage("which secret? give its KEY, or --account NAME").Hint("-p PROFILE client_secret")
	}
	_, p, err := g.chosen(ctx)
	if err != nil {
		return "", err
	}
	keys := g.app.SecretKeys(p.Provider)
	if !slices.Contains(keys, args[0]) {
		return "", noSuchSecret(args[0], keys, p)
	}
	return profile.Account(p.Name, args[0]), nil
}

// noSuchSecret does not repeat the word: it may be the secret, by mistake.
func noSuchSecret(word string, keys []string, p *profile.Profile) error {
	e := usage("the argument is the key of no secret that a profile of provider %s has", p.Provider)
	if near := config.Nearest(word, keys); near != "" {
		e.Hint("did you mean %s?", near)
	}
	return e.Hint("one of %s; the value is typed or piped, never an argument", strings.Join(keys, ", "))
}

// readSecret takes the value from the terminal without echo, else from standard input.
func (g *globals) readSecret(ctx context.Context, account string) (secret.String, error) {
	if g.app.IO.InTTY {
		value, err := g.app.ask(ctx, "value of "+account)
		if err != nil {
			return value, err
		}
		if err := secret.Check(value); err != nil {
			return secret.String{}, usage("what was typed: %v", err).Hint("run it again and type or paste the secret alone")
		}
		return value, nil
	}
	data, err := g.app.IO.ReadAll(ctx, maxSecret)
	if err != nil {
		return secret.String{}, fault.New(fault.IO, "io.stdin", "%w", err).Doing("reading the secret from standard input")
	}
	value := secret.New(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"))
	check := secret.Check
	if strings.HasPrefix(string(data), "-----BEGIN ") || strings.HasPrefix(string(data), "{") {
		check = secret.CheckDocument // a private key in PEM or JSON has lines
	}
	if err := check(value); err != nil {
		return secret.String{}, usage("standard input: %v", err).
			Hint("pipe the secret alone (printf %%s \"$SECRET\" | authctl secret set ...), or type it in a terminal")
	}
	return value, nil
}

func (g *globals) completeSecretKey(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	_, p, err := g.chosen(cmd.Context())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return g.app.SecretKeys(p.Provider), cobra.ShellCompDirectiveNoFileComp
}
