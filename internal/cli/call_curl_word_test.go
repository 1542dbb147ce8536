package cli

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/words"
)

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

func TestTheNameOfAHeaderIsNoCode(t *testing.T) {
	t.Parallel()
	if got := inDoubleQuotes("X-$HOME-`id`!"); got != "X-\\$HOME-\\`id\\`!" {
		t.Error(got)
	}
}

func TestAFileOfTheProfileIsNamedForAnyFolder(t *testing.T) {
	t.Parallel()
	if got := shellPath("/etc/authctl", "~/a b"); got != `"$HOME"/'a b'` {
		t.Error(got)
	}
	if got := shellPath("/etc/authctl", "../near"); got != words.Quote(filepath.Join("/etc", "near")) {
		t.Error(got)
	}
}
