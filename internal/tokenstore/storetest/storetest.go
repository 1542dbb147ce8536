// Package storetest is the suite by which every store proves that it keeps the promises of [tokenstore.Store].
package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// Key makes an identity's key from a name.
func Key(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// Record makes a record with every field set, whose access token has the given length.
func Record(name string, tokenLen int) *tokenstore.Record {
	obtained := time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC)
	return &tokenstore.Record{
		Key: Key(name), Profile: name, Provider: "oauth2", Endpoint: "https://as.example.com/token",
		ClientID: "client <&> é", Subject: "ann", Scopes: []string{"read", "write"},
		AccessToken: secret.New(strings.Repeat("t", tokenLen)), TokenType: "Bearer",
		RefreshToken: secret.New("refresh-" + name), IDToken: secret.New("id-" + name), Scope: "read",
		ObtainedAt: obtained, ExpiresAt: obtained.Add(time.Hour),
		Login: "XYZ", Salt: []byte{0, 1, 0xff}, Binding: []byte{2, 0, 3}, Root: []byte{4, 0},
	}
}

// Run holds a store to its promises. Each call of open gives a store that is empty.
func Run(t *testing.T, open func(t *testing.T) tokenstore.Store) {
	cases := []struct {
		name string
		test func(t *testing.T, s tokenstore.Store)
	}{
		{"AnAbsentRecordIsNotFound", absent},
		{"WhatWasPutComesBackWhole", roundTrip},
		{"ARecordWithEmptyFieldsComesBackAsItWas", sparse},
		{"GiantTokensAreKept", giant},
		{"ARecordBeyondTheLimitIsRefusedAndTheOldOneStays", tooBig},
		{"PutReplaces", replace},
		{"ABigRecordMayShrinkAndGrow", resize},
		{"DeleteRemovesAndMayBeRepeated", remove},
		{"KeysThatShareAnAccountAreNeverMixedUp", sameAccount},
		{"WhatIsNoKeyIsNotFound", noKey},
		{"ListGivesWhatIsThere", list},
		{"LaterChangesOfARecordDoNotReachTheStore", aliasing},
		{"ManyMayUseItAtOnce", concurrent},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func put(t *testing.T, s tokenstore.Store, r *tokenstore.Record) {
	t.Helper()
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatalf("Put(%s): %v", r.Profile, err)
	}
}

func same(t *testing.T, s tokenstore.Store, want *tokenstore.Record) {
	t.Helper()
	got, err := s.Get(t.Context(), want.Key)
	if err != nil {
		t.Fatalf("Get(%s): %v", want.Profile, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("Get(%s) gave another record:\n got %+v\nwant %+v", want.Profile, got, want)
	}
}

func missing(t *testing.T, s tokenstore.Store, key string) {
	t.Helper()
	if r, err := s.Get(t.Context(), key); r != nil || !errors.Is(err, tokenstore.ErrNotFound) {
		t.Fatalf("Get of what is not there = %v, %v", r, err)
	}
}

func absent(t *testing.T, s tokenstore.Store) {
	missing(t, s, Key("nobody"))
	if records, err := s.List(t.Context()); err != nil || len(records) != 0 {
		t.Fatalf("List of an empty store = %d records, %v", len(records), err)
	}
	if s.Place() == "" {
		t.Fatal("a store must say where it is")
	}
}

func roundTrip(t *testing.T, s tokenstore.Store) {
	r := Record("ann", 1200)
	put(t, s, r)
	same(t, s, r)
}

func sparse(t *testing.T, s tokenstore.Store) {
	r := &tokenstore.Record{Key: Key("sparse"), AccessToken: secret.New("t"), Scopes: []string{}}
	put(t, s, r)
	same(t, s, r)
}

func giant(t *testing.T, s tokenstore.Store) {
	for _, n := range []int{2 << 10, 20 << 10, 64 << 10, 200 << 10} {
		r := Record("giant"+strconv.Itoa(n), n)
		put(t, s, r)
		same(t, s, r)
	}
}

func tooBig(t *testing.T, s tokenstore.Store) {
	old := Record("big", 10)
	put(t, s, old)
	err := s.Put(t.Context(), Record("big", tokenstore.MaxEncoded))
	if !errors.Is(err, tokenstore.ErrTooBig) || !fault.Is(err, fault.Store) {
		t.Fatalf("Put of a record that is too big = %v", err)
	}
	same(t, s, old)
}

func replace(t *testing.T, s tokenstore.Store) {
	put(t, s, Record("ann", 10))
	r := Record("ann", 20)
	r.RefreshToken = secret.String{}
	put(t, s, r)
	same(t, s, r)
}

func resize(t *testing.T, s tokenstore.Store) {
	for _, n := range []int{10, 100 << 10, 20, 90 << 10} {
		r := Record("ann", n)
		put(t, s, r)
		same(t, s, r)
	}
}

func remove(t *testing.T, s tokenstore.Store) {
	for _, n := range []int{10, 100 << 10} {
		r := Record("ann", n)
		put(t, s, r)
		for range 2 {
			if err := s.Delete(t.Context(), r.Key); err != nil {
				t.Fatalf("Delete: %v", err)
			}
		}
		missing(t, s, r.Key)
	}
	if records, err := s.List(t.Context()); err != nil || len(records) != 0 {
		t.Fatalf("List after Delete = %d records, %v", len(records), err)
	}
}

func sameAccount(t *testing.T, s tokenstore.Store) {
	for _, n := range []int{10, 100 << 10} {
		r := Record("ann", n)
		put(t, s, r)
		missing(t, s, r.Key[:32]+Key("other")[32:])
	}
}

func noKey(t *testing.T, s tokenstore.Store) {
	for _, key := range []string{"", "x", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("/", 64)} {
		missing(t, s, key)
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatalf("Delete(%q): %v", key, err)
		}
		if err := s.Put(t.Context(), &tokenstore.Record{Key: key}); err == nil {
			t.Fatalf("Put took the key %q", key)
		}
	}
}

func list(t *testing.T, s tokenstore.Store) {
	want := map[string]*tokenstore.Record{}
	for i, n := range []int{10, 2 << 10, 100 << 10} {
		r := Record("list"+strconv.Itoa(i), n)
		want[r.Key] = r
		put(t, s, r)
	}
	records, err := s.List(t.Context())
	if err != nil || len(records) != len(want) {
		t.Fatalf("List = %d records, %v", len(records), err)
	}
	for _, r := range records {
		if !reflect.DeepEqual(r, want[r.Key]) {
			t.Errorf("List gave another record of %s", r.Profile)
		}
	}
}

func aliasing(t *testing.T, s tokenstore.Store) {
	r := Record("ann", 10)
	put(t, s, r)
	r.Scopes[0], r.Salt[0] = "changed", 9
	same(t, s, Record("ann", 10))
}

func concurrent(t *testing.T, s tokenstore.Store) {
	const shared = "shared"
	put(t, s, Record(shared, 10))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			own := Record("own"+strconv.Itoa(i), 10+i)
			for n := range 5 {
				if err := s.Put(t.Context(), Record(shared, 10+n)); err != nil {
					t.Errorf("Put: %v", err)
				}
				if _, err := s.Get(t.Context(), Key(shared)); err != nil {
					t.Errorf("a record that was there was missing for a moment: %v", err)
				}
			}
			if err := s.Put(t.Context(), own); err != nil {
				t.Errorf("Put: %v", err)
			}
			if got, err := s.Get(t.Context(), own.Key); err != nil || !reflect.DeepEqual(got, own) {
				t.Errorf("Get of one's own = %v", err)
			}
		})
	}
	wg.Wait()
}
