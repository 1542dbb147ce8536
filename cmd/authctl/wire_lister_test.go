package main

import (
	"context"
	"errors"
	"testing"
	"time"

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
