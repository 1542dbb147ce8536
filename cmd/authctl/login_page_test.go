package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryProfileOfTheLoginPageLoads(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "login.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d blocks of profiles", len(blocks))
	}
	for _, block := range blocks {
		file := filepath.Join(t.TempDir(), "profiles.yaml")
		if err := os.WriteFile(file, []byte(block[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "authctl", "profile", "validate", "--config", file).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "no mistakes") {
			t.Errorf("%v\n%s%s", err, block[1], out)
		}
	}
}
