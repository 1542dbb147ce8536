package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authctl/authctl/internal/config"
)

// YAML ends lines at more characters than LF, and so must whoever edits by the parser's line numbers.
func TestEveryLineEndOfYAMLIsOneForTheEditor(t *testing.T) {
	const three = "# x\nprofiles:\n  - name: a\n    provider: tnco\n  - name: b\n    provider: tnco\n  - name: c\n    provider: tnco\n"
	for name, before := range map[string]string{
		"CR":                  strings.ReplaceAll(three, "\n", "\r"),
		"CRLF":                strings.ReplaceAll(three, "\n", "\r\n"),
		"next line":           strings.Replace(three, "# x", "# x\u0085# y", 1),
		"line separator":      strings.Replace(three, "# x", "# x\u2028# y\u2029# z", 1),
		"CR inside a comment": strings.Replace(three, "# x", "# x\r# y", 1),
	} {
		t.Run(name, func(t *testing.T) {
			path := save(t, before, 0o600)
			if err := loader().Remove(t.Context(), path, "b"); err != nil {
				t.Fatal(err)
			}
			if err := loader().Add(t.Context(), path, entry("new")); err != nil {
				t.Fatal(err)
			}
			got := read(t, path)
			file, err := loader().Load(t.Context(), path)
			if err != nil || strings.Join(file.Names(), " ") != "a c new" {
				t.Errorf("%v, got\n%q", err, got)
			}
			if head, _, _ := strings.Cut(before, "profiles:"); !strings.HasPrefix(got, head) {
				t.Errorf("the rest was changed: %q", got)
			}
		})
	}
}

