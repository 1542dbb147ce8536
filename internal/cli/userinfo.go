package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

func newUserinfo(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "userinfo",
		Short: "Print what the server says about the person who is logged in",
		Long: "Ask the authorization server's userinfo endpoint (OpenID Connect Core 5.3) with the profile's token, and print its JSON.\n" +
			"Where the login gave an id_token, both must be about the same subject.",
		Example: "  authctl userinfo --profile sso\n" +
			"  authctl userinfo -p sso | jq -r .email",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runUserinfo(cmd.Context()) },
	}
}

func (g *globals) runUserinfo(ctx context.Context) error {
	p, session, err := g.session(ctx)
	if err != nil {
		return err
	}
	claims, err := session.UserInfo(ctx)
	if err != nil {
		return err
	}
	if err := sameSubject(ctx, session, p, claims); err != nil {
		return err
	}
	return g.app.answer(append(claims, '\n'))
}

// sameSubject refuses an answer about somebody else (OpenID Connect Core 5.3.2: the sub of the UserInfo response must
// be that of the ID token, else it must not be used).
func sameSubject(ctx context.Context, session *auth.Session, p *profile.Profile, claims []byte) error {
	if !hasIssuer(p) {
		return nil
	}
	r, err := session.Stored(ctx)
	if err != nil || r == nil {
		return err
	}
	if want := textOf(idClaims(r.IDToken), "sub"); want == "" || want == textOf(members(claims), "sub") {
		return nil
	}
	return fault.New(fault.Protocol, "protocol.userinfo", "the answer is about another subject than the id_token of the login").
		Hint("authctl logout -p %s && authctl login -p %s", p.Name, p.Name)
}
