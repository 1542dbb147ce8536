package child

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/authctl/authctl/internal/secret"
)

func TestAFileIsTheUsersAloneAndGoesAway(t *testing.T) {
	f, err := NewFile(t.TempDir(), secret.New("one"))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{f.Path(): 0o600, filepath.Dir(f.Path()): 0o700} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", path, info, err)
			}
		}
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(f.Path())); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestAReaderSeesTheOldTextOrTheNewOne(t *testing.T) {
	f, err := NewFile(t.TempDir(), secret.New("one"))
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Open(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = before.Close() }()
	if runtime.GOOS == "windows" {
		_ = before.Close() // an open file stays in its place there
	}
	for _, text := range []string{"two", "three"} {
		if err := f.Replace(secret.New(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(f.Path()); string(got) != text || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if runtime.GOOS != "windows" {
		old := make([]byte, 10)
		if n, _ := before.Read(old); string(old[:n]) != "one" {
			t.Errorf("who had opened the file reads %q", old[:n])
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(f.Path())); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	if _, err := NewFile(filepath.Join(t.TempDir(), "none"), secret.New("x")); err == nil {
		t.Error("no error")
	}
}

func TestTheEnvironmentLosesWhatIsNamedAndHoldsEachNameOnce(t *testing.T) {
	env := []string{"A=1", "AUTHCTL_STORAGE_KEY=k", "B=2", "TOKEN=old", "TOKEN=older", "C=", "odd", "TOKENS=x"}
	got := Environ(env, []string{"AUTHCTL_STORAGE_KEY"}, "TOKEN=new", "D=4")
	want := []string{"A=1", "B=2", "C=", "odd", "TOKENS=x", "TOKEN=new", "D=4"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
