package keyring_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/keyring/keyringtest"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func open(t *testing.T, fake *keyringtest.Fake, limit int) (*keyring.Store, string) {
	t.Helper()
	dir := t.TempDir()
	return keyring.Open(keyring.Config{Backend: fake, Dir: dir, Limit: limit}), dir
}

func put(t *testing.T, s tokenstore.Store, r *tokenstore.Record) {
	t.Helper()
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func TestTroubleIsNeverNotFoundAndExits10(t *testing.T) {
	for name, c := range map[string]struct {
		err, want error
		code      string
	}{
		"locked":   {tokenstore.ErrLocked, tokenstore.ErrLocked, "store.locked"},
		"gone":     {keyring.ErrAbsent, tokenstore.ErrUnavailable, "store.unavailable"},
		"slow":     {tokenstore.ErrTimedOut, tokenstore.ErrTimedOut, "store.timeout"},
		"too big":  {tokenstore.ErrTooBig, tokenstore.ErrTooBig, "store.too_big"},
		"whatever": {errors.New("whatever"), nil, "store.unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &keyringtest.Fake{}
			s, _ := open(t, fake, 1000)
			r := storetest.Record("ann", 10)
			put(t, s, r)
			fake.Fail(c.err)
			_, getErr := s.Get(t.Context(), r.Key)
			s2 := keyring.Open(keyring.Config{Backend: fake, Dir: t.TempDir()})
			for what, err := range map[string]error{"Get": getErr, "Put": s2.Put(t.Context(), r)} {
				e := fault.From(err)
				if errors.Is(err, tokenstore.ErrNotFound) || e.Kind != fault.Store || e.Code != c.code || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("%s = %v (%s)", what, err, e.CodeOrKind())
				}
				if c.code != "store.too_big" && !strings.Contains(e.HintText(), "--storage file") {
					t.Errorf("%s hints %q", what, e.HintText())
				}
			}
			if _, err := s.List(t.Context()); err == nil {
				t.Error("List hid the trouble")
			}
			if err := s.Delete(t.Context(), r.Key); err == nil {
				t.Error("Delete hid the trouble")
			}
			if len(fake.Items()) != 1 {
				t.Error("trouble lost a record")
			}
		})
	}
}

func TestADeafKeyringCostsItsBudgetOnce(t *testing.T) {
	s := keyring.Open(keyring.Config{Backend: &keyringtest.Fake{Deaf: true}, Dir: t.TempDir(), Budget: 50 * time.Millisecond})
	start := time.Now()
	for range 5 {
		_, err := s.Get(t.Context(), storetest.Key("ann"))
		if !errors.Is(err, tokenstore.ErrTimedOut) || !fault.Is(err, fault.Store) || !fault.From(err).Retryable {
			t.Fatalf("Get = %v", err)
		}
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("five calls took %v", took)
	}
}

