package httpx

import "strings"

// QuotedString takes the quoted string (RFC 9110 section 5.6.4) that text begins with, its quoted pairs resolved, and
// gives what stands behind it. One without an end goes to the end of the text. The first byte is not looked at.
func QuotedString(text string) (value, rest string) {
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return out.String(), text[i+1:]
		case c == '\\' && i+1 < len(text):
			i++
			out.WriteByte(text[i])
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), ""
}
