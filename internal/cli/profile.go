package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newProfile(g *globals) *cobra.Command {
	return group("profile", "List, show, add, remove and check profiles",
		"List, show, add, remove and check the profiles of profiles.yaml. Nothing here reads a secret, and nothing but\n"+
			"`profile add --issuer` uses the network.",
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
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
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
	if err := checkListFormat(format); err != nil {
		return err
	}
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
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
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
		Args: between(0, 1, "one NAME"), ValidArgsFunction: g.completeName,
		RunE: func(cmd *cobra.Command, args []string) error { return g.runProfileRemove(cmd.Context(), args) },
	}
}

// runProfileRemove removes the profile that was named, and no default.
func (g *globals) runProfileRemove(ctx context.Context, args []string) error {
	if err := g.nameArgument(args); err != nil {
		return err
	}
	if g.profile == "" {
		return usage("authctl profile remove takes one NAME").Hint("authctl profile list")
	}
	path, err := g.app.Loader.Path(g.config)
	if err != nil {
		return err
	}
	if err := g.app.Loader.Remove(ctx, path, g.profile); err != nil {
		return err
	}
	g.app.note("removed %s from %s", g.profile, path)
	return nil
}