func TestWithoutAPersonTheBudgetIsBelow3Seconds(t *testing.T) {
	t.Parallel()
	s := keyring.Open(keyring.Config{Backend: &keyringtest.Fake{Deaf: true}, Dir: t.TempDir(), Notice: func(string) { t.Error("a notice to nobody") }})
	start := time.Now()
	if _, err := s.Get(t.Context(), storetest.Key("ann")); !errors.Is(err, tokenstore.ErrTimedOut) {
		t.Fatalf("Get = %v", err)
	}
	if took := time.Since(start); took > 2500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

func TestAPersonIsToldAfterASecondAndCanSkip(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var notices []string
	s := keyring.Open(keyring.Config{
		Backend: &keyringtest.Fake{Deaf: true}, Dir: t.TempDir(), Interactive: true,
		Notice: func(text string) { notices = append(notices, text); cancel() },
	})
	_, err := s.Get(ctx, storetest.Key("ann"))
	if !errors.Is(err, context.Canceled) || fault.From(err).Kind != fault.Canceled {
		t.Errorf("Get = %v", err)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "Ctrl-C") {
		t.Errorf("notices %q", notices)
	}
}

type panicking struct{ keyring.Backend }

func (panicking) Get(context.Context, string) (string, error) { panic("index out of range") }

func TestAPanicOfAKeyringLibraryIsAnError(t *testing.T) {
	s := keyring.Open(keyring.Config{Backend: panicking{}, Dir: t.TempDir()})
	if _, err := s.Get(t.Context(), storetest.Key("ann")); !errors.Is(err, tokenstore.ErrUnavailable) {
		t.Errorf("Get = %v", err)
	}
}

func TestADamagedItemIsAMiss(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, _ := open(t, fake, 64<<10)
	r := storetest.Record("ann", 100)
	put(t, s, r)
	account := r.Key[:32]
	good := fake.Items()[account]
	for _, value := range []string{
		"", "A1.", "A2." + good[3:], good[:len(good)-1], good + "A", good[3:], strings.Replace(good, "A", "B", 1), "A1>sealed", "{}", "\xff\x00", good[:50] + "!" + good[51:],
	} {
		fake.Plant(account, value)
		if _, err := s.Get(t.Context(), r.Key); !errors.Is(err, tokenstore.ErrNotFound) {
			t.Errorf("Get of %.20q = %v", value, err)
		}
		if records, err := s.List(t.Context()); err != nil || len(records) != 0 {
			t.Errorf("List with %.20q = %d, %v", value, len(records), err)
		}
	}
}

func TestWhatExceedsTheLimitLiesSealedAndOnlyItsKeyInTheKeyring(t *testing.T) {
	fake := &keyringtest.Fake{Limit: 2560}
	s, dir := open(t, fake, 2560)
	r := storetest.Record("ann", 20<<10)
	put(t, s, r)
	items := fake.Items()
	if items[r.Key[:32]] != "A1>sealed" || !strings.HasPrefix(items["authctl.master-key"], "K1.") || len(items) != 2 {
		t.Fatalf("items %v", items)
	}
	file := filepath.Join(dir, "keyring", "v1", r.Key[:32]+".tok")
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	again := keyring.Open(keyring.Config{Backend: fake, Dir: dir, Limit: 2560})
	if got, err := again.Get(t.Context(), r.Key); err != nil || got.AccessToken.Reveal() != r.AccessToken.Reveal() {
		t.Fatalf("another process reads %v", err)
	}
	put(t, s, storetest.Record("ann", 10))
	if _, err := os.Stat(file); err == nil {
		t.Error("the file stayed when the record fitted again")
	}
}

func TestALostMasterKeyIsAMissAndIsMadeAnew(t *testing.T) {
	fake := &keyringtest.Fake{}
	r := storetest.Record("ann", 20<<10)
	s, dir := open(t, fake, 2560)
	put(t, s, r)
	for _, value := range []string{"", "K1.short", "garbage"} {
		fake.Plant("authctl.master-key", value)
		again := keyring.Open(keyring.Config{Backend: fake, Dir: dir, Limit: 2560})
		if _, err := again.Get(t.Context(), r.Key); !errors.Is(err, tokenstore.ErrNotFound) {
			t.Fatalf("Get with the master key %q = %v", value, err)
		}
		put(t, again, r)
		if _, err := again.Get(t.Context(), r.Key); err != nil {
			t.Fatal(err)
		}
	}
}

func TestValuesAreTextThatEveryKeyringTakes(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, _ := open(t, fake, 2560)
	put(t, s, storetest.Record("small", 100))
	put(t, s, storetest.Record("big", 20<<10))
	for account, value := range fake.Items() {
		if strings.ContainsFunc(account+value, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%s = %q", account, value)
		}
	}
}

func TestAnIndexThatCannotBeWrittenLosesNoToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := keyring.Open(keyring.Config{Backend: &keyringtest.Fake{}, Dir: file})
	r := storetest.Record("ann", 10)
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), r.Key); err != nil {
		t.Fatal(err)
	}
}
