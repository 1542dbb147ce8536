package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
)

// Realm is one identity provider of API Connect.
type Realm struct {
	Realm   string `json:"realm"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	Default bool   `json:"default"`
}

func newRealm(g *globals) *cobra.Command {
	return group("realm", "List API Connect's identity providers",
		"List the identity providers (realms) that an API Connect management server offers.",
		"  authctl realm list -p apic\n  authctl realm list -p apic --refresh --format json",
		newRealmList(g))
}

func newRealmList(g *globals) *cobra.Command {
	var format string
	var refresh bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List realm, type, title and default",
		Long: "List the identity providers of the profile's API Connect server: realm, type, title, and which is the default.\n" +
			"The realm that a profile without an explicit one uses is remembered; --refresh lets the next token request choose anew.",
		Example: "  authctl realm list -p apic\n" +
			"  authctl realm list -p apic --refresh",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runRealmList(cmd.Context(), format, refresh) },
	}
	addListFormat(cmd, &format)
	cmd.Flags().BoolVar(&refresh, "refresh", false, "forget the remembered realm")
	return cmd
}

func (g *globals) runRealmList(ctx context.Context, format string, refresh bool) error {
	if err := checkListFormat(format); err != nil {
		return err
	}
	o, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	if p.Provider != "apiconnect" {
		return usage("profile %s is of provider %s; only API Connect has realms", p.Name, p.Provider)
	}
	realms, err := g.app.Realms(ctx, p, o, refresh)
	if err != nil {
		return err
	}
	rows := [][]string{{"REALM", "TYPE", "TITLE", "DEFAULT"}}
	for _, r := range realms {
		rows = append(rows, []string{r.Realm, r.Type, r.Title, strconv.FormatBool(r.Default)})
	}
	return g.app.listing(format, rows, realms)
}
