package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/secret"
)

func newProfile(g *globals) *cobra.Command {
	return group("profile", "List, show, add, remove and check profiles",
		"List, show, add, remove and check the profiles of profiles.yaml. Nothing here uses the network or reads a secret.",
		"  authctl profile list\n  authctl profile validate",
		newProfileList(g), newProfileShow(g), newProfileAdd(g), newProfileRemove(g), newProfileValidate(g))
}

func newProfileList(g *globals) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the profiles",
		Long:  "List the profiles in the order of the file: name, provider, base URL, and which is the default.",
		Example: "  authctl profile list\n" +
			"  authctl profile list --format json",
		Args: between(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runProfileList(cmd.Context(), format) },
	}
	addListFormat(cmd, &format)
	return cmd
}

type profileLine struct {
	Name     string `json:"name"`
	Provider string `json:"provider"`
	BaseURL  string `json:"base_url"`
	Default  bool   `json:"default"`
}

func (g *globals) runProfileList(ctx context.Context, format string) error {
	o, err := g.options(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"NAME", "PROVIDER", "BASE URL", "DEFAULT"}}
	lines := make([]profileLine, 0, len(o.File.Profiles))
	for _, p := range o.File.Profiles {
		line := profileLine{p.Name, p.Provider, p.BaseURL, p.Name == o.File.DefaultProfile}
		lines = append(lines, line)
		mark := ""
		if line.Default {
			mark = "*"
		}
		rows = append(rows, []string{line.Name, line.Provider, line.BaseURL, mark})
	}
	return g.app.listing(format, rows, lines)
}

func newProfileShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show [NAME]",
		Short: "Show a profile as it is written, secrets masked",
		Long:  "Show a profile as it is written in profiles.yaml. References to secrets are shown, secrets are not.",
		Example: "  authctl profile show tnco\n" +
			"  authctl profile show -p entra",
		Args: between(0, 1, "at most one NAME"), ValidArgsFunction: g.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := g.nameArgument(args); err != nil {
				return err
			}
			o, p, err := g.chosen(cmd.Context())
			if err != nil {
				return err
			}
			text, err := o.File.Show(p.Name)
			if err != nil {
				return err
			}
			return g.app.answer([]byte(text))
		},
	}
}

func (g *globals) completeName(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return g.completeProfile(cmd, args, prefix)
}

// nameArgument lets a profile be named by an argument as well as by --profile.
func (g *globals) nameArgument(args []string) error {
	if len(args) == 0 {
		return nil
	}
	if g.profile != "" && g.profile != args[0] {
		return usage("NAME and --profile name different profiles")
	}
	g.profile = args[0]
	return nil
}

func newProfileValidate(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check profiles.yaml without the network",
		Long:  "Check all of profiles.yaml: syntax, keys, values, permissions. Nothing is sent anywhere, and no secret is read.",
		Example: "  authctl profile validate\n" +
			"  authctl profile validate --config ./profiles.yaml",
		Args: between(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := g.options(cmd.Context())
			if err != nil {
				return err
			}
			return g.app.answer(fmt.Appendf(nil, "%s: %s, no mistakes\n", o.Config, counted(len(o.File.Profiles), "profile")))
		},
	}
}

func newProfileRemove(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a profile from profiles.yaml",
		Long:  "Remove a profile from profiles.yaml. The rest of the file keeps every byte. Its stored token stays; `token forget` drops it.",
		Example: "  authctl token forget -p tnco && authctl profile remove tnco\n" +
			"  authctl profile remove old --config ./profiles.yaml",
		Args: between(1, 1, "one NAME"), ValidArgsFunction: g.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := g.app.Loader.Path(g.config)
			if err != nil {
				return err
			}
			if err := g.app.Loader.Remove(cmd.Context(), path, args[0]); err != nil {
				return err
			}
			g.app.note("removed %s from %s", args[0], path)
			return nil
		},
	}
}

func newProfileAdd(g *globals) *cobra.Command {
	var provider string
	cmd := &cobra.Command{
		Use:   "add NAME --provider PROVIDER [KEY=VALUE...]",
		Short: "Add a profile to profiles.yaml",
		Long: "Add a profile to profiles.yaml, which is made if there is none; nothing is written that would not load. KEY is a key of\n" +
			"docs/profiles.md, tls.ca_file and the like included; a list is written [a, b]. A secret is given by reference (env:NAME,\n" +
			"file:PATH, keyring:ACCOUNT, command:ARGV, prompt:), never by value; without one it is looked for in the keyring, where\n" +
			"`authctl secret set` puts it.",
		Example: "  authctl profile add tnco --provider tnco base_url=https://app.lm:32443 client_id=LmClient client_secret=env:TNCO_SECRET\n" +
			"  authctl profile add mulesoft --provider mulesoft token_url=https://idp.example.com/as/token.oauth2 client_id=my-app client_secret=prompt:",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("profile add takes a NAME").Hint("authctl profile add tnco --provider tnco base_url=https://app.lm:32443 client_id=LmClient")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.runProfileAdd(cmd.Context(), args[0], provider, args[1:])
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "tnco, apiconnect, entra, mulesoft or oauth2")
	_ = cmd.RegisterFlagCompletionFunc("provider",
		cobra.FixedCompletions([]string{"tnco", "apiconnect", "entra", "mulesoft", "oauth2"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (g *globals) runProfileAdd(ctx context.Context, name, provider string, settings []string) error {
	if provider == "" {
		return usage("--provider is required: tnco, apiconnect, entra, mulesoft or oauth2")
	}
	entry := config.Entry{{Key: "name", Value: name}, {Key: "provider", Value: provider}}
	for _, text := range settings {
		setting, err := g.setting(provider, text)
		if err != nil {
			return err
		}
		entry = append(entry, setting)
	}
	path, err := g.app.Loader.Path(g.config)
	if err != nil {
		return err
	}
	if err := g.app.Loader.Add(ctx, path, entry); err != nil {
		return err
	}
	g.app.note("added %s to %s", name, path)
	return nil
}

// setting reads KEY=VALUE. The value of a secret never comes from the command line, where others could read it.
func (g *globals) setting(provider, text string) (config.Setting, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return config.Setting{}, usage("a setting is KEY=VALUE")
	}
	if key == "name" || key == "provider" {
		return config.Setting{}, usage("%s is not given as KEY=VALUE", key).Hint("authctl profile add NAME --provider PROVIDER")
	}
	for _, name := range g.app.SecretKeys(provider) {
		ref, err := secret.ParseRef(value)
		if key == name && (err != nil || ref.Scheme == secret.Literal) {
			return config.Setting{}, usage("%s takes a reference here, not the secret itself", key).
				Hint("%s=env:NAME, or leave it out and run `authctl secret set -p NAME %s`", key, key)
		}
	}
	inner, isList := strings.CutPrefix(value, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	switch {
	case isList && closed:
		return config.Setting{Key: key, Value: list(inner)}, nil
	case strings.HasPrefix(key, "tls.insecure_"):
		if b, err := strconv.ParseBool(value); err == nil {
			return config.Setting{Key: key, Value: b}, nil
		}
	}
	return config.Setting{Key: key, Value: value}, nil
}

// list splits at commas; numbers stay numbers.
func list(text string) any {
	var words []string
	var numbers []int
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		words = append(words, word)
		if n, err := strconv.Atoi(word); err == nil {
			numbers = append(numbers, n)
		}
	}
	if len(words) > 0 && len(numbers) == len(words) {
		return numbers
	}
	return append([]string{}, words...)
}
