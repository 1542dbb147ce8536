package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/config"
)

func fsMode(mode uint32) fs.FileMode { return fs.FileMode(mode) }

func TestAFileThatOthersCanChangeIsRefused(t *testing.T) {
	for _, mode := range []uint32{0o660, 0o606, 0o622, 0o777} {
		_, err := loader().Load(t.Context(), save(t, oneProfile, fsMode(mode)))
		if got := refused(t, err); !strings.Contains(got, "others than its owner can change it | chmod go-w /") {
			t.Errorf("%o: %s", mode, got)
		}
	}
	for _, mode := range []uint32{0o400, 0o644, 0o755} {
		if _, err := loader().Load(t.Context(), save(t, oneProfile, fsMode(mode))); err != nil {
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
	makeFIFO(t, fifo)
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
	if runtime.GOOS == "windows" {
		t.Skip("paths of Unix: Windows has its own folders")
	}
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

func TestTheProfileIsChosenInOrder(t *testing.T) {
	const two = oneProfile + "  - {name: b, provider: tnco}\n"
	for name, c := range map[string]struct {
		text, flag string
		env        []string
		want       string
	}{
		"flag":     {"default_profile: a\n" + two, "b", []string{"AUTHCTL_PROFILE", "a"}, "b"},
		"variable": {"default_profile: a\n" + two, "", []string{"AUTHCTL_PROFILE", "b"}, "b"},
		"default":  {"default_profile: b\n" + two, "", nil, "b"},
		"only one": {oneProfile, "", nil, "a"},
	} {
		p, err := mustLoad(t, c.text, c.env...).Choose(c.flag)
		if err != nil || p.Name != c.want {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	_, err := mustLoad(t, two).Choose("")
	if got := refused(t, err); !strings.HasSuffix(got, "has 2 profiles and none is the default | choose one with -p: a, b") {
		t.Error(got)
	}
	_, err = mustLoad(t, strings.Replace(two, "name: b", "name: Entra-Prod", 1)).Choose("entra-prod")
	if got := refused(t, err); !strings.HasSuffix(got, `has no profile "entra-prod" | did you mean Entra-Prod?; profiles: a, Entra-Prod`) {
		t.Error(got)
	}
	_, err = mustLoad(t, two, "AUTHCTL_PROFILE", "c").Choose("")
	if got := refused(t, err); !strings.Contains(got, `no profile "c" (AUTHCTL_PROFILE)`) {
		t.Error(got)
	}
}

func TestShowGivesWhatTheUserWroteWithoutSecrets(t *testing.T) {
	file := mustLoad(t, `profiles:
  - name: x # old: `+planted+`
    provider: apiconnect
    client_id: 0123
    client_secret: `+planted+`
    password: env:PW
    api_key: 'command:pass show x'
    scopes: [a, b]
    # `+planted+`
    headers:
      - {name: X-Key, value: `+planted+`}
      - {name: X-Ref, value: keyring:k}
`)
	got, err := file.Show("x")
	const want = `name: x
provider: apiconnect
client_id: 0123
client_secret: '[redacted]'
password: env:PW
api_key: 'command:pass show x'
scopes: [a, b]
headers:
  - {name: X-Key, value: '[redacted]'}
  - {name: X-Ref, value: 'keyring:k'}
`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := file.Show("y"); !strings.Contains(refused(t, err), "profiles: x") {
		t.Error(err)
	}
}

func TestBombsEndInTime(t *testing.T) {
	aliases := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := '1'; i <= '9'; i++ {
		prev := string(i - 1)
		aliases += "a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat("*a"+prev+",", 9) + "]\n"
	}
	for name, text := range map[string]string{
		"aliases":       aliases,
		"flow nesting":  strings.Repeat("[", 20000),
		"closed":        "profiles: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"maps":          "profiles: " + strings.Repeat("{a: ", 20000),
		"block nesting": strings.Repeat("- ", 20000) + "x",
		"one line":      "profiles: " + strings.Repeat("x", 1<<20-11),
		"one key":       strings.Repeat("k", 1<<20-3) + ": x",
		"many keys":     manyKeys(),
		"many items":    "profiles:\n" + strings.Repeat("- x\n", 1<<18-10),
		"quotes":        strings.Repeat("'", 1<<20),
		"anchors":       strings.Repeat("&a ", 1<<18),
		"questions":     strings.Repeat("? ", 1<<18),
	} {
		start := time.Now()
		_, err := load(t, text)
		refused(t, err)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}

func manyKeys() string {
	var b strings.Builder
	b.WriteString("profiles:\n  - name: a\n")
	for i := 0; b.Len() < 1<<20-40; i++ {
		b.WriteString("    k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "_" + time.Duration(i).String() + ": x\n")
	}
	return b.String()
}

func FuzzLoad(f *testing.F) {
	f.Add(oneProfile)
	f.Add("default_profile: a\nstorage: file\nstorage_key: PLANTED\n" + oneProfile + "    client_secret: PLANTED\n    tls: {ca_file: ~/x}\n")
	f.Add("profiles:\n- name: a\n  provider: entra\n  scopes: [PLANTED]\n  params: [{name: a, value: *b}]\n")
	f.Add("profiles: [{name: a, provider: apiconnect, api_key: \"PLANTED\\x07\", headers: [{name: a, value: PLANTED b}]}]")
	f.Add("? [a]\n: !!binary x\n<<: *PLANTED\n")
	l := loader()
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		file, err := l.Check("profiles.yaml", []byte(strings.ReplaceAll(text, "PLANTED", planted)))
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %s", took)
		}
		if err != nil {
			refused(t, err)
			return
		}
		for _, name := range file.Names() {
			if _, err := file.Show(name); err != nil {
				t.Fatal(err)
			}
		}
		checkEdits(t, l, text)
	})
}

// checkEdits holds that a file which loads still loads with a profile more, and then again without it.
func checkEdits(t *testing.T, l *config.Loader, text string) {
	path := save(t, text, 0o600)
	if l.Add(t.Context(), path, config.Entry{{Key: "name", Value: "added"}, {Key: "provider", Value: "tnco"}}) != nil {
		return
	}
	if _, err := l.Load(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(t.Context(), path, "added"); err != nil {
		return
	}
	if _, err := l.Load(t.Context(), path); err != nil {
		t.Fatal(err)
	}
}
