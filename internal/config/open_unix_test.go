//go:build unix

package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

func TestAFileThatOthersCanChangeIsRefused(t *testing.T) {
	for _, mode := range []fs.FileMode{0o660, 0o606, 0o622, 0o777} {
		_, err := loader().Load(t.Context(), save(t, oneProfile, mode))
		if got := refused(t, err); !strings.Contains(got, "others than its owner can change it | chmod go-w /") {
			t.Errorf("%o: %s", mode, got)
		}
	}
	for _, mode := range []fs.FileMode{0o400, 0o644, 0o755} {
		if _, err := loader().Load(t.Context(), save(t, oneProfile, mode)); err != nil {
			t.Errorf("%o: %v", mode, err)
		}
	}
}

func TestAnotherUsersFileIsRefused(t *testing.T) {
	path := save(t, oneProfile, 0o600)
	l := loader()
	l.UID = os.Geteuid() + 1
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 4242, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.Load(t.Context(), path)
	if got := refused(t, err); !strings.Contains(got, "it belongs to another user") {
		t.Error(got)
	}
}

func TestASymbolicLinkIsJudgedByItsTarget(t *testing.T) {
	link := filepath.Join(t.TempDir(), "profiles.yaml")
	if err := os.Symlink(save(t, oneProfile, 0o600), link); err != nil {
		t.Fatal(err)
	}
	if _, err := loader().Load(t.Context(), link); err != nil {
		t.Error(err)
	}
	_ = os.Remove(link)
	if err := os.Symlink(save(t, oneProfile, 0o666), link); err != nil {
		t.Fatal(err)
	}
	_, err := loader().Load(t.Context(), link)
	refused(t, err)
}

func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		fifo:                          "it is not an ordinary file",
		dir:                           "it is not an ordinary file",
		"/dev/zero":                   "it is not an ordinary file",
		filepath.Join(dir, "none"):    "there is no such file | authctl profile add",
		filepath.Join(fifo, "in.yml"): "ls -l",
	} {
		start := time.Now()
		_, err := loader().Load(t.Context(), path)
		if got := refused(t, err); !strings.Contains(got, path+": ") || !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s took %s", path, took)
		}
	}
}

func TestAFileOfMoreThanAMegabyteIsRefused(t *testing.T) {
	pad := "#" + strings.Repeat("x", 1<<20-len(oneProfile)-2) + "\n"
	if _, err := load(t, oneProfile+pad); err != nil {
		t.Errorf("exactly 1 MiB: %v", err)
	}
	for _, text := range []string{oneProfile + pad + "#", strings.Repeat("a", 2<<20)} {
		_, err := load(t, text)
		if got := refused(t, err); !strings.Contains(got, "it is larger than 1 MiB") {
			t.Error(got)
		}
	}
}

func TestThePathComesFromFlagThenEnvironmentThenHome(t *testing.T) {
	for name, c := range map[string]struct {
		flag string
		env  []string
		want string
	}{
		"flag":             {"x.yaml", []string{"AUTHCTL_CONFIG", "/y.yaml"}, "x.yaml"},
		"flag with ~":      {"~/x.yaml", nil, "/home/me/x.yaml"},
		"variable":         {"", []string{"AUTHCTL_CONFIG", "/y.yaml", "XDG_CONFIG_HOME", "/xdg"}, "/y.yaml"},
		"empty variable":   {"", []string{"AUTHCTL_CONFIG", "", "XDG_CONFIG_HOME", "/xdg"}, "/xdg/authctl/profiles.yaml"},
		"relative folder":  {"", []string{"XDG_CONFIG_HOME", "xdg"}, "/home/me/.config/authctl/profiles.yaml"},
		"home":             {"", nil, "/home/me/.config/authctl/profiles.yaml"},
		"somebody else's~": {"~root/x", nil, "~root/x"},
	} {
		if got, err := loader(c.env...).Path(c.flag); got != c.want || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	l := loader()
	l.Home = ""
	if _, err := l.Path(""); !strings.Contains(refused(t, err), "--config FILE") {
		t.Error(err)
	}
}

func TestALiteralSecretNeedsAPrivateFile(t *testing.T) {
	const text = oneProfile + "    headers: [{name: X-A, value: plain}]\n"
	for name, c := range map[string]struct {
		text string
		line string
	}{
		"a secret":          {text + "    client_secret: " + planted + "\n", `:6: profile "a": client_secret: `},
		"a key":             {oneProfile + "    password: " + planted + "\n", `:5: profile "a": password: `},
		"the storage's key": {"storage_key: " + planted + "\n" + oneProfile, `profiles.yaml:1: storage_key: `},
	} {
		for _, mode := range []fs.FileMode{0o644, 0o640, 0o604} {
			path := save(t, c.text, 0o600)
			if _, err := loader().Load(t.Context(), path); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			_, err := loader().Load(t.Context(), save(t, c.text, mode))
			if got := refused(t, err); !strings.Contains(got, c.line+"a secret stands here in plain text") || !strings.Contains(got, "chmod 600 /") {
				t.Errorf("%s, %o: %s", name, mode, got)
			}
		}
	}
	file, err := loader().Load(t.Context(), save(t, text+"    client_secret: env:X\n", 0o644))
	if err != nil || file.Profiles[0].ClientSecret.Scheme != secret.Env {
		t.Errorf("references alone: %v", err)
	}
}

func TestAGroupThatCouldReadTheFileStillCan(t *testing.T) {
	path := save(t, oneProfile, 0o640)
	group := -1
	for _, gid := range groups(t) {
		if gid != os.Getegid() && os.Chown(path, -1, gid) == nil {
			group = gid
			break
		}
	}
	if group < 0 {
		t.Skip("the user is in one group alone")
	}
	if err := loader().Add(t.Context(), path, entry("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || int(info.Sys().(*syscall.Stat_t).Gid) != group || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
}

// groups are those that the user may give a file to; root may give it to any.
func groups(t *testing.T) []int {
	t.Helper()
	list, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		list = append(list, 12345)
	}
	return list
}
