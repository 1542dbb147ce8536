package cli

import (
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/words"
)

// keptAnyway reports whether a line of -H would leave out what a call sends all the same, since nobody could read the
// request without it. curl leaves it out.
func keptAnyway(line string) bool {
	name, value, _ := strings.Cut(line, ":")
	if strings.TrimSpace(value) != "" {
		return false
	}
	switch textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) {
	case "Host", "Content-Length", "Transfer-Encoding":
		return true
	}
	return false
}

// curlSeconds writes a time as curl reads it.
func curlSeconds(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// shellPath is a path as profiles.yaml writes it, where ~/ is the user's home and what is relative lies in its folder.
func shellPath(folder, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return `"$HOME"/` + words.Quote(rest)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	return words.Quote(path)
}

// inDoubleQuotes is the name of a header where a shell would take $ and ` for its own.
func inDoubleQuotes(name string) string {
	return strings.NewReplacer("$", `\$`, "`", "\\`").Replace(name)
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
