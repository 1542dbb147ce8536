package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/memory"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestATokenIsForgottenAfterTheRequestThatIsUnderWay(t *testing.T) {
	store, record := memory.New(), storetest.Record("ann", 20)
	released := false
	lister := lister{Store: store, wait: func(ctx context.Context, name string) (func(), error) {
		if name != record.Key {
			t.Errorf("waits for %q", name)
		}
		return func() { released = true }, store.Put(ctx, record) // by who had the lock
	}}
	if err := lister.Delete(t.Context(), record.Key); err != nil || !released {
		t.Fatalf("%v, released: %v", err, released)
	}
	if _, err := store.Get(t.Context(), record.Key); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Fatalf("the token came back: %v", err)
	}
}

func TestATokenWhoseTurnDoesNotComeIsNotForgotten(t *testing.T) {
	store, record := memory.New(), storetest.Record("ann", 20)
	if err := store.Put(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	lister := lister{Store: store, wait: func(context.Context, string) (func(), error) { return nil, tokenstore.ErrTimedOut }}
	if err := lister.Delete(t.Context(), record.Key); !errors.Is(err, tokenstore.ErrTimedOut) {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), record.Key); err != nil {
		t.Fatal(err)
	}
}

func TestWhatLiesInTheSparePlaceIsListedAndForgottenAsWell(t *testing.T) {
	store, spare := memory.New(), memory.New()
	old, newest, alone := storetest.Record("ann", 20), storetest.Record("ann", 20), storetest.Record("bob", 20)
	newest.ObtainedAt = old.ObtainedAt.Add(time.Second)
	newest.Scope = "newest"
	if err := errors.Join(store.Put(t.Context(), old), spare.Put(t.Context(), newest), spare.Put(t.Context(), alone)); err != nil {
		t.Fatal(err)
	}
	lister := lister{Store: store, spare: spare}
	records, err := lister.List(t.Context())
	if err != nil || len(records) != 2 || records[0].Scope != "newest" || records[1].Key != alone.Key {
		t.Fatalf("%v, %v", records, err)
	}
	for _, r := range records {
		if err := lister.Delete(t.Context(), r.Key); err != nil {
			t.Fatal(err)
		}
	}
	if records, err := lister.List(t.Context()); err != nil || len(records) != 0 {
		t.Fatalf("%d are left, %v", len(records), err)
	}
}

func TestAnOutdatedTokenLeavesItsRefreshToken(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *tokenstore.Record)
		left   string
	}{
		"with a refresh token":    {func(*tokenstore.Record) {}, "refresh-ann id-ann"},
		"without one":             {func(r *tokenstore.Record) { r.RefreshToken = secret.String{} }, "none"},
		"a spent one's mark":      {func(r *tokenstore.Record) { r.AccessToken, r.RefreshToken = secret.String{}, secret.String{} }, " id-ann"},
		"a newer one, spare":      {func(r *tokenstore.Record) { r.RefreshToken = secret.New("newer") }, "newer id-ann"},
		"a newer one without one": {func(r *tokenstore.Record) { r.RefreshToken = secret.String{} }, "none"},
	} {
		store, spare := memory.New(), memory.New()
		l := lister{Store: store, spare: spare}
		record, place := storetest.Record("ann", 20), tokenstore.Store(store)
		if strings.HasPrefix(name, "a newer") {
			if err := store.Put(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			record.ObtainedAt, place = record.ObtainedAt.Add(time.Second), spare
		}
		c.change(record)
		if err := errors.Join(place.Put(t.Context(), record), l.Outdate(t.Context(), record.Key)); err != nil {
			t.Fatal(err)
		}
		left := "none"
		if records, _ := l.List(t.Context()); len(records) == 1 {
			r := records[0]
			left = r.AccessToken.Reveal() + r.RefreshToken.Reveal() + " " + r.IDToken.Reveal()
		}
		if left != c.left {
			t.Errorf("%s: %q is left", name, left)
		}
	}
}
