package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func newTokenIntrospect(g *globals) *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "introspect [-]",
		Short: "Ask the server what it thinks of a token",
		Long: "Ask the profile's introspection endpoint (RFC 7662) about the stored access token, or about the one on standard input\n" +
			"with `-`, and print the server's JSON. No token is got for it. A token that is not active is no failure.",
		Example: "  authctl token introspect --profile sso\n" +
			"  authctl token get -p sso | authctl token introspect -p api -",
		Args: stdinOrNothing, ValidArgs: []string{"-"},
		RunE: func(cmd *cobra.Command, args []string) error { return g.runTokenIntrospect(cmd.Context(), kind, args) },
	}
	addTokenType(cmd, &kind, "which stored token is meant, and the hint that is sent: access_token or refresh_token")
	return cmd
}

func newTokenRevoke(g *globals) *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "revoke [-]",
		Short: "End tokens at the server, then forget them",
		Long: "Revoke the profile's stored refresh token and access token at its revocation endpoint (RFC 7009), then forget both; a\n" +
			"server that refuses or cannot be reached leaves them as they are. With `-`, revoke the token on standard input.",
		Example: "  authctl token revoke --profile sso\n" +
			"  pass show leaked-token | authctl token revoke -p sso -",
		Args: stdinOrNothing, ValidArgs: []string{"-"},
		RunE: func(cmd *cobra.Command, args []string) error { return g.runTokenRevoke(cmd.Context(), kind, args) },
	}
	addTokenType(cmd, &kind, "the hint that is sent with -: access_token or refresh_token")
	return cmd
}

func addTokenType(cmd *cobra.Command, kind *string, usage string) {
	cmd.Flags().StringVar(kind, "token-type", "", usage)
	_ = cmd.RegisterFlagCompletionFunc("token-type",
		cobra.FixedCompletions([]string{"access_token", "refresh_token"}, cobra.ShellCompDirectiveNoFileComp))
}

// stdinOrNothing takes - alone: a token never belongs on the command line.
func stdinOrNothing(cmd *cobra.Command, args []string) error {
	if len(args) > 1 || len(args) == 1 && args[0] != "-" {
		return usage("%s takes the stored token, or standard input with -; a token never belongs on the command line", cmd.CommandPath()).
			Hint("authctl token get | %s -", cmd.CommandPath())
	}
	return nil
}

func (g *globals) runTokenIntrospect(ctx context.Context, kind string, args []string) error {
	_, session, about, err := g.subject(ctx, kind, args)
	if err != nil {
		return err
	}
	reply, err := session.Introspect(ctx, about)
	if err != nil {
		return err
	}
	return g.app.answer(append(reply, '\n'))
}

func (g *globals) runTokenRevoke(ctx context.Context, kind string, args []string) error {
	if kind != "" && len(args) == 0 {
		return usage("--token-type is the hint for a token on standard input; without - both stored tokens are revoked").
			Hint("authctl token revoke")
	}
	p, session, about, err := g.subject(ctx, kind, args)
	if err != nil {
		return err
	}
	if err := session.Revoke(ctx, about); err != nil {
		return err
	}
	if len(args) == 0 {
		g.app.note("%s: revoked and forgot its tokens", p.Name)
	} else {
		g.app.note("%s: revoked the token", p.Name)
	}
	return nil
}

// subject is what a command is about: the stored token, or one that is piped in.
func (g *globals) subject(ctx context.Context, kind string, args []string) (*profile.Profile, *auth.Session, auth.Subject, error) {
	about := auth.Subject{Hint: kind}
	if kind != "" && kind != "access_token" && kind != "refresh_token" {
		return nil, nil, about, usage("--token-type is access_token or refresh_token")
	}
	p, session, err := g.session(ctx)
	if err == nil && len(args) == 1 {
		about.Token, err = g.pipedToken(ctx)
	}
	return p, session, about, err
}

// pipedToken reads a token off standard input.
func (g *globals) pipedToken(ctx context.Context) (secret.String, error) {
	data, err := g.app.IO.ReadAll(ctx, 1<<20)
	if err != nil && ctx.Err() != nil {
		return secret.String{}, ctx.Err()
	}
	if err != nil {
		return secret.String{}, fault.New(fault.IO, "io.stdin", "%w", err).Doing("reading the token from standard input")
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return secret.String{}, usage("there is no token on standard input").Hint("authctl token get | authctl token introspect -")
	}
	token := secret.New(text)
	g.app.Mask.Add(token)
	return token, nil
}
