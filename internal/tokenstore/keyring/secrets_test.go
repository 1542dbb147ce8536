package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/keyring/keyringtest"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestTroubleWithASecretHintsAtNoStore(t *testing.T) {
	for name, trouble := range map[string]error{
		"locked": tokenstore.ErrLocked, "gone": keyring.ErrAbsent, "slow": tokenstore.ErrTimedOut, "whatever": errors.New("whatever"),
	} {
		fake := &keyringtest.Fake{}
		s, _ := open(t, fake, 1000)
		fake.Fail(trouble)
		_, getErr := s.Secrets().Get(t.Context(), "a")
		_, listErr := s.Secrets().List(t.Context())
		setErr := s.Secrets().Set(t.Context(), "a", secret.New("x"))
		for what, err := range map[string]error{"Get": getErr, "List": listErr, "Set": setErr, "Delete": s.Secrets().Delete(t.Context(), "a")} {
			hint := fault.From(err).HintText()
			if strings.Contains(hint, "--storage") || !strings.Contains(hint, "env:NAME, file:PATH or command:ARGV") {
				t.Errorf("%s: %s hints %q", name, what, hint)
			}
		}
	}
}

func TestSecretsAndTokensShareADeafKeyringsBudget(t *testing.T) {
	s := keyring.Open(keyring.Config{Backend: &keyringtest.Fake{Deaf: true}, Dir: t.TempDir(), Budget: 50 * time.Millisecond})
	_, _ = s.Secrets().Get(t.Context(), "a")
	if _, err := s.Get(t.Context(), storetest.Key("ann")); err == nil || !strings.Contains(err.Error(), "is not asked again") {
		t.Errorf("the store: %v", err)
	}
	if _, err := s.Secrets().List(t.Context()); err == nil || !strings.Contains(err.Error(), "is not asked again") {
		t.Errorf("other secrets: %v", err)
	}
}

func TestASecretLiesAsItIsUnderItsAccount(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, _ := open(t, fake, 2560)
	secrets := s.Secrets()
	if err := secrets.Set(t.Context(), "apic-password", secret.New("hünter2 ")); err != nil {
		t.Fatal(err)
	}
	if got := fake.Items()["apic-password"]; got != "hünter2 " {
		t.Errorf("the item holds %q", got)
	}
	fake.Plant("by-another-tool", "x")
	if got, err := secrets.Get(t.Context(), "by-another-tool"); err != nil || got.Reveal() != "x" {
		t.Errorf("Get = %v", err)
	}
}

func TestSecretsAreListedAndRemoved(t *testing.T) {
	s, _ := open(t, &keyringtest.Fake{}, 2560)
	secrets := s.Secrets()
	if names, err := secrets.List(t.Context()); err != nil || len(names) != 0 {
		t.Fatalf("List = %v, %v", names, err)
	}
	for _, account := range []string{"b", keyring.ProfileAccount("entra", "client_secret"), "b"} {
		if err := secrets.Set(t.Context(), account, secret.New("x")); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := secrets.List(t.Context()); err != nil || !slices.Equal(names, []string{"b", "entra/client_secret"}) {
		t.Fatalf("List = %v, %v", names, err)
	}
	if err := secrets.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Get(t.Context(), "b"); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Errorf("Get = %v", err)
	}
	if err := secrets.Delete(t.Context(), "b"); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Errorf("the second Delete = %v", err)
	}
	if names, err := secrets.List(t.Context()); err != nil || !slices.Equal(names, []string{"entra/client_secret"}) {
		t.Errorf("List = %v, %v", names, err)
	}
}

func TestAccountsThatAreNotTheUsersAreRefused(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, _ := open(t, fake, 2560)
	secrets := s.Secrets()
	token := storetest.Key("ann")[:32]
	for _, account := range []string{
		"", token, strings.ToUpper(token), "authctl.master-key", "AUTHCTL.accounts", " x", "x ", "a\nb", "a\x00b", "a\u202eb", "\xff", strings.Repeat("x", 129),
	} {
		_, getErr := secrets.Get(t.Context(), account)
		setErr := secrets.Set(t.Context(), account, secret.New("x"))
		for _, err := range []error{getErr, setErr, secrets.Delete(t.Context(), account)} {
			if !fault.Is(err, fault.Config) {
				t.Errorf("%q: %v", account, err)
			}
		}
	}
	if fake.Calls() != 0 {
		t.Errorf("the keyring was asked %d times", fake.Calls())
	}
}

func TestAnEmptyOrGiantSecretIsRefusedWithoutShowingIt(t *testing.T) {
	fake := &keyringtest.Fake{Limit: 2560}
	s, _ := open(t, fake, 2560)
	if err := s.Secrets().Set(t.Context(), "a", secret.String{}); !fault.Is(err, fault.Config) {
		t.Errorf("an empty secret: %v", err)
	}
	giant := strings.Repeat("giant", 600)
	err := s.Secrets().Set(t.Context(), "a", secret.New(giant))
	if !errors.Is(err, tokenstore.ErrTooBig) || !fault.Is(err, fault.Store) || strings.Contains(err.Error(), "giant") {
		t.Errorf("a giant secret: %v", err)
	}
	if len(fake.Items()) != 0 {
		t.Errorf("items %v", fake.Items())
	}
}

func TestAListThatIsFullRefusesOneMoreAndWritesNothing(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, _ := open(t, fake, 200)
	var err error
	for i := range 100 {
		if err = s.Secrets().Set(t.Context(), fmt.Sprintf("account-%02d", i), secret.New("x")); err != nil {
			break
		}
	}
	names, listErr := s.Secrets().List(t.Context())
	if !errors.Is(err, tokenstore.ErrTooBig) || listErr != nil || len(fake.Items()) != len(names)+1 {
		t.Errorf("%v, %v: %d names, %d items", err, listErr, len(names), len(fake.Items()))
	}
}

func TestADamagedListIsAnEmptyOne(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, _ := open(t, fake, 2560)
	for _, value := range []string{"", "N1.", "N1.e30", "garbage", "N1.!!"} {
		fake.Plant("authctl.accounts", value)
		if names, err := s.Secrets().List(t.Context()); err != nil || len(names) != 0 {
			t.Errorf("List of %q = %v, %v", value, names, err)
		}
	}
}

func TestManyWhoSetAtOnceAreAllListed(t *testing.T) {
	var mu sync.Mutex
	s := keyring.Open(keyring.Config{
		Backend: &keyringtest.Fake{}, Dir: t.TempDir(),
		Lock: func(context.Context, string) (func(), error) { mu.Lock(); return mu.Unlock, nil },
	})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := s.Secrets().Set(t.Context(), fmt.Sprint("account-", i), secret.New("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if names, err := s.Secrets().List(t.Context()); err != nil || len(names) != 20 {
		t.Errorf("%d names, %v", len(names), err)
	}
}
