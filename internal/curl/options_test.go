package curl

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// helpLine is a line of `curl --help all`: " -o, --output <file>      Write to file instead of stdout".
var helpLine = regexp.MustCompile(`^ (?:-(.), )? *--([a-z0-9.-]+)( [<[])?`)

// listed is an option as curl's own help shows it.
type listed struct {
	letter, name string
	value        bool
}

func helpOf(text string) []listed {
	var all []listed
	for line := range strings.Lines(text) {
		if m := helpLine.FindStringSubmatch(line); m != nil {
			all = append(all, listed{m[1], m[2], m[3] != ""})
		}
	}
	return all
}

// TestEveryOptionOfTheInstalledCurlIsSorted holds the table against the real curl: names, letters and who takes a value.
func TestEveryOptionOfTheInstalledCurlIsSorted(t *testing.T) {
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("NOT RUN: curl is not installed (apt-get install curl)")
	}
	help, err := exec.CommandContext(t.Context(), path, "--help", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := helpOf(string(help))
	if len(all) < 200 {
		t.Fatalf("only %d options were read from the help", len(all))
	}
	s := &scan{table: options()}
	for _, l := range all {
		o, err := s.byName(strings.TrimPrefix(l.name, "no-"))
		if err != nil || o.name != strings.TrimPrefix(l.name, "no-") {
			t.Errorf("--%s is not in the table: %v", l.name, err)
			continue
		}
		if o.value != l.value && o.rule != asks {
			t.Errorf("--%s takes a value: the table says %v, curl %v", l.name, o.value, l.value)
		}
		if l.letter == "" && o.letter != 0 || l.letter != "" && l.letter[0] != o.letter {
			t.Errorf("--%s has the letter %q in the table and %q in curl", l.name, o.letter, l.letter)
		}
	}
}

func TestNoOptionIsSortedTwice(t *testing.T) {
	names, letters := map[string]bool{}, map[byte]string{}
	for _, o := range options() {
		if names[o.name] {
			t.Errorf("--%s stands in the table twice", o.name)
		}
		names[o.name] = true
		if other := letters[o.letter]; o.letter != 0 && other != "" && o.name != "show-headers" { // the later name of --include
			t.Errorf("-%c is --%s and --%s", o.letter, other, o.name)
		}
		letters[o.letter] = o.name
		if o.rule == refused && (o.why == "" || o.hint == "") {
			t.Errorf("--%s is refused without a reason or a hint", o.name)
		}
	}
}

// TestThePageListsEveryRefusedOption holds docs/curl.md against the table, both ways.
func TestThePageListsEveryRefusedOption(t *testing.T) {
	page, err := os.ReadFile("../../docs/curl.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(page), "\n## What is refused\n")
	if !ok {
		t.Fatal("docs/curl.md has no section on what is refused")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	for _, r := range refusals() {
		want := "| " + forms(r.switches+" "+r.values) + " | " + r.why + " | " + r.hint + " |"
		if i := slices.Index(rows, want); i >= 0 {
			rows = slices.Delete(rows, i, i+1)
		} else {
			t.Errorf("docs/curl.md has no row\n%s", want)
		}
	}
	for _, row := range rows {
		t.Errorf("docs/curl.md has a row that is not in the table\n%s", row)
	}
}

func forms(names string) string {
	var out []string
	for name := range strings.FieldsSeq(names) {
		if letter, long, ok := strings.Cut(name, "/"); ok {
			out = append(out, "`-"+letter+"`", "`--"+long+"`")
		} else {
			out = append(out, "`--"+name+"`")
		}
	}
	return strings.Join(out, " ")
}
