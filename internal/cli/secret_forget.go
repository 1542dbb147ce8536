package cli

import (
	"context"
	"strings"

	"github.com/authctl/authctl/internal/profile"
)

// usesSecret tells the profiles that read a keyring account.
type usesSecret func(*profile.Profile) bool

// readersOf are the profiles that name the account, and the one whose own it is.
func readersOf(account string) usesSecret {
	return func(p *profile.Profile) bool {
		return p.RefersToKeyring(account) || strings.HasPrefix(account, profile.Account(p.Name, ""))
	}
}

// forgetTokensGotWith drops the tokens of the profiles that used the old secret, so that the new one counts at once.
// Nothing to drop, or no way to look, is no failure of `secret set`.
func (g *globals) forgetTokensGotWith(ctx context.Context, uses usesSecret) {
	path, err := g.app.Loader.Path(g.config)
	if err != nil {
		return
	}
	o := g.bareOptions()
	if o.File, err = g.app.Loader.Load(ctx, path); err != nil {
		return
	}
	if o.Storage == "" {
		o.Storage = o.File.Storage
	}
	for _, p := range o.File.Profiles {
		if !uses(p) {
			continue
		}
		if session, err := g.app.Session(p, o); err == nil {
			_ = session.Forget(ctx)
			_ = g.forgetKept(ctx, o, session)
		}
	}
}
