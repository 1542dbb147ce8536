package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// Secrets are the values that a user keeps in the keyring under account names of their own. They lie there as they
// are, so that the platform's own tools can write them: service "authctl", username the account.
type Secrets struct {
	store *Store
	items *guard
}

// Secrets gives the users' secrets of the same keyring.
func (s *Store) Secrets() *Secrets {
	items := *s.items
	items.instead = otherPlace
	return &Secrets{store: s, items: &items}
}

// Get reads an account's secret; [tokenstore.ErrNotFound] where there is none.
func (s *Secrets) Get(ctx context.Context, account string) (secret.String, error) {
	if err := checkAccount(account); err != nil {
		return secret.String{}, err
	}
	value, err := s.items.Get(ctx, account)
	return secret.New(value), err
}

// Set writes an account's secret, and its name to the list.
func (s *Secrets) Set(ctx context.Context, account string, value secret.String) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	text := value.Reveal()
	if text == "" {
		return fault.New(fault.Config, "config.secret_empty", "the secret for the keyring account %q is empty", account)
	}
	if len(text) > s.store.limit {
		return fault.New(fault.Store, "store.too_big", "a secret of %d bytes: %w, which takes %d", len(text), tokenstore.ErrTooBig, s.store.limit).
			Hint("keep it in a file that only you can read, and refer to it: file:PATH")
	}
	return s.changeNames(ctx, func(names []string) []string { return append(names, account) }, func() error {
		return s.items.Set(ctx, account, text)
	})
}

// Delete removes an account's secret; [tokenstore.ErrNotFound] where there is none.
func (s *Secrets) Delete(ctx context.Context, account string) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	without := func(names []string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return n == account })
	}
	return s.changeNames(ctx, without, func() error { return s.items.Delete(ctx, account) })
}

// List names the accounts that Set wrote, sorted. Those that another tool wrote are not known.
func (s *Secrets) List(ctx context.Context) ([]string, error) {
	value, err := s.items.Get(ctx, namesAccount)
	if err != nil && !errors.Is(err, tokenstore.ErrNotFound) {
		return nil, err
	}
	return namesIn(unwrap(namesPrefix, value)), nil
}

// namesIn reads the list; one that cannot be read is made anew by the next Set.
func namesIn(list []byte) []string {
	var names []string
	_ = json.Unmarshal(list, &names)
	return names
}

// changeNames writes the list of names and then does what the list will say, all under one lock. The list comes first
// since a name too many is harmless.
func (s *Secrets) changeNames(ctx context.Context, change func([]string) []string, do func() error) error {
	unlock, err := s.store.lock(ctx, "keyring accounts")
	if err != nil {
		return err
	}
	defer unlock()
	before, err := s.List(ctx)
	if err != nil {
		return err
	}
	after := change(slices.Clone(before))
	slices.Sort(after)
	after = slices.Compact(after)
	if !slices.Equal(before, after) {
		if err := s.writeNames(ctx, after); err != nil {
			return err
		}
	}
	return do()
}

func (s *Secrets) writeNames(ctx context.Context, names []string) error {
	text, err := json.Marshal(names)
	if err != nil {
		return fmt.Errorf("write the list of accounts: %w", err)
	}
	value := wrap(namesPrefix, text)
	if len(value) > s.store.limit {
		return fault.New(fault.Store, "store.too_big", "the list of %d accounts: %w", len(names), tokenstore.ErrTooBig).
			Hint("remove accounts that are not used: authctl secret remove")
	}
	return s.items.Set(ctx, namesAccount, value)
}
