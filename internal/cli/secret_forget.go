package cli

import (
	"context"
	"slices"

	"github.com/authctl/authctl/internal/auth"
)

// forgetTokensGotWith drops the tokens that were got with the old secret of a keyring account, so that the new one
// counts at once. Nothing to drop, or no way to look, is no failure of `secret set`.
func (g *globals) forgetTokensGotWith(ctx context.Context, account string) {
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
		keys := p.KeysOf(account)
		if len(keys) == 0 {
			continue
		}
		session, err := g.app.Session(p, o)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(keys, p.SaysWho) {
			_ = session.Forget(ctx)
			_ = g.forgetKept(ctx, o, session)
		} else {
			g.outdate(ctx, o, session)
		}
	}
}

// outdate ends the use of the session's access tokens. A refresh token beside one stays: it may be a person's login, or
// the only one that the server still takes.
func (g *globals) outdate(ctx context.Context, o Options, session *auth.Session) {
	store, err := g.app.Store(o)
	if err != nil {
		return
	}
	_ = store.Outdate(ctx, session.Identity.Key()) // which another profile's name may lie under
	records, _ := store.List(ctx)
	for _, r := range records {
		if isOf(session, r) {
			_ = store.Outdate(ctx, r.Key)
		}
	}
}
