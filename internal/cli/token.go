package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/tokenstore"
)

// TokenLister is a store as `token list` and `token forget --all` see it.
type TokenLister interface {
	List(ctx context.Context) ([]*tokenstore.Record, error)
	Delete(ctx context.Context, key string) error
	// Outdate takes a record's access token away, and the whole record where there is no refresh token beside it.
	Outdate(ctx context.Context, key string) error
	// DeleteUnlisted removes what List cannot read and may be read again some day, and says how many it were.
	DeleteUnlisted() (int, error)
	Place() string
}

func newToken(g *globals) *cobra.Command {
	return group("token", "Get, list, look at, revoke and forget tokens",
		"Get, list, look at, revoke and forget tokens. Only `token get` prints one.",
		"  authctl token get --profile tnco\n  authctl token list",
		newTokenGet(g), newTokenList(g), newTokenInspect(g), newTokenIntrospect(g), newTokenRevoke(g), newTokenForget(g))
}

func newTokenList(g *globals) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the stored tokens, without the tokens themselves",
		Long: "List the stored tokens: profile, provider, who logged in or else the user or client, scopes, how long they live and where\n" +
			"they lie. Never a token. A renewable one has a refresh token beside it.",
		Example: "  authctl token list\n" +
			"  authctl token list --format json",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runTokenList(cmd.Context(), format) },
	}
	addListFormat(cmd, &format)
	return cmd
}

func addListFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVar(format, "format", "table", "table or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

type tokenLine struct {
	Profile   string   `json:"profile"`
	Provider  string   `json:"provider"`
	Subject   string   `json:"subject"`
	Scopes    []string `json:"scopes"`
	ExpiresAt string   `json:"expires_at"`
	ExpiresIn int64    `json:"expires_in"`
	Renewable bool     `json:"renewable"`
	Storage   string   `json:"storage"`
}

func (g *globals) runTokenList(ctx context.Context, format string) error {
	if err := checkListFormat(format); err != nil {
		return err
	}
	o, err := g.options(ctx)
	if err != nil {
		return err
	}
	store, records, err := g.records(ctx, o)
	if err != nil {
		return err
	}
	rows := [][]string{{"PROFILE", "PROVIDER", "SUBJECT", "SCOPES", "EXPIRES IN", "STORAGE"}}
	lines := make([]tokenLine, 0, len(records))
	for _, r := range records {
		line := g.tokenLine(r, store.Place())
		lines = append(lines, line)
		left := "expired"
		if line.ExpiresIn > 0 {
			left = (time.Duration(line.ExpiresIn) * time.Second).String()
		}
		if line.Renewable {
			left += " (renewable)"
		}
		rows = append(rows, []string{line.Profile, line.Provider, line.Subject, strings.Join(line.Scopes, " "), left, line.Storage})
	}
	return g.app.listing(format, rows, lines)
}

func (g *globals) tokenLine(r *tokenstore.Record, place string) tokenLine {
	subject := cmp.Or(r.Subject, whoIn(r.IDToken), r.ClientID)
	scopes := r.Scopes
	if r.Scope != "" {
		scopes = strings.Fields(r.Scope)
	}
	return tokenLine{
		Profile: r.Profile, Provider: r.Provider, Subject: subject, Scopes: append([]string{}, scopes...),
		ExpiresAt: r.ExpiresAt.UTC().Format(time.RFC3339),
		ExpiresIn: int64(max(0, r.ExpiresAt.Sub(g.app.Clock())) / time.Second),
		Renewable: !r.RefreshToken.IsZero(), Storage: place,
	}
}

// records reads the chosen store, sorted by profile; --profile narrows it.
func (g *globals) records(ctx context.Context, o Options) (TokenLister, []*tokenstore.Record, error) {
	store, err := g.app.Store(o)
	if err != nil {
		return nil, nil, err
	}
	records, err := store.List(ctx)
	if err != nil {
		return nil, nil, tokenstore.Fault(err).Doing("listing the tokens in %s", store.Place())
	}
	if g.profile != "" {
		if records, err = g.narrowed(records, o); err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(records, func(a, b *tokenstore.Record) int {
		return strings.Compare(a.Profile+"\x00"+a.Key, b.Profile+"\x00"+b.Key)
	})
	return store, records, nil
}

// narrowed are the records of --profile: what lies under its name, and the token that it shares with another profile.
func (g *globals) narrowed(records []*tokenstore.Record, o Options) ([]*tokenstore.Record, error) {
	var shared string
	p, unknown := o.File.Choose(g.profile)
	if unknown == nil {
		if session, err := g.app.Session(p, o); err == nil {
			shared = session.Identity.Key()
		}
	}
	records = slices.DeleteFunc(records, func(r *tokenstore.Record) bool { return r.Profile != g.profile && r.Key != shared })
	// A profile that was removed may have left tokens; a name that nothing has is a mistake.
	if len(records) == 0 {
		return nil, unknown
	}
	return records, nil
}

func newTokenForget(g *globals) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "forget",
		Short: "Forget stored tokens",
		Long:  "Forget the profile's stored tokens, or all of them with --all. The server is not told: the tokens live on there until they expire.",
		Example: "  authctl token forget --profile tnco\n" +
			"  authctl token forget --all",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runTokenForget(cmd.Context(), all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "the tokens of all profiles")
	return cmd
}

func (g *globals) runTokenForget(ctx context.Context, all bool) error {
	if all && g.profile != "" {
		return usage("--all and --profile exclude each other")
	}
	if !all {
		return g.forgetChosen(ctx)
	}
	o, err := g.options(ctx)
	if err != nil {
		return err
	}
	store, records, err := g.records(ctx, o)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := store.Delete(ctx, r.Key); err != nil {
			return tokenstore.Fault(err).Doing("forgetting the token of %s in %s", r.Profile, store.Place())
		}
	}
	unlisted, err := store.DeleteUnlisted()
	if err != nil {
		return tokenstore.Fault(err).Doing("forgetting the tokens in %s", store.Place())
	}
	g.liftPauses(o)
	g.app.note("forgot %s", counted(len(records)+unlisted, "token"))
	return nil
}

