package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func newLogout(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Revoke the profile's tokens where the server can, and forget them",
		Long: "Revoke the profile's stored refresh token and access token (RFC 7009) and forget them. They are forgotten in any case;\n" +
			"the exit code tells how the revocation went. A server without a revocation endpoint is no failure, and is said on stderr.",
		Example: "  authctl logout --profile sso\n" +
			"  authctl logout -p sso && authctl login -p sso",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runLogout(cmd.Context()) },
	}
}

func (g *globals) runLogout(ctx context.Context) error {
	o, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	session, err := g.app.Session(p, o)
	if err != nil {
		return err
	}
	err = session.Logout(ctx)
	if others := g.forgetKept(context.WithoutCancel(ctx), o, session); others != nil {
		return errors.Join(err, others)
	}
	if err != nil {
		return err
	}
	g.app.inform("%s: logged out", p.Name)
	return nil
}
