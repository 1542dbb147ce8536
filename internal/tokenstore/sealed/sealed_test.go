package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func fileOf(dir, key string) string { return filepath.Join(dir, "v1", key[:32]+".tok") }

func put(t *testing.T, s tokenstore.Store, r *tokenstore.Record) {
	t.Helper()
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func isMiss(t *testing.T, s tokenstore.Store, key string) {
	t.Helper()
	if r, err := s.Get(t.Context(), key); !errors.Is(err, tokenstore.ErrNotFound) || r != nil {
		t.Fatalf("Get = %v, %v", r, err)
	}
}

func TestAnyFlippedBitOfAFileIsAMissAndPutRepairsIt(t *testing.T) {
	dir := t.TempDir()
	s := sealed.Open(dir, fixed(1))
	r := storetest.Record("ann", 20)
	put(t, s, r)
	whole, err := os.ReadFile(fileOf(dir, r.Key))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(fileOf(dir, r.Key), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		isMiss(t, s, r.Key)
	}
	for _, n := range []int{0, 1, 8, 100, len(whole) - 1} {
		if err := os.WriteFile(fileOf(dir, r.Key), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		isMiss(t, s, r.Key)
		if records, err := s.List(t.Context()); err != nil || len(records) != 0 {
			t.Fatalf("List = %d, %v", len(records), err)
		}
	}
	put(t, s, r)
	if _, err := s.Get(t.Context(), r.Key); err != nil {
		t.Fatal(err)
	}
}

func TestASwappedFileIsAMiss(t *testing.T) {
	dir := t.TempDir()
	s := sealed.Open(dir, fixed(1))
	ann, bob := storetest.Record("ann", 20), storetest.Record("bob", 20)
	put(t, s, ann)
	put(t, s, bob)
	if err := os.Rename(fileOf(dir, ann.Key), fileOf(dir, bob.Key)); err != nil {
		t.Fatal(err)
	}
	isMiss(t, s, bob.Key)
	if records, err := s.List(t.Context()); err != nil || len(records) != 0 {
		t.Fatalf("List gives %d records, %v", len(records), err)
	}
}

func TestAnotherKeyReadsNothingAndDestroysNothing(t *testing.T) {
	dir := t.TempDir()
	r := storetest.Record("ann", 20)
	put(t, sealed.Open(dir, fixed(1)), r)
	isMiss(t, sealed.Open(dir, fixed(2)), r.Key)
	if _, err := sealed.Open(dir, fixed(1)).Get(t.Context(), r.Key); err != nil {
		t.Fatalf("the right key reads no more: %v", err)
	}
}

func TestNothingOfARecordIsReadableInItsFile(t *testing.T) {
	dir := t.TempDir()
	r := storetest.Record("profile-name", 20)
	r.AccessToken, r.Subject = secret.New("access-token-text"), "subject-text"
	put(t, sealed.Open(dir, fixed(1)), r)
	data, err := os.ReadFile(fileOf(dir, r.Key))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"access-token-text", "subject-text", "profile-name", "refresh-", "example.com", "Bearer"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("the file holds %q", word)
		}
	}
	again := t.TempDir()
	put(t, sealed.Open(again, fixed(1)), r)
	if other, err := os.ReadFile(fileOf(again, r.Key)); err != nil || bytes.Equal(other[:40], data[:40]) {
		t.Errorf("two files share a salt: %v", err)
	}
}

