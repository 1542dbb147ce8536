package relay

import (
	"bytes"
	"slices"
	"strconv"
)

// head is a request or an answer as it stands on the wire, cut into lines and not yet understood. Its bytes belong to
// the reader that they came from.
type head struct {
	first  []byte   // the request line or status line
	fields [][]byte // without line ends, checked to be "name:value"
	size   int      // with the empty line at the end
}

// maxFields is more than programs send; who sends more is served by net/http.
const maxFields = 64

// cut reads a head at the beginning of data. It knows the one spelling that everybody writes, and takes nothing else:
// lines end in CR LF, no line is folded, names are tokens, values hold no control character but TAB.
func (h *head) cut(data []byte) bool {
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		return false
	}
	h.size, h.fields = end+4, h.fields[:0]
	rest := data[:end+2]
	for n := 0; len(rest) > 0; n++ {
		i := bytes.IndexByte(rest, '\n')
		if i < 1 || rest[i-1] != '\r' || n > maxFields {
			return false
		}
		line := rest[:i-1]
		rest = rest[i+1:]
		switch {
		case !isVisible(line):
			return false
		case n == 0:
			h.first = line
		case !isField(line):
			return false
		default:
			h.fields = append(h.fields, line)
		}
	}
	return h.first != nil
}

// isVisible refuses controls but TAB.
func isVisible(line []byte) bool {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isField wants a name of letters, digits and hyphens right before the colon.
func isField(line []byte) bool {
	for i, c := range line {
		switch {
		case c == ':':
			return i > 0
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return false
}

// field gives the name in lower case, in the room of buffer, and the value without blanks around it.
func field(line, buffer []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	buffer = append(buffer[:0], line[:i]...)
	for k, c := range buffer {
		if 'A' <= c && c <= 'Z' {
			buffer[k] = c | 0x20
		}
	}
	return buffer, bytes.Trim(line[i+1:], " \t")
}

// fate is what becomes of a header on the short way.
type fate uint8

const (
	passed    fate = iota // goes on as it is
	dropped               // stays here
	withdrawn             // the message is one for net/http
)

// fateOfRequest follows isKept and hopByHop, and leaves to net/http what a page sent and what says more than "keep this
// connection".
func fateOfRequest(name, value []byte) fate {
	switch string(name) {
	case "authorization", "forwarded", "x-real-ip", "referer", "keep-alive":
		return dropped
	case "connection":
		if bytes.EqualFold(value, []byte("keep-alive")) {
			return dropped
		}
		return withdrawn
	case "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "origin":
		return withdrawn
	}
	switch {
	case bytes.HasPrefix(name, []byte("sec-")):
		return withdrawn
	case bytes.HasPrefix(name, []byte("proxy-")), bytes.HasPrefix(name, []byte("x-forwarded-")):
		return dropped
	}
	return passed
}

// fateOfAnswer leaves to net/http what must be rewritten and what has no length.
func fateOfAnswer(name, value []byte) fate {
	switch string(name) {
	case "keep-alive", "alt-svc", "proxy-connection", "proxy-authenticate", "proxy-authorization":
		return dropped
	case "connection":
		if bytes.EqualFold(value, []byte("keep-alive")) {
			return dropped
		}
		return withdrawn
	case "transfer-encoding", "trailer", "upgrade", "te", "location", "content-location", "set-cookie":
		return withdrawn
	}
	if bytes.HasPrefix(name, []byte("access-control-")) {
		return dropped
	}
	return passed
}

// status reads a status line of HTTP/1.1; 0 is none.
func (h *head) status() int {
	const before = "HTTP/1.1 "
	if len(h.first) < len(before)+4 || string(h.first[:len(before)]) != before || h.first[len(before)+3] != ' ' {
		return 0
	}
	n, err := strconv.ParseUint(string(h.first[len(before):len(before)+3]), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// isSimpleTarget reports whether a path means the same to every server: letters, digits and a few signs in segments
// that do not begin with a dot, and behind the question mark whatever is printed.
func isSimpleTarget(target []byte) bool {
	path, query, _ := bytes.Cut(target, []byte("?"))
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	for i, c := range path {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '~':
		case c == '/' || c == '.':
			if i > 0 && path[i-1] == '/' {
				return false
			}
		default:
			return false
		}
	}
	return !slices.ContainsFunc(query, func(c byte) bool { return c <= ' ' || c >= 0x7f || c == '#' })
}
