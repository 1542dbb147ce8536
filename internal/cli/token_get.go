package cli

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

type tokenGetOptions struct {
	format string
	want   auth.Want
	narrow narrowing
}

// narrowing is what flags add to the profile for one token: another identity, with a token of its own.
type narrowing struct {
	scopes, audience, resources, params []string
}

func newTokenGet(g *globals) *cobra.Command {
	var o tokenGetOptions
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Print a valid access token",
		Long: "Print a valid access token on stdout: the stored one while it lives, else a new one. Processes that need the same\n" +
			"new token make one token request together.",
		Example: "  TOKEN=$(authctl token get --profile tnco)\n" +
			"  authctl token get --profile entra --format json --min-ttl 10m",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runTokenGet(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "raw", "raw, json, header or exec-credential (Kubernetes)")
	f.DurationVar(&o.want.MinTTL, "min-ttl", 0, "how long the token must live at least, such as 5m")
	f.BoolVar(&o.want.ForceRefresh, "force-refresh", false, "get a new token even if the stored one lives")
	f.BoolVar(&o.want.NoCache, "no-cache", false, "neither read nor write the store")
	o.narrow.addFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("format",
		cobra.FixedCompletions([]string{"raw", "json", "header", "exec-credential"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (n *narrowing) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&n.scopes, "scope", nil, "ask for this scope instead of the profile's (repeatable, or blank-separated)")
	f.StringArrayVar(&n.audience, "audience", nil, "ask for this audience instead of the profile's (repeatable)")
	f.StringArrayVar(&n.resources, "resource", nil, "ask for this resource (RFC 8707) instead of the profile's (repeatable)")
	f.StringArrayVar(&n.params, "param", nil, "add name=value to the token request (repeatable)")
}

func (n *narrowing) isNone() bool {
	return len(n.scopes)+len(n.audience)+len(n.resources)+len(n.params) == 0
}

// explain is for a login that is missing: one with `authctl login` would be for what the profile asks for.
func (n *narrowing) explain(err error) error {
	e := fault.From(err)
	if n.isNone() || e.Code != "auth.login_required" {
		return err
	}
	e.Hints = []string{"a login is for what the profile says: leave out --scope, --audience, --resource and --param, or add a profile that says them"}
	return e
}

// apply gives the profile as the flags want it, checked like one from the file.
func (n *narrowing) apply(a *App, p *profile.Profile) (*profile.Profile, error) {
	if n.isNone() {
		return p, nil
	}
	c := *p
	if len(n.scopes) > 0 {
		c.Scopes = strings.Fields(strings.Join(n.scopes, " "))
	}
	if len(n.audience) > 0 {
		c.Audience = n.audience
	}
	if len(n.resources) > 0 {
		c.Resources = n.resources
	}
	for _, param := range n.params {
		name, value, ok := strings.Cut(param, "=")
		if !ok || name == "" {
			return nil, usage("--param wants name=value")
		}
		c.Params = append(c.Params[:len(c.Params):len(c.Params)], profile.Param{Name: name, Value: value})
	}
	return &c, a.Loader.Recheck(&c)
}

func (g *globals) runTokenGet(ctx context.Context, o *tokenGetOptions) error {
	render, err := g.tokenFormat(o.format)
	if err != nil {
		return err
	}
	if o.want.MinTTL < 0 {
		return usage("--min-ttl is a positive duration such as 5m")
	}
	opts, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	if o.format == "exec-credential" && p.DPoP.On {
		return usage("a token of a profile with dpop is of no use without its key, which a credential plugin cannot hand over").
			Hint("authctl call -p %s /path", p.Name).Hint("authctl proxy -p %s", p.Name)
	}
	if p, err = o.narrow.apply(g.app, p); err != nil {
		return err
	}
	opts.NoCache = o.want.NoCache
	session, err := g.app.Session(p, opts)
	if err != nil {
		return err
	}
	answer, err := session.Token(ctx, o.want)
	if err != nil {
		return o.narrow.explain(err)
	}
	if err := fitsFormat(o.format, answer.Token.TokenType); err != nil {
		return err
	}
	return writeOut(g.app.IO.Out, render(p, answer))
}

// fitsFormat keeps what is no access token (RFC 8693 section 2.2.1) out of the forms that pass for one.
func fitsFormat(format, tokenType string) error {
	if tokenType == "N_A" && (format == "header" || format == "exec-credential") {
		return fault.New(fault.Protocol, "protocol.token_type", "the server says that this is no access token (token_type N_A)").
			Hint("--format raw prints it all the same")
	}
	return nil
}

type renderToken func(*profile.Profile, *auth.Answer) []byte

func (g *globals) tokenFormat(name string) (renderToken, error) {
	switch name {
	case "raw":
		return func(_ *profile.Profile, a *auth.Answer) []byte { return []byte(a.Token.AccessToken.Reveal() + "\n") }, nil
	case "header":
		return func(_ *profile.Profile, a *auth.Answer) []byte {
			return []byte("Authorization: " + scheme(a.Token.TokenType) + " " + a.Token.AccessToken.Reveal() + "\n")
		}, nil
	case "json":
		return g.tokenJSON, nil
	case "exec-credential":
		return g.execCredential, nil
	}
	return nil, usage("--format is raw, json, header or exec-credential")
}

// scheme is how a token of the type is sent (RFC 6750 section 2.1, RFC 9449 section 7.1).
func scheme(tokenType string) string {
	if strings.EqualFold(tokenType, "DPoP") {
		return "DPoP"
	}
	return "Bearer"
}

func (g *globals) tokenJSON(p *profile.Profile, a *auth.Answer) []byte {
	source := "network"
	if a.FromCache {
		source = "cache"
	}
	scope := a.Token.Scope
	if scope == "" {
		scope = strings.Join(p.Scopes, " ") // RFC 6749 section 5.1: omitted where it is what was asked for
	}
	return inert(marshalLine(struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresAt   string `json:"expires_at"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
		Profile     string `json:"profile"`
		Provider    string `json:"provider"`
		Source      string `json:"source"`
	}{
		a.Token.AccessToken.Reveal(), a.Token.TokenType, a.Token.ExpiresAt.UTC().Format(time.RFC3339),
		int64(max(0, a.Token.ExpiresAt.Sub(g.app.Clock())) / time.Second), scope, p.Name, p.Provider, source,
	}))
}

// execCredential is the reply of a Kubernetes client-go credential plugin, in the API version that the client names
// in KUBERNETES_EXEC_INFO (v1 where it names none).
func (g *globals) execCredential(_ *profile.Profile, a *auth.Answer) []byte {
	version := "client.authentication.k8s.io/v1"
	if info, ok := g.app.Getenv("KUBERNETES_EXEC_INFO"); ok {
		var asked struct {
			APIVersion string `json:"apiVersion"`
		}
		if json.Unmarshal([]byte(info), &asked) == nil && asked.APIVersion == "client.authentication.k8s.io/v1beta1" {
			version = asked.APIVersion
		}
	}
	type status struct {
		ExpirationTimestamp string `json:"expirationTimestamp"`
		Token               string `json:"token"`
	}
	return marshalLine(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Status     status `json:"status"`
	}{version, "ExecCredential", status{a.Token.ExpiresAt.UTC().Format(time.RFC3339), a.Token.AccessToken.Reveal()}})
}