func TestAReadTouchesNothingAndAsksForNoKeyInVain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "absent")
	s := sealed.Open(dir, func(context.Context) ([]byte, error) {
		t.Error("the key was asked for")
		return nil, errors.New("no key")
	})
	isMiss(t, s, storetest.Key("ann"))
	if _, err := s.List(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), storetest.Key("ann")); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestTheKeyIsAskedForOnce(t *testing.T) {
	asked := 0
	s := sealed.Open(t.TempDir(), func(context.Context) ([]byte, error) {
		asked++
		return make([]byte, sealed.KeyLen), nil
	})
	for range 3 {
		put(t, s, storetest.Record("ann", 20))
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAKeyThatCannotBeHadStopsPutAndGet(t *testing.T) {
	dir := t.TempDir()
	r := storetest.Record("ann", 20)
	put(t, sealed.Open(dir, fixed(1)), r)
	boom := errors.New("boom")
	s := sealed.Open(dir, func(context.Context) ([]byte, error) { return nil, boom })
	_, getErr := s.Get(t.Context(), r.Key)
	_, listErr := s.List(t.Context())
	for what, err := range map[string]error{
		"Get": getErr, "List": listErr, "Put": s.Put(t.Context(), r), "CheckKey": s.CheckKey(t.Context()),
	} {
		if !errors.Is(err, boom) {
			t.Errorf("%s = %v", what, err)
		}
	}
	short := sealed.Open(dir, sealed.FixedKey([]byte("short")))
	if err := short.Put(t.Context(), r); err == nil {
		t.Error("a short key was taken")
	}
}

func TestAFolderThatCannotBeWrittenIsATypedErrorWithThePath(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := sealed.Open(blocked, fixed(1))
	r := storetest.Record("ann", 20)
	_, getErr := s.Get(t.Context(), r.Key)
	_, listErr := s.List(t.Context())
	for what, err := range map[string]error{"Put": s.Put(t.Context(), r), "Get": getErr, "List": listErr} {
		if !errors.Is(err, tokenstore.ErrUnavailable) || !fault.Is(err, fault.Store) || !strings.Contains(err.Error(), blocked) {
			t.Errorf("%s = %v", what, err)
		}
	}
}

func TestTheSweepTakesWhatNobodyWillUse(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	store := func(name string, expires time.Time, refresh string) string {
		r := storetest.Record(name, 20)
		r.ExpiresAt, r.RefreshToken = expires, secret.New(refresh)
		s := sealed.Open(dir, fixed(1))
		s.Clock = func() time.Time { return now }
		put(t, s, r)
		return fileOf(dir, r.Key)
	}
	age := func(path string, d time.Duration) string {
		if err := os.Chtimes(path, now.Add(-d), now.Add(-d)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	raw := func(name string) string {
		path := filepath.Join(dir, "v1", name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keep := []string{
		age(store("young", now.Add(-day), ""), 29*day),
		age(store("lives", now.Add(day), ""), 31*day),
		age(store("refreshes", now.Add(-day), "r"), 200*day),
		age(raw("README"), 300*day),
		age(raw(".young.tmp"), day),
	}
	gone := []string{
		age(store("dead", now.Add(-day), ""), 31*day),
		age(store("forgotten", now.Add(-day), "r"), 401*day),
		age(raw(strings.Repeat("0", 32)+".tok"), 31*day),
		age(raw(".crash.tmp"), 31*day),
	}
	age(filepath.Join(dir, "v1", ".swept"), 2*day)
	store("fresh", now.Add(time.Hour), "")
	for _, path := range keep {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("swept: %v", err)
		}
	}
	for _, path := range gone {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("not swept: %s", path)
		}
	}
}

func FuzzAPlantedFileIsAMissOrTheRecord(f *testing.F) {
	dir := f.TempDir()
	s := sealed.Open(dir, fixed(1))
	r := storetest.Record("ann", 20)
	if err := s.Put(f.Context(), r); err != nil {
		f.Fatal(err)
	}
	valid, err := os.ReadFile(fileOf(dir, r.Key))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(valid)
	f.Add(valid[:100])
	f.Add([]byte("authctl\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(fileOf(dir, r.Key), data, 0o600); err != nil {
			t.Fatal(err)
		}
		// Each worker seals a file of its own; what opens can only be the record that one of them sealed.
		got, err := s.Get(t.Context(), r.Key)
		if err == nil && got.AccessToken.Reveal() == r.AccessToken.Reveal() || errors.Is(err, tokenstore.ErrNotFound) {
			return
		}
		t.Fatalf("Get = %v", err)
	})
}

func TestAllFilesGoWhetherOrNotTheyCanBeRead(t *testing.T) {
	dir := t.TempDir()
	if n, err := sealed.Open(dir, fixed(1)).DeleteAll(); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	put(t, sealed.Open(dir, fixed(1)), storetest.Record("ann", 20))
	put(t, sealed.Open(dir, fixed(2)), storetest.Record("bob", 20))
	open := fileOf(dir, storetest.Key("bob"))
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "v1", "other")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := sealed.Open(dir, fixed(3)).DeleteAll(); n != 2 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "v1", "*.tok")); len(files) != 0 {
		t.Errorf("%v", files)
	}
}
