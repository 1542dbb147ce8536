package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/fault"
)

func entry(name string, more ...config.Setting) config.Entry {
	return append(config.Entry{{Key: "name", Value: name}, {Key: "provider", Value: "tnco"}, {Key: "base_url", Value: "https://n.example.com"}}, more...)
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAddMakesTheFileAndItsFolderForTheUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "authctl", "profiles.yaml")
	e := entry("first", config.Setting{Key: "client_id", Value: "0123: #x"}, config.Setting{Key: "scopes", Value: []string{"a", "b"}},
		config.Setting{Key: "tls.ca_file", Value: "~/ca.pem"}, config.Setting{Key: "tls.insecure_skip_verify", Value: true},
		config.Setting{Key: "tls.insecure_token_endpoint", Value: true}, config.Setting{Key: "reauth_statuses", Value: []string{"401", "403"}},
		config.Setting{Key: "username", Value: "null"}, config.Setting{Key: "audience", Value: []string{"0123", "true", "1.10"}})
	if err := loader().Add(t.Context(), path, e); err != nil {
		t.Fatal(err)
	}
	const want = `profiles:
  - name: first
    provider: tnco
    base_url: https://n.example.com
    client_id: '0123: #x'
    scopes: [a, b]
    tls:
      ca_file: ~/ca.pem
      insecure_skip_verify: true
      insecure_token_endpoint: true
    reauth_statuses: [401, 403]
    username: "null"
    audience: [0123, "true", 1.10]
`
	if got := read(t, path); got != want {
		t.Errorf("got\n%s", got)
	}
	for name, mode := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	file, err := loader().Load(t.Context(), path)
	if err != nil || file.Profiles[0].ClientID != "0123: #x" || file.Profiles[0].Username != "null" {
		t.Errorf("%v", err)
	}
}

func TestAddKeepsTheRestOfTheFile(t *testing.T) {
	const item = "- name: new\n  provider: tnco\n  base_url: https://n.example.com\n"
	deep := "  " + strings.ReplaceAll(strings.TrimSuffix(item, "\n"), "\n", "\n  ") + "\n"
	for name, c := range map[string]struct{ before, after string }{
		"at the end":          {"# mine\n\n" + oneProfile, "# mine\n\n" + oneProfile + deep},
		"no newline":          {strings.TrimSuffix(oneProfile, "\n"), oneProfile + deep},
		"comments behind":     {oneProfile + "    # of a\n\n# the end\n", oneProfile + "    # of a\n" + deep + "\n# the end\n"},
		"a key behind":        {oneProfile + "\n# where\nstorage: file\n", oneProfile + deep + "\n# where\nstorage: file\n"},
		"no indent":           {"profiles:\n- name: a\n  provider: tnco\n", "profiles:\n- name: a\n  provider: tnco\n" + item},
		"an empty list":       {"storage: file\nprofiles: [] # none yet\n", "storage: file\nprofiles:  # none yet\n" + deep},
		"nothing in it":       {"profiles:\n", "profiles:\n" + deep},
		"no list":             {"storage: file\n", "storage: file\nprofiles:\n" + deep},
		"comments alone":      {"# soon\n", "profiles:\n" + deep + "# soon\n"},
		"an empty file":       {"", "profiles:\n" + deep},
		"a document's marks":  {"---\n" + oneProfile + "...\n", "---\n" + oneProfile + deep + "...\n"},
		"CRLF":                {strings.ReplaceAll(oneProfile, "\n", "\r\n"), strings.ReplaceAll(oneProfile+deep, "\n", "\r\n")},
		"a text of two lines": {oneProfile + "    username: a\n      b\n", oneProfile + "    username: a\n      b\n" + deep},
	} {
		t.Run(name, func(t *testing.T) {
			path := save(t, c.before, 0o640)
			err := loader().Add(t.Context(), path, entry("new"))
			if got := read(t, path); err != nil || got != c.after {
				t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, c.after)
			}
			if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
				t.Errorf("mode %v", info.Mode())
			}
		})
	}
}

