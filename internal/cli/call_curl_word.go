package cli

import (
	"strconv"
	"strings"
	"time"
)

// curlSeconds writes a time as curl reads it.
func curlSeconds(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// word quotes a word for the shell where it needs to be.
func word(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:,@%+=", r)
	}
	if s != "" && !strings.HasPrefix(s, "=") && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return shellWord(s)
}

// shellPath is a path as the profile file writes it, where ~/ is the user's home.
func shellPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return `"$HOME"/` + word(rest)
	}
	return word(path)
}

// isShellName reports whether a shell can have a variable of that name.
func isShellName(s string) bool {
	for i, r := range s {
		if r != '_' && (r|0x20 < 'a' || r|0x20 > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
