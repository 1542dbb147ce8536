package httpx

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatATerminalWouldObeyIsShownInstead(t *testing.T) {
	for in, want := range map[string]string{
		"plain text\n\tüñ€😀":       "plain text\n\tüñ€😀",
		"\x1b]0;pwn\a":             `\x1b]0;pwn\x07`,
		"a\rb\x00\x7f":             `a\x0db\x00\x7f`,
		"\u009b31m":                `\u009b31m`,
		"\u202etxt.exe\u2066":      `\u202etxt.exe\u2066`,
		"a\u200bb\ufeffc\u00add":   `a\u200bb\ufeffc\u00add`,
		"\u2028\u2029\u061c\u180e": `\u2028\u2029\u061c\u180e`,
		"\xff\xc3(\xe2\x82":        `\xff\xc3(\xe2\x82`,
		"\U000e0041":               `\U000e0041`,
		"\ufffd":                   "\ufffd",
		`\x1b`:                     `\x1b`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestACharacterSplitOverWritesIsWhole(t *testing.T) {
	const in = "a€😀\u202e\x1b\xffü\xe2\x82"
	for size := 1; size <= len(in); size++ {
		var out bytes.Buffer
		w := VisibleWriter(&out)
		for rest := []byte(in); len(rest) > 0; {
			n := min(size, len(rest))
			if written, err := w.Write(rest[:n]); written != n || err != nil {
				t.Fatal(written, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if out.String() != Visible(in) {
			t.Errorf("pieces of %d: %q, want %q", size, &out, Visible(in))
		}
	}
}

type maskFunc func(string) string

func (f maskFunc) Text(s string) string { return f(s) }

func TestAnExcerptMasksBeforeItCutsAndStaysOnOneLine(t *testing.T) {
	mask := maskFunc(func(s string) string { return strings.ReplaceAll(s, "SECRET\x1bVALUE", "[redacted]") })
	long := strings.Repeat("é", 505) + "SECRET\x1bVALUE" + strings.Repeat("x", 100)
	got := Excerpt(long, mask)
	if strings.Contains(got, "SECRET") || utf8.RuneCountInString(got) != 512 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters: %q", utf8.RuneCountInString(got), got)
	}
	if got := Excerpt(" a\r\n\tauthctl: hint: x\rb \n", nil); got != `a authctl: hint: x\x0db` {
		t.Errorf("%q", got)
	}
	if exact := strings.Repeat("x", 512); Excerpt(exact, nil) != exact {
		t.Error("a text of 512 characters is cut")
	}
}

func FuzzVisibleLeavesNothingForbidden(f *testing.F) {
	f.Add("plain", 1)
	f.Add("\x1b[31m\u009b\u202e\u200b\xff\xe2\x82\xf0\x9f\x98", 2)
	f.Fuzz(func(t *testing.T, in string, size int) {
		out := Visible(in)
		if !utf8.ValidString(out) || strings.ContainsFunc(out, isForbidden) {
			t.Fatalf("Visible(%q) = %q", in, out)
		}
		if Visible(out) != out {
			t.Fatalf("not idempotent: %q", in)
		}
		var streamed bytes.Buffer
		w := VisibleWriter(&streamed)
		for rest := []byte(in); len(rest) > 0; {
			n := min(max(size, 1), len(rest))
			_, _ = w.Write(rest[:n])
			rest = rest[n:]
		}
		_ = w.Close()
		if streamed.String() != out {
			t.Fatalf("streamed %q, whole %q", &streamed, out)
		}
	})
}
