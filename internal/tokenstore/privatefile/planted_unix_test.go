//go:build !windows

package privatefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

// planted are the things that somebody could put where a private file is expected.
func planted(t *testing.T) map[string]string {
	t.Helper()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	victim := at("victim")
	errs := []error{
		os.WriteFile(victim, []byte("precious"), 0o600),
		os.Symlink(victim, at("link")),
		os.Symlink(at("nowhere"), at("dangling")),
		syscall.Mkfifo(at("pipe"), 0o600),
		os.Mkdir(at("folder"), 0o700),
		os.WriteFile(at("readable"), []byte("x"), 0o600),
		os.Chmod(at("readable"), 0o640),
		os.WriteFile(at("writable"), []byte("x"), 0o600),
		os.Chmod(at("writable"), 0o602),
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, name := range []string{"link", "dangling", "pipe", "folder", "readable", "writable"} {
		paths[name] = at(name)
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(os.WriteFile(at("foreign"), []byte("x"), 0o600), os.Chown(at("foreign"), 12345, 12345)); err != nil {
			t.Fatal(err)
		}
		paths["foreign"] = at("foreign")
	}
	return paths
}

func TestWhatIsPlantedIsNeverReadAndNeverWaitedFor(t *testing.T) {
	for name, path := range planted(t) {
		_, err := privatefile.Read(path, 100)
		untrusted, ok := errors.AsType[*privatefile.UntrustedError](err)
		if !ok || untrusted.Path != path || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: Read = %v", name, err)
		}
	}
}

func TestWhatIsPlantedIsReplacedAndNeverFollowed(t *testing.T) {
	for name, path := range planted(t) {
		if err := privatefile.Replace(path, []byte("new"), privatefile.Durable); err != nil {
			t.Errorf("%s: Replace = %v", name, err)
			continue
		}
		if got, err := privatefile.Read(path, 100); err != nil || string(got) != "new" {
			t.Errorf("%s: Read = %q, %v", name, got, err)
		}
		if got, err := os.ReadFile(filepath.Join(filepath.Dir(path), "victim")); err != nil || string(got) != "precious" {
			t.Fatalf("%s: the victim now holds %q, %v", name, got, err)
		}
	}
}

func TestModesDoNotDependOnTheUmask(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	folder := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(folder, "f")
	if err := errors.Join(privatefile.Folder(folder), privatefile.Replace(path, nil, privatefile.Expendable)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{filepath.Dir(folder): 0o700, folder: 0o700, path: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAFolderThatIsOpenToOthersIsClosed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "f")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Chmod(folder, 0o777), privatefile.Folder(folder)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAFolderThatSomebodyPlantedIsRefused(t *testing.T) {
	for name, path := range planted(t) {
		if name == "folder" {
			continue
		}
		if _, ok := errors.AsType[*privatefile.UntrustedError](privatefile.Folder(path)); !ok {
			t.Errorf("%s was taken for a folder", name)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	foreign := t.TempDir()
	if err := os.Chown(foreign, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*privatefile.UntrustedError](privatefile.Folder(foreign)); !ok || privatefile.IsOwnFolder(foreign) {
		t.Error("another user's folder was taken")
	}
}
