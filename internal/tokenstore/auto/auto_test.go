package auto_test

import (
	"errors"
	"testing"

	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/auto"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/keyring/keyringtest"
	"github.com/authctl/authctl/internal/tokenstore/memory"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func over(t *testing.T, fake *keyringtest.Fake) (s *auto.Store, fell *int) {
	t.Helper()
	fell = new(int)
	return &auto.Store{
		First:  keyring.Open(keyring.Config{Backend: fake, Dir: t.TempDir()}),
		Second: memory.New(),
		Absent: keyring.ErrAbsent,
		Fell:   func() { *fell++ },
	}, fell
}

func TestEitherChoiceKeepsTheStoresPromises(t *testing.T) {
	for name, trouble := range map[string]error{"keyring": nil, "memory": keyring.ErrAbsent} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) tokenstore.Store {
				fake := &keyringtest.Fake{}
				fake.Fail(trouble)
				s, _ := over(t, fake)
				return s
			})
		})
	}
}

func TestAnAbsentKeyringIsPassedOverWithOneWarning(t *testing.T) {
	fake := &keyringtest.Fake{}
	fake.Fail(keyring.ErrAbsent)
	s, fell := over(t, fake)
	for range 3 {
		if _, err := s.Get(t.Context(), storetest.Key("ann")); !errors.Is(err, tokenstore.ErrNotFound) {
			t.Fatalf("Get = %v", err)
		}
	}
	if *fell != 1 || s.Place() != "memory" || fake.Calls() != 1 {
		t.Errorf("fell %d times to %s after %d calls", *fell, s.Place(), fake.Calls())
	}
}

func TestTroubleOfAKeyringThatExistsNeverDowngrades(t *testing.T) {
	for _, trouble := range []error{tokenstore.ErrLocked, tokenstore.ErrUnavailable} {
		fake := &keyringtest.Fake{}
		fake.Fail(trouble)
		s, fell := over(t, fake)
		if err := s.Put(t.Context(), storetest.Record("ann", 10)); !errors.Is(err, trouble) {
			t.Errorf("Put = %v", err)
		}
		fake.Fail(nil)
		if err := s.Put(t.Context(), storetest.Record("ann", 10)); err != nil || *fell != 0 || s.Place() != "keyring" {
			t.Errorf("Put after the trouble = %v, in %s", err, s.Place())
		}
	}
}

func TestAKeyringThatIsGoneMidwayNeverDowngrades(t *testing.T) {
	fake := &keyringtest.Fake{}
	s, fell := over(t, fake)
	if _, err := s.Get(t.Context(), storetest.Key("ann")); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Fatalf("Get = %v", err)
	}
	fake.Fail(keyring.ErrAbsent)
	if err := s.Put(t.Context(), storetest.Record("ann", 10)); !errors.Is(err, tokenstore.ErrUnavailable) || *fell != 0 {
		t.Errorf("Put = %v; fell %d times", err, *fell)
	}
}
