package main

import (
	"context"
	"errors"
	"testing"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/memory"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestATokenIsForgottenAfterTheRequestThatIsUnderWay(t *testing.T) {
	store, record := memory.New(), storetest.Record("ann", 20)
	released := false
	lister := inTurn{store, func(ctx context.Context, name string) (func(), error) {
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
	lister := inTurn{store, func(context.Context, string) (func(), error) { return nil, tokenstore.ErrTimedOut }}
	if err := lister.Delete(t.Context(), record.Key); !errors.Is(err, tokenstore.ErrTimedOut) {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), record.Key); err != nil {
		t.Fatal(err)
	}
}