func TestLinesOfATextThatBeginWithANumberSignStay(t *testing.T) {
	const b = "  # the second\n  - name: b\n    provider: tnco\n"
	for name, a := range map[string]string{
		"folded":          "    scopes: >-\n      read\n      #admin\n",
		"literal":         "    username: |-\n      # made by hand\n",
		"double-quoted":   "    username: \"x\n      #y\"\n",
		"a deeper remark": "    username: x\n    # of a\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := save(t, oneProfile+a+b, 0o600)
			if err := loader().Remove(t.Context(), path, "b"); err != nil {
				t.Fatal(err)
			}
			if got := read(t, path); got != oneProfile+a {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestAnEditThatWouldChangeAnotherProfileIsRefused(t *testing.T) {
	remove := func(l *config.Loader, path string) error { return l.Remove(t.Context(), path, "b") }
	add := func(l *config.Loader, path string) error { return l.Add(t.Context(), path, entry("new")) }
	for name, c := range map[string]struct {
		text string
		edit func(*config.Loader, string) error
	}{
		"a quoted text in the margin": {oneProfile + "    username: \"x\n#y\n# z\"\n  - name: b\n    provider: tnco\n", remove},
		"blank lines that count":      {oneProfile + "    username: |+\n      x\n\n\n", add},
	} {
		t.Run(name, func(t *testing.T) {
			path := save(t, c.text, 0o600)
			if _, err := loader().Load(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			if got := refused(t, c.edit(loader(), path)); !strings.Contains(got, "cannot be edited line by line") {
				t.Error(got)
			}
			if got := read(t, path); got != c.text {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestProfilesAddedAtTheSameTimeAreAllKept(t *testing.T) {
	const many = 20
	path := save(t, oneProfile, 0o600)
	l := loader()
	var door sync.Mutex
	var waited atomic.Int32
	l.Lock = func(context.Context, string) (func(), error) {
		waited.Add(1)
		door.Lock()
		return door.Unlock, nil
	}
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			if err := l.Add(t.Context(), path, entry("n"+string(rune('a'+i)))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if file, err := l.Load(t.Context(), path); err != nil || len(file.Profiles) != 1+many || waited.Load() != many {
		t.Errorf("%v", err)
	}
	if err := l.Remove(t.Context(), path, "na"); err != nil || waited.Load() != many+1 {
		t.Errorf("removed without the lock: %v", err)
	}
}

func TestAFileIsLeftAloneWithoutItsLock(t *testing.T) {
	path, busy := save(t, oneProfile, 0o600), errors.New("busy")
	l := loader()
	l.Lock = func(context.Context, string) (func(), error) { return nil, busy }
	for _, err := range []error{
		l.Add(t.Context(), path, entry("new")), l.Remove(t.Context(), path, "a"), l.Replace(t.Context(), path, []byte("profiles: []\n")),
	} {
		if !errors.Is(err, busy) {
			t.Errorf("got %v", err)
		}
	}
	if got := read(t, path); got != oneProfile {
		t.Errorf("got %s", got)
	}
}

func TestHintsOfTheEditorNameWhatThereIs(t *testing.T) {
	for _, err := range []error{
		loader().Add(t.Context(), save(t, oneProfile, 0o600), entry("a")),
		loader().Add(t.Context(), save(t, "profiles: [{name: a, provider: tnco}]\n", 0o600), entry("b")),
	} {
		if got := refused(t, err); strings.Contains(got, "profile edit") {
			t.Errorf("there is no such command: %s", got)
		}
	}
}

func TestWhatAKilledProcessLeftBesideTheFileIsTakenAway(t *testing.T) {
	path := save(t, oneProfile, 0o600)
	dir, base := filepath.Split(path)
	kept := []string{
		".other.yaml.authctl-123.tmp", "." + base + "-123.tmp", "." + base + "-backup.tmp", "." + base + ".authctl-old.tmp",
		"." + base + ".authctl-.tmp", "." + base + ".authctl.authctl-123.tmp", base + ".bak",
	}
	for _, name := range append(kept, "."+base+".authctl-123.tmp") {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(planted), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := loader().Add(t.Context(), path, entry("new")); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(dir)
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	want := slices.Concat(kept, []string{base})
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("got %q", names)
	}
}

func TestAFileIsNotEditedIntoOneThatIsTooLarge(t *testing.T) {
	before := oneProfile + strings.Repeat("#", 1<<20-len(oneProfile)-1) + "\n"
	path := save(t, before, 0o600)
	if got := refused(t, loader().Add(t.Context(), path, entry("new"))); !strings.Contains(got, "larger than 1 MiB") {
		t.Error(got)
	}
	if got := read(t, path); got != before {
		t.Errorf("it has %d bytes now", len(got))
	}
}

func TestALinkToAFileThatIsYetToBeStaysOne(t *testing.T) {
	dir := t.TempDir()
	link, middle, target := filepath.Join(dir, "profiles.yaml"), filepath.Join(dir, "middle"), filepath.Join(dir, "dotfiles", "target.yaml")
	for from, to := range map[string]string{link: "middle", middle: target} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := loader().Add(t.Context(), link, entry("new")); err != nil {
		t.Fatal(err)
	}
	if to, _ := os.Readlink(link); to != "middle" || !strings.Contains(read(t, target), "name: new") {
		t.Errorf("the link is %q", to)
	}
}

func TestAFileThatIsYetToBeHasOneLockThroughAllItsNames(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"link": "real", "dangling": filepath.Join("real", "new")} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	locked := map[string]bool{}
	l, busy := loader(), errors.New("busy")
	l.Lock = func(_ context.Context, name string) (func(), error) { locked[name] = true; return nil, busy }
	for _, folder := range []string{"real/new", "link/new", "dangling"} {
		if err := l.Add(t.Context(), filepath.Join(dir, folder, "profiles.yaml"), entry("new")); !errors.Is(err, busy) {
			t.Error(err)
		}
	}
	if len(locked) != 1 {
		t.Errorf("locked %v", locked)
	}
}

func TestAFoldersNameIsNoFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new") + string(filepath.Separator)
	for _, err := range []error{loader().Add(t.Context(), path, entry("new")), loader().Remove(t.Context(), path, "new")} {
		if got := refused(t, err); !strings.Contains(got, "it is not an ordinary file") {
			t.Error(got)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
