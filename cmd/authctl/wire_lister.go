package main

import (
	"context"
	"errors"
	"slices"

	"github.com/authctl/authctl/internal/cli"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

func (w *wiring) lister(o cli.Options) (cli.TokenLister, error) {
	store, locks, err := w.store(o)
	if err != nil {
		return nil, err
	}
	l := lister{Store: store, spare: w.spare(o)}
	if locks != nil {
		l.wait = w.locks.Lock
	}
	return l, nil
}

// lister is a store and its spare place as one. It lets a token request that is under way come to its end before the
// token is forgotten: it would bring the token back.
type lister struct {
	tokenstore.Store
	spare tokenstore.Store                                                  // nil: there is none
	wait  func(ctx context.Context, name string) (unlock func(), err error) // nil: no other process shares the store
}

// List implements [cli.TokenLister]. A spare record that cannot be read is never used either.
func (l lister) List(ctx context.Context) ([]*tokenstore.Record, error) {
	var spared []*tokenstore.Record
	if l.spare != nil {
		spared, _ = l.spare.List(ctx) // first, since another process may move them to the store meanwhile
	}
	records, err := l.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range spared {
		i := slices.IndexFunc(records, func(r *tokenstore.Record) bool { return r.Key == s.Key })
		if i < 0 {
			records = append(records, s)
		} else {
			records[i] = tokenstore.Newer(records[i], s)
		}
	}
	return records, nil
}

// Delete implements [cli.TokenLister].
func (l lister) Delete(ctx context.Context, key string) error {
	unlock, err := l.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	return l.drop(ctx, key)
}

// Outdate implements [cli.TokenLister]. A record without an access token says that the refresh token was spent, or was
// outdated before.
func (l lister) Outdate(ctx context.Context, key string) error {
	unlock, err := l.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := l.newest(ctx, key)
	switch {
	case err != nil || r == nil || r.AccessToken.IsZero():
		return err
	case r.RefreshToken.IsZero():
		return l.drop(ctx, key)
	}
	r.AccessToken, r.ExpiresAt = secret.String{}, r.ObtainedAt
	return l.Put(ctx, r) // it overrules what lies in the spare place
}

// newest is a key's record, nil where there is none.
func (l lister) newest(ctx context.Context, key string) (*tokenstore.Record, error) {
	var spared *tokenstore.Record
	if l.spare != nil {
		spared, _ = l.spare.Get(ctx, key)
	}
	r, err := l.Get(ctx, key)
	if err != nil && !errors.Is(err, tokenstore.ErrNotFound) {
		return nil, err
	}
	return tokenstore.Newer(r, spared), nil
}

// drop forgets, with the lock in hand.
func (l lister) drop(ctx context.Context, key string) error {
	err := l.Store.Delete(ctx, key)
	if l.spare != nil {
		err = errors.Join(err, l.spare.Delete(ctx, key))
	}
	return err
}

// DeleteUnlisted implements [cli.TokenLister], once what is listed has gone. Other places than files keep nothing that
// they do not list.
func (l lister) DeleteUnlisted() (removed int, err error) {
	for _, place := range []tokenstore.Store{l.Store, l.spare} {
		files, ok := place.(interface{ DeleteAll() (int, error) })
		if !ok {
			continue
		}
		n, err := files.DeleteAll()
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (l lister) lock(ctx context.Context, key string) (unlock func(), err error) {
	if l.wait == nil {
		return func() {}, nil
	}
	return l.wait(ctx, key)
}