func TestWhatWouldNotLoadIsNotWritten(t *testing.T) {
	for name, c := range map[string]struct {
		before string
		entry  config.Entry
		want   string
	}{
		"a name twice":        {oneProfile, entry("a"), `has a profile "a" already`},
		"another case":        {oneProfile, entry("A"), `has this name already`},
		"a bad value":         {oneProfile, entry("b", config.Setting{Key: "timeout", Value: planted}), `timeout: must be a duration`},
		"an unknown key":      {oneProfile, entry("b", config.Setting{Key: "client", Value: planted}), `client: unknown key`},
		"a broken file":       {oneProfile + "x: y\n", entry("b"), `x: unknown key`},
		"a file not of YAML":  {oneProfile + "\t\n x: {", entry("b"), `this is not YAML`},
		"a blank in brackets": {"profiles: [ ]\n", entry("b"), `profiles is written in a way that cannot be edited line by line`},
		"braces":              {"{}\n", entry("b"), `cannot be edited line by line`},
		"an indented root":    {"  storage: file\n", entry("b"), `cannot be edited line by line`},
		"a key of nothing":    {oneProfile, entry("b", config.Setting{Key: "tls.", Value: planted}), `profiles.yaml: a key is not a word`},
		"brackets":            {"profiles: [{name: a, provider: tnco}]\n", entry("b"), `written in brackets`},
	} {
		path := save(t, c.before, 0o600)
		err := loader().Add(t.Context(), path, c.entry)
		if got := refused(t, err); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
		if got := read(t, path); got != c.before {
			t.Errorf("%s: the file was changed to\n%s", name, got)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

func TestWhatIsWrongWithANewProfileHasNoLine(t *testing.T) {
	path := save(t, oneProfile, 0o600)
	for _, c := range []struct {
		entry      config.Entry
		want, hint string
	}{
		{entry("b", config.Setting{Key: "timeout", Value: planted}), `: profile "b": timeout: must be a duration`, ""},
		{entry("b b"), `: profile #2: name: `, ""},
		{
			entry("b", config.Setting{Key: "headers", Value: []string{"{name: X", "value: " + planted + "}"}}),
			`: profile "b": headers[0]: must be {name: ..., value: ...}`, "write it into the file",
		},
		{entry("b", config.Setting{Key: "tls", Value: "{ca_file: x}"}), `: profile "b": tls: must be a mapping`, "by path, as tls.ca_file=PATH"},
		{entry("b", config.Setting{Key: "tls", Value: "x"}), `: profile "b": tls: must be a mapping`, "tls: {ca_file: PATH}"},
	} {
		err := loader().Add(t.Context(), path, c.entry)
		if got := refused(t, err); !strings.HasPrefix(got, "profiles.yaml"+c.want) || !strings.Contains(fault.From(err).HintText(), c.hint) {
			t.Errorf("%s; %s", got, fault.From(err).HintText())
		}
	}
}

func TestRemoveTakesTheProfileAndTheCommentAboveIt(t *testing.T) {
	const before = `# head
default_profile: b # mine
profiles:
  # the first
  - name: a
    provider: tnco

  # the second
  # of three
  - provider: tnco
    tls: {
      ca_file: x}
    name: b
  -
    name: c
    provider: tnco
# foot
storage: file
`
	for name, after := range map[string]string{
		"a": strings.Replace(before, "  # the first\n  - name: a\n    provider: tnco\n\n", "", 1),
		"b": strings.Replace(strings.Replace(before, "  # the second\n  # of three\n  - provider: tnco\n    tls: {\n      ca_file: x}\n    name: b\n", "", 1),
			"default_profile: b # mine\n", "", 1),
		"c": strings.Replace(before, "  -\n    name: c\n    provider: tnco\n", "", 1),
	} {
		path := save(t, before, 0o600)
		if err := loader().Remove(t.Context(), path, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := read(t, path); got != after {
			t.Errorf("without %s:\n%s\nwant\n%s", name, got, after)
		}
	}
}

func TestRemoveOfTheLastProfileLeavesAnEmptyList(t *testing.T) {
	path := save(t, oneProfile+"# foot\n", 0o600)
	if err := loader().Remove(t.Context(), path, "a"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "profiles: []\n# foot\n" {
		t.Errorf("got\n%s", got)
	}
	if err := loader().Add(t.Context(), path, entry("new")); err != nil {
		t.Error(err)
	}
	if got := refused(t, loader().Remove(t.Context(), path, "nwe")); !strings.Contains(got, "did you mean new?") {
		t.Error(got)
	}
}

func TestASymbolicLinkStaysOneWhenItsTargetIsEdited(t *testing.T) {
	target := save(t, oneProfile, 0o600)
	link := filepath.Join(t.TempDir(), "profiles.yaml")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := loader().Add(t.Context(), link, entry("new")); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(link); info.Mode()&fs.ModeSymlink == 0 || !strings.Contains(read(t, target), "name: new") {
		t.Error("the link was replaced")
	}
}

func TestReplaceWritesOnlyWhatLoads(t *testing.T) {
	path := save(t, oneProfile, 0o600)
	refused(t, loader().Replace(t.Context(), path, []byte("profiles: {}")))
	if got := read(t, path); got != oneProfile {
		t.Errorf("got\n%s", got)
	}
	broken := save(t, "profiles: {", 0o600)
	if err := loader().Replace(t.Context(), broken, []byte(oneProfile)); err != nil || read(t, broken) != oneProfile {
		t.Errorf("a broken file cannot be mended: %v", err)
	}
}

func TestAFolderThatCannotBeWrittenIsAnErrorOfOutput(t *testing.T) {
	path := filepath.Join(save(t, "", 0o600), "profiles.yaml") // a file stands where the folder should
	err := loader().Add(t.Context(), path, entry("new"))
	if err == nil || fault.From(err).Kind != fault.Config && fault.From(err).Kind != fault.IO {
		t.Errorf("got %v", err)
	}
}
