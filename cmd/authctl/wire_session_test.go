package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestWhatAProfileNamesAsAFileIsASmallFile(t *testing.T) {
	dir := t.TempDir()
	good, big := filepath.Join(dir, "good"), filepath.Join(dir, "big")
	for path, size := range map[string]int{good: 1 << 20, big: 1<<20 + 1} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := readFile(good); err != nil || len(data) != 1<<20 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	for _, path := range []string{big, dir, filepath.Join(dir, "none"), os.DevNull} {
		if _, err := readFile(path); !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
