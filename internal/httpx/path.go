package httpx

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDecodings bounds how often a path is decoded in search of hidden dots; a path that still changes is refused.
const maxDecodings = 8

// cleanPath removes plain dot segments (RFC 3986 section 5.2.4), escapes what a path may not hold, and refuses a path
// that climbs above its beginning or that hides a dot segment from this program but not from some server: behind
// percent-escapes of any depth, backslashes, or path parameters ("..;x").
func cleanPath(path string) (string, error) {
	if !utf8.ValidString(path) || strings.ContainsFunc(path, isBlankOrControl) {
		return "", badURL("the path holds a blank, a control character or bytes that are no UTF-8")
	}
	if strings.Contains(path, "\\") {
		return "", badURL("the path holds a backslash, which some servers read as a slash")
	}
	path, err := removeDotSegments(path)
	if err != nil {
		return "", err
	}
	path = escapePath(path)
	return path, checkHidden(path)
}

// removeDotSegments resolves "." and "..". Depth counts segments that are not empty, since some servers merge slashes.
func removeDotSegments(path string) (string, error) {
	if !strings.Contains(path, ".") {
		return path, nil
	}
	segments := strings.Split(path, "/")
	var out []string
	depth, floor := 0, 0
	if segments[0] == "" {
		floor = 1 // the slash that the path begins with
	}
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".":
		case "..":
			if depth--; depth < 0 || len(out) <= floor {
				return "", badURL("the path climbs above base_url")
			}
			out = out[:len(out)-1]
		default:
			if out = append(out, segment); segment != "" {
				depth++
			}
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return strings.Join(out, "/"), nil
}

// checkHidden decodes path until nothing changes and looks at each stage for what a server could take as a dot
// segment or a control character. It refuses 0xC0 and 0xC1 too, which only overlong forms of ASCII begin with.
func checkHidden(path string) error {
	for range maxDecodings {
		for _, segment := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			name, _, _ := strings.Cut(segment, ";")
			if name == "." || name == ".." {
				return badURL("the path hides a dot segment behind an escape")
			}
		}
		decoded := decodeEscapes(path)
		if decoded == path {
			return nil
		}
		for i := range len(decoded) {
			if c := decoded[i]; c < ' ' || c == 0x7f || c == 0xc0 || c == 0xc1 {
				return badURL("the path hides a control character behind an escape")
			}
		}
		path = decoded
	}
	return badURL("the path is percent-encoded too many times over")
}

// decodeEscapes decodes each well-formed escape once and leaves everything else.
func decodeEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if plain, err := url.PathUnescape(s[i : i+3]); err == nil {
				out = append(out, plain...)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// escapePath escapes each byte that RFC 3986 does not allow in a path, and nothing else, so that net/url has no reason
// to write the path anew and thereby to lose an escaped slash.
func escapePath(path string) string {
	var out strings.Builder
	for i := range len(path) {
		if c := path[i]; isLetter(c) || isDigit(c) || strings.IndexByte("-._~!$&'()*+,;=:@/%", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

func isBlankOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