// liftPauses forgets what the profiles' servers asked for. One of a profile that cannot be used has asked for nothing.
func (g *globals) liftPauses(o Options) {
	for _, p := range o.File.Profiles {
		if session, err := g.app.Session(p, o); err == nil {
			session.LiftPause()
		}
	}
}

// forgetChosen drops the profile's own token and those that flags such as --scope made for it.
func (g *globals) forgetChosen(ctx context.Context) error {
	o, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	session, err := g.app.Session(p, o)
	if err != nil {
		return err
	}
	if err := session.Forget(ctx); err != nil {
		return err
	}
	if err := g.forgetKept(ctx, o, session); err != nil {
		return err
	}
	g.app.note("forgot the tokens of %s", p.Name)
	return nil
}

// forgetKept drops the tokens that flags such as --scope made for the session's profile.
func (g *globals) forgetKept(ctx context.Context, o Options, session *auth.Session) error {
	store, err := g.app.Store(o)
	if err != nil {
		return err
	}
	records, err := store.List(ctx)
	if err != nil {
		return tokenstore.Fault(err).Doing("listing the tokens in %s", store.Place())
	}
	for _, r := range records {
		if !isOf(session, r) {
			continue
		}
		if err := store.Delete(ctx, r.Key); err != nil {
			return tokenstore.Fault(err).Doing("forgetting the token of %s in %s", r.Profile, store.Place())
		}
	}
	return nil
}

// isOf reports whether a record is the session's profile's. The name alone is not enough: another profiles.yaml, such as
// the sandbox's, may give it to another client of another server.
func isOf(s *auth.Session, r *tokenstore.Record) bool {
	return r.Profile == s.Profile && r.Provider == s.Provider && r.Endpoint == s.Identity.TokenEndpoint &&
		r.ClientID == s.Identity.ClientID
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
