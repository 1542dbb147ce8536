package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/sandbox"
)

// TestEveryLineOfTheCookbookWorks runs each section's lines in a shell of their own, which stops at the first one that
// fails, against one sandbox.
func TestEveryLineOfTheCookbookWorks(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("NOT RUN: the cookbook is written for a POSIX shell, and there is none")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "cookbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	box, err := sandbox.Start(ctx, home, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home, "AUTHCTL_CONFIG=" + box.ProfilesPath(),
		"AUTHCTL_STORAGE=file", "DBUS_SESSION_BUS_ADDRESS=",
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if tasks := strings.Count(string(text), "\n## "); tasks < 20 || len(blocks) < tasks {
		t.Fatalf("%d tasks with %d blocks", tasks, len(blocks))
	}
	for _, block := range blocks {
		name, _, _ := strings.Cut(block[1], "\n")
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(ctx, shell, "-e", "-c", block[1])
			cmd.Env, cmd.Dir = env, t.TempDir()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, block[1], out)
			}
		})
	}
}
