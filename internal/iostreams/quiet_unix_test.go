//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package iostreams

import (
	"os"
	"testing"
)

func TestABackspaceErases(t *testing.T) {
	for typed, want := range map[string]string{"abc": "abc", "abd\bc": "abc", "\b\ba": "a", "ab\b\b\b": ""} {
		if got := string(erased([]byte(typed))); got != want {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

func TestASecretIsReadFromNothingButATerminal(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), out.Close() }()
	if line, err := readQuiet(in); err == nil {
		t.Errorf("%q", line)
	}
}
