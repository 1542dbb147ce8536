package words_test

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/words"
)

// lines mean the same to a shell, as nothing in them is expanded.
func lines() map[string][]string {
	return map[string][]string{
		"":                        nil,
		" \t ":                    nil,
		"a":                       {"a"},
		" a  b\tc ":               {"a", "b", "c"},
		`''`:                      {""},
		`a "" ''b`:                {"a", "", "b"},
		`a'b c'd"e f"g`:           {"ab cde fg"},
		`'a\b' '\' '"' "'"`:       {`a\b`, `\`, `"`, `'`},
		`a\ b \\ \' \" \a \n`:     {"a b", `\`, "'", `"`, "a", "n"},
		`"pa\ss" "a\nb" "a\.b"`:   {`pa\ss`, `a\nb`, `a\.b`},
		`"a\"b" "a\\b" "\\" "\'"`: {`a"b`, `a\b`, `\`, `\'`},
		"\"\\$x\" \"\\`x\\`\"":    {"$x", "`x`"},
		`"; & | < > ( )" ';' \;`:  {"; & | < > ( )", ";", ";"},
		"a\\\nb \\\n c":           {"ab", "c"},
		"\"a\\\nb\" 'a\\\nb'":     {"ab", "a\\\nb"},
		"\"a\nb\"":                {"a\nb"},
		`ä"ö"\ü 'ß'`:              {"äöü", "ß"},
		`a#b --x=y`:               {"a#b", "--x=y"},
	}
}

func TestALineIsSplitAsAShellSplitsIt(t *testing.T) {
	for line, want := range lines() {
		if got, err := words.Split(line); !slices.Equal(got, want) || err != nil {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}

func TestAShellAgrees(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	for line, want := range lines() {
		out, err := exec.CommandContext(t.Context(), shell, "-c", `printf '%s\0' first `+line).Output()
		got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		if err != nil || !slices.Equal(got[1:], want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}

func TestNothingIsExpanded(t *testing.T) {
	const line = "$HOME ~ * #x ${x} \"$HOME\" \"`id`\" \"$(id)\"\na"
	want := []string{"$HOME", "~", "*", "#x", "${x}", "$HOME", "`id`", "$(id)", "a"}
	if got, err := words.Split(line); !slices.Equal(got, want) || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatIsNoListOfWordsIsRefused(t *testing.T) {
	for line, want := range map[string]error{
		`a 'b`: words.ErrOpen, `"b`: words.ErrOpen, `"b\"`: words.ErrOpen, `"b\`: words.ErrOpen, `b\`: words.ErrOpen,
		"a;b": words.ErrOperator, "a & b": words.ErrOperator, "a|b": words.ErrOperator, "a 2>b": words.ErrOperator,
		"a <b": words.ErrOperator, "$(a)": words.ErrOperator, "a )": words.ErrOperator, "`a`": words.ErrOperator,
	} {
		if got, err := words.Split(line); got != nil || !errors.Is(err, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}

// Words that are quoted one by one are the same words again.
func FuzzSplit(f *testing.F) {
	for line := range lines() {
		f.Add(line)
	}
	f.Add("a;b")
	f.Add(`"a\`)
	f.Fuzz(func(t *testing.T, line string) {
		list, err := words.Split(line)
		if err != nil {
			return
		}
		var quoted strings.Builder
		for _, word := range list {
			quoted.WriteString(words.Quote(word) + " ")
		}
		if again, err := words.Split(quoted.String()); !slices.Equal(again, list) || err != nil {
			t.Errorf("%q, then %q, %v", list, again, err)
		}
	})
}

func TestAShellReadsAWordAsItIs(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("NOT RUN: there is no POSIX shell to ask")
	}
	list := []string{
		"plain", "a b", "it's", `"$(id)"`, "`id`", "$HOME", "*", "~", "-n", "a\nb", `\`, "", "=x", "é", "#", "!x", "a;b|c&d", "{a,b}", "[x]", "'", "''", "%41", "a=b",
	}
	script := "for w in"
	for _, w := range list {
		script += " " + words.Quote(w)
	}
	out, err := exec.CommandContext(t.Context(), shell, "-c", script+`; do printf '%s\000' "$w"; done`).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); strings.Join(got, "|") != strings.Join(list, "|") {
		t.Errorf("got  %q\nwant %q", got, list)
	}
}

func FuzzAWordIsPlainOrQuoted(f *testing.F) {
	for _, seed := range []string{"a", "it's", "$(x)", "", "=", "a\x00b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := words.Quote(text)
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
