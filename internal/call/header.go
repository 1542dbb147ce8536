package call

import (
	"bufio"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// maxHeaderFile bounds a file of headers.
const maxHeaderFile = 256 << 10

// Headers are the -H flags of a command line.
type Headers struct {
	Set     http.Header
	Spelled Spelling
	Remove  []string
}

// Add reads a header as curl does: "Name: value" sends it, "Name;" sends it empty, "Name:" sends none of that name where
// this program would. The value may be a secret, so no error shows any of it.
func (h *Headers) Add(line string) error {
	line = strings.TrimRight(line, "\r\n")
	name, value, ok := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	empty := false
	if !ok {
		name, empty = strings.CutSuffix(strings.TrimRight(line, " \t"), ";")
	}
	switch name = strings.TrimRight(name, " \t"); {
	case !ok && !empty, !isToken(name):
		return fault.New(fault.Usage, "usage.header", "a header is neither 'Name: value' nor 'Name:' nor 'Name;'").
			Hint("-H 'Accept: application/json'")
	case !isFieldValue(value):
		return fault.New(fault.Usage, "usage.header", "the value of header %s holds a control character", name)
	case value == "" && !empty:
		h.Remove = append(h.Remove, name)
		return nil
	}
	h.put(name, value)
	return nil
}

// Names reports whether a line says anything of the header name, which is canonical: to send it or to leave it out.
func (h *Headers) Names(name string) bool {
	_, set := h.Set[name]
	return set || slices.ContainsFunc(h.Remove, func(removed string) bool { return strings.EqualFold(removed, name) })
}

func (h *Headers) put(name, value string) {
	if h.Set == nil {
		h.Set = http.Header{}
	}
	h.Set.Add(name, value)
	h.Spelled.Note(name)
}

// AddFile reads one header a line, as curl's -H @file does. Empty lines are passed over.
func (h *Headers) AddFile(r io.Reader) error {
	limited := &io.LimitedReader{R: r, N: maxHeaderFile + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxHeaderFile+1)
	for lines.Scan() {
		if line := lines.Text(); strings.Trim(line, " \t\r") != "" {
			if err := h.Add(line); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fault.New(fault.IO, "io.read", "read the headers: %w", err)
	}
	if limited.N <= 0 {
		return fault.New(fault.IO, "io.read", "the file of headers is larger than %d bytes", maxHeaderFile)
	}
	return nil
}

// isFieldValue holds a value to RFC 9110 section 5.5: nothing that ends a header.
func isFieldValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f })
}

// isHost refuses what no host holds, and net/http would send as an empty one.
func isHost(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\"#/<>?@\\^`{|}") }

// checkHeaders refuses the user's headers that would say something else than the request does.
func checkHeaders(req *Request) error {
	for name, values := range req.Header {
		if !isToken(name) {
			return fault.New(fault.Usage, "usage.header", "the name of a header holds what no name may hold")
		}
		for _, value := range values {
			if !isFieldValue(value) {
				return fault.New(fault.Usage, "usage.header", "the value of header %s holds a control character", name)
			}
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if name == "Connection" && len(values) == 1 && (strings.EqualFold(values[0], "close") || strings.EqualFold(values[0], "keep-alive")) {
			continue // connection options have no case (RFC 9110 section 7.6.1)
		}
		if err := checkName(name, req.NoAuth); err != nil {
			return err
		}
		if name == "Host" && (len(values) != 1 || !isHost(values[0])) {
			return fault.New(fault.Usage, "usage.header", "the header Host is not one host").Hint("-H 'Host: api.example.com'")
		}
	}
	for _, name := range req.Remove {
		if strings.EqualFold(name, "Authorization") && !req.NoAuth {
			return fault.New(fault.Usage, "usage.header", "the header Authorization is the token's").Hint("add --no-auth")
		}
	}
	return nil
}

func checkName(name string, anonymous bool) error {
	switch name {
	case "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Upgrade", "Te":
		return fault.New(fault.Usage, "usage.header", "the header %s is made from the request itself", name)
	case "Proxy-Authorization", "Proxy-Connection":
		return fault.New(fault.Usage, "usage.header", "the header %s is for a proxy, not for the API", name).
			Hint("put the proxy's name and password into the proxy setting")
	case "Authorization", "Host":
		if !anonymous {
			return fault.New(fault.Usage, "usage.header", "the header %s goes together with no token", name).
				Hint("add --no-auth")
		}
	}
	return nil
}

// headers puts together what is sent: this program's, the body's, the profile's and the user's, each over the one
// before.
func (c *Client) headers(req *Request) http.Header {
	out := http.Header{"Accept": {"*/*"}, "User-Agent": {c.UserAgent}}
	if req.Compressed {
		out["Accept-Encoding"] = []string{acceptedEncodings}
	}
	for name, values := range req.Implied {
		out[textproto.CanonicalMIMEHeaderKey(name)] = values
	}
	spelled := req.Spelled
	if !req.NoAuth && len(c.Headers) > 0 {
		var own Headers
		for _, h := range c.Headers {
			own.put(h.Name, h.Value.Reveal())
		}
		maps.Copy(out, own.Set)
		spelled = maps.Clone(spelled).Or(own.Spelled)
	}
	for _, name := range req.Remove {
		out.Del(name)
	}
	for name, values := range req.Header {
		out[textproto.CanonicalMIMEHeaderKey(name)] = values
	}
	keepBoundary(out, req.Implied)
	req.rest.ask(out)
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = []string{""} // else net/http sends its own
	}
	spelled.apply(out)
	return out
}

// keepBoundary gives the type that somebody chose for a form the boundary between its parts, as curl does: without it
// nobody can read the form.
func keepBoundary(out, implied http.Header) {
	_, boundary, isForm := strings.Cut(implied.Get("Content-Type"), boundaryParameter)
	chosen := out.Get("Content-Type")
	if isForm && chosen != "" && !strings.Contains(strings.ToLower(chosen), "boundary=") {
		out.Set("Content-Type", chosen+boundaryParameter+boundary)
	}
}
