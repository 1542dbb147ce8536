package call

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// Preview is the request as it would be sent, without the token, without what may be secret in headers and queries, and
// without having read a file or standard input. What may not be sent is refused as by [Client.Do].
func (c *Client) Preview(req *Request) (string, error) {
	if err := c.check(req); err != nil {
		return "", err
	}
	var out strings.Builder
	trace := Trace(func(line string) { out.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, ">"), " ") + "\n") })
	header := c.headers(req)
	host := req.URL.Host
	if own := header.Get("Host"); own != "" {
		host = own
	}
	header.Del("Host")
	if !req.NoAuth && c.Source != nil {
		scheme := "Bearer "
		if c.Bound {
			scheme = "DPoP "
			header[httpx.ProofHeader] = []string{secret.Redacted}
		}
		header.Set("Authorization", scheme+secret.Redacted)
	}
	fmt.Fprintf(&out, "%s %s HTTP/1.1\nHost: %s\n", req.method(), httpx.Visible(hideParameters(req.URL)), httpx.Visible(host))
	trace.headers("> ", header, c.secretNames(req))
	for _, file := range req.Unread {
		out.WriteString("[@" + httpx.Visible(file) + "]\n")
	}
	body, size := describe(req.Body)
	if size >= 0 && req.Body != nil {
		fmt.Fprintf(&out, "Content-Length: %d\n", size)
	}
	out.WriteString("\n")
	if body != "" {
		out.WriteString(body + "\n")
	}
	return out.String(), nil
}

// hideParameters is the target of a request without the values of parameters whose names sound secret.
func hideParameters(u *url.URL) string {
	target, query, ok := strings.Cut(u.RequestURI(), "?")
	if !ok {
		return target
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && isSecretParameter(name) {
			pairs[i] = name + "=" + secret.Redacted
		}
	}
	return target + "?" + strings.Join(pairs, "&")
}

func isSecretParameter(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	return isSecretName(name) || name == "code" || name == "sig" || name == "state" || strings.Contains(name, "pwd")
}

// describe is a body as far as it was typed, and how long it is; -1 where a file is part of it.
func describe(b Body) (string, int) {
	switch b := b.(type) {
	case Text:
		return string(b), len(b)
	case *fileBody:
		return "[@" + b.path + "]", -1
	case *streamBody:
		return "[standard input]", -1
	case joined:
		all, total := "", 0
		for _, part := range b {
			text, size := describe(part)
			if all += text; size < 0 || total < 0 {
				total = -1
			} else {
				total += size
			}
		}
		return all, total
	}
	return "", 0
}
