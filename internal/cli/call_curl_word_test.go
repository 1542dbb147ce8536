package cli

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func TestAShellReadsAWordAsItIs(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("NOT RUN: there is no POSIX shell to ask")
	}
	words := []string{
		"plain", "a b", "it's", `"$(id)"`, "`id`", "$HOME", "*", "~", "-n", "a\nb", `\`, "", "=x", "é", "#", "!x", "a;b|c&d", "{a,b}", "[x]", "'", "''", "%41", "a=b",
	}
	script := "for w in"
	for _, w := range words {
		script += " " + word(w)
	}
	out, err := exec.CommandContext(t.Context(), shell, "-c", script+`; do printf '%s\000' "$w"; done`).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); strings.Join(got, "|") != strings.Join(words, "|") {
		t.Errorf("got  %q\nwant %q", got, words)
	}
}

func FuzzAWordIsPlainOrQuoted(f *testing.F) {
	for _, seed := range []string{"a", "it's", "$(x)", "", "=", "a\x00b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := word(text)
		if quoted == text {
			if text == "" || strings.ContainsAny(text, " \t\n'\"`$\\|&;<>()*?[]#~!{}") {
				t.Errorf("%q stands bare", text)
			}
			return
		}
		inner := strings.ReplaceAll(quoted, `'\''`, "\x01")
		if len(inner) < 2 || inner[0] != '\'' || inner[len(inner)-1] != '\'' || strings.Contains(inner[1:len(inner)-1], "'") {
			t.Errorf("%q becomes %s", text, quoted)
		}
	})
}

func TestTimesAreSecondsOrDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "5": 5 * time.Second, "0.25": 250 * time.Millisecond, "2m": 2 * time.Minute} {
		if got, err := duration("max-time", text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "x", "nan", "1e12", "-2m", "5 s"} {
		if _, err := duration("max-time", text); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{"": "", "5": "5", "2m": "120", "250ms": "0.25"} {
		if got := curlSeconds(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
