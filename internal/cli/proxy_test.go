package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestTheProxysPagesNameFlagsThatExist(t *testing.T) {
	cmd := newProxy(&globals{})
	others := []string{ // the program's own and those of other programs in the recipes
		"--profile", "--config", "--no-input", "--error-format", "--rm", "--user", "--network", "--unix-socket", "--account",
	}
	for _, page := range []string{"../../docs/proxy.md", "../../docs/sidecar.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, flag := range regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(string(text), -1) {
			if cmd.Flags().Lookup(flag[2:]) == nil && !slices.Contains(others, flag) {
				t.Errorf("%s: %s", page, flag)
			}
		}
	}
}

func TestAPathSecretCannotBeGuessedOrMisread(t *testing.T) {
	for text, ok := range map[string]bool{
		strings.Repeat("a", 22): true, "0123456789abcdefABCDEF-_": true, strings.Repeat("a", 256): true,
		"": false, strings.Repeat("a", 21): false, strings.Repeat("a", 257): false,
		strings.Repeat("a", 22) + "/": false, strings.Repeat("a", 22) + "%41": false, strings.Repeat("a", 22) + " ": false,
		strings.Repeat("a", 22) + "?": false, "." + strings.Repeat("a", 22): false, strings.Repeat("ä", 22): false,
	} {
		if err := checkPathSecret(text); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "aaaa") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestProxyOptionsThatContradictAreRefused(t *testing.T) {
	for name, o := range map[string]proxyOptions{
		"a secret and none":    {pathSecret: "env:S", noPathSecret: true},
		"a secret of a socket": {listen: "unix:/tmp/s", pathSecret: "env:S"},
		"a wildcard origin":    {allowedOrigins: []string{"https://*.example.com"}},
		"a null origin":        {allowedOrigins: []string{"null"}},
		"a negative time":      {drainTimeout: -1},
	} {
		if err := o.check(); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
