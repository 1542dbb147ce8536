//go:build !windows

package sealed_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func TestWhatIsPlantedInARecordsPlaceIsAMissAndIsReplaced(t *testing.T) {
	r := storetest.Record("ann", 20)
	for name, plant := range map[string]func(path, aside string) error{
		"a link to a good record": func(path, aside string) error { return errors.Join(os.Rename(path, aside), os.Symlink(aside, path)) },
		"a dangling link":         func(path, aside string) error { return errors.Join(os.Remove(path), os.Symlink(aside, path)) },
		"a pipe":                  func(path, _ string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) },
		"a folder":                func(path, _ string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
		"a readable file":         func(path, _ string) error { return os.Chmod(path, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := sealed.Open(dir, fixed(1))
			put(t, s, r)
			if err := plant(fileOf(dir, r.Key), filepath.Join(dir, "elsewhere")); err != nil {
				t.Fatal(err)
			}
			isMiss(t, s, r.Key)
			if records, err := s.List(t.Context()); err != nil || len(records) != 0 {
				t.Errorf("List = %d, %v", len(records), err)
			}
			put(t, s, r)
			if _, err := s.Get(t.Context(), r.Key); err != nil {
				t.Error(err)
			}
			info, err := os.Lstat(fileOf(dir, r.Key))
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
}

func TestAPlantedFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	victim := t.TempDir()
	if err := os.Symlink(victim, filepath.Join(dir, "v1")); err != nil {
		t.Fatal(err)
	}
	err := sealed.Open(dir, fixed(1)).Put(t.Context(), storetest.Record("ann", 20))
	if !errors.Is(err, tokenstore.ErrUnavailable) || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("Put = %v", err)
	}
	if entries, _ := os.ReadDir(victim); len(entries) != 0 {
		t.Errorf("the link was followed: %v", entries)
	}
}

func TestAFullDiskIsATypedErrorAndTheOldRecordStays(t *testing.T) {
	const inside = "SEALED_TEST_FULL_DISK"
	if os.Getenv(inside) == "" {
		// The limit below holds for a whole process, so it gets one of its own.
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inside+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	s := sealed.Open(dir, fixed(1))
	small := storetest.Record("ann", 20)
	small.RefreshToken = secret.String{}
	put(t, s, small)
	// A limit on the size of files stops a write half way, as a full disk does.
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
		t.Fatal(err)
	}
	err := s.Put(t.Context(), storetest.Record("ann", 20<<10))
	if !errors.Is(err, tokenstore.ErrUnavailable) || !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Put = %v", err)
	}
	if got, err := s.Get(t.Context(), small.Key); err != nil || !got.RefreshToken.IsZero() {
		t.Errorf("the old record is gone: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "v1", ".*.tmp")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAKeyFileThatOthersCouldUseIsAnErrorThatSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(path string) error
		hint  string
	}{
		"readable by all": {func(path string) error { return os.Chmod(path, 0o644) }, "chmod 600 "},
		"a link":          {func(path string) error { return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path)) }, "move "},
		"a pipe":          {func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) }, "move "},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if _, err := sealed.GeneratedKey(path, noLock)(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.plant(path); err != nil {
			t.Fatal(err)
		}
		_, err := sealed.GeneratedKey(path, noLock)(t.Context())
		if !fault.Is(err, fault.Store) || !strings.Contains(fault.From(err).HintText(), c.hint) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; hint: %s", name, err, fault.From(err).HintText())
		}
	}
}
