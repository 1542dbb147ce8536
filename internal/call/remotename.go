package call

import (
	"net/url"
	"path"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// maxName is what file systems take for one name, less what a part's name adds.
const maxName = 200

// RemoteName is the file that -O writes: the last segment of the URL's path, as it stands there. What could be a path, a
// device or a hidden file is refused, and what the server would like to call it is never asked.
func RemoteName(u *url.URL) (string, error) {
	name := path.Base(u.EscapedPath())
	switch {
	case strings.HasSuffix(u.EscapedPath(), "/"), name == "" || name == "." || name == "/":
		return "", badName("the URL's path ends in no name for a file")
	case strings.HasPrefix(name, "."):
		return "", badName("the URL's path ends in the name of a hidden file")
	case strings.HasPrefix(name, "-"):
		return "", badName("the URL's path ends in a name that commands would take for an option")
	case len(name) > maxName:
		return "", badName("the URL's path ends in a name that is too long for a file")
	case strings.ContainsAny(name, `/\:*?"<>|`) || !isFieldValue(name) || strings.HasSuffix(name, "."):
		return "", badName("the URL's path ends in a name that is none on every system")
	case isDevice(name):
		return "", badName("the URL's path ends in the name of a device")
	}
	return name, nil
}

func badName(text string) *fault.Error {
	return fault.New(fault.Usage, "usage.remote_name", "%s", text).Hint("name the file: -o FILE")
}

// isDevice knows the names that Windows opens as devices in any folder, with any extension.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch stem = strings.TrimRight(stem, " "); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	if len(stem) != 4 || !strings.HasPrefix(stem, "COM") && !strings.HasPrefix(stem, "LPT") {
		return false
	}
	return '0' <= stem[3] && stem[3] <= '9'
}
