package config

import "bytes"

// splitLines cuts text behind each end of a line, as the YAML library counts them (YAML 1.1 section 4.1.4): CR, LF and
// CRLF, and the next-line, line-separator and paragraph-separator characters.
func splitLines(data []byte) [][]byte {
	var lines [][]byte
	start := 0
	for i := 0; i < len(data); {
		size := breakAt(data[i:])
		if size == 0 {
			i++
			continue
		}
		i += size
		lines = append(lines, data[start:i])
		start = i
	}
	return append(lines, data[start:])
}

// breakAt is the length of the line end that text begins with, 0 where it begins with none.
func breakAt(text []byte) int {
	for _, end := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(text, []byte(end)) {
			return len(end)
		}
	}
	return 0
}

// lineEnd is what new lines shall end with, beside a line that is there.
func lineEnd(line []byte) string {
	for _, end := range []string{"\r\n", "\r"} {
		if bytes.HasSuffix(line, []byte(end)) {
			return end
		}
	}
	return "\n"
}
