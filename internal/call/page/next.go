package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/shape"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Next finds the next page in the body of a page: its URL, or a cursor that goes into a query parameter.
type Next struct {
	query *shape.Query
	param string // where a cursor goes; empty: only URLs are taken
	named bool   // it is clear that a cursor is meant, though it may begin as a path does
}

// ParseNext reads the name of a member ("next", "meta.next_cursor", "@odata.nextLink") or a jq expression. Param is the
// query parameter of a cursor; where it is empty, it is the member's name without a leading "next".
func ParseNext(expr, param string) (*Next, error) {
	named := param != ""
	if names := memberNames(expr); names != nil {
		var path strings.Builder
		path.WriteByte('.')
		for _, name := range names {
			quoted, err := json.Marshal(name)
			if err != nil {
				return nil, err
			}
			path.WriteString("[" + string(quoted) + "]?")
		}
		expr = path.String()
		if param == "" {
			param = cursorParam(names[len(names)-1])
			lower := strings.ToLower(param)
			named = strings.Contains(lower, "cursor") || strings.Contains(lower, "token")
		}
	}
	query, err := shape.ParseQuery("--next", expr)
	if err != nil {
		return nil, err
	}
	return &Next{query, param, named}, nil
}

// memberNames splits a path of plain names; nil for anything else, which is jq. OData's names hold dots of their own.
func memberNames(expr string) []string {
	expr = strings.TrimPrefix(expr, ".")
	names := strings.Split(expr, ".")
	if strings.HasPrefix(expr, "@") {
		names = []string{expr}
	}
	for _, name := range names {
		plain := func(r rune) bool { return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }
		if name = strings.TrimPrefix(name, "@"); name == "" || strings.TrimFunc(name, func(r rune) bool { return plain(r) || r == '.' }) != "" {
			return nil
		}
	}
	return names
}

// cursorParam turns next_cursor to cursor and nextPageToken to pageToken; of next alone nothing is left.
func cursorParam(name string) string {
	rest, ok := strings.CutPrefix(name, "next")
	if !ok {
		return name
	}
	rest = strings.TrimLeft(rest, "_-")
	if rest == "" {
		return ""
	}
	return strings.ToLower(rest[:1]) + rest[1:]
}

// find gives the URL of the page after current, nil behind the last one.
func (n *Next) find(ctx context.Context, current *url.URL, value any) (*url.URL, error) {
	for result, err := range n.query.Values(ctx, value) {
		if err != nil {
			return nil, err
		}
		switch v := result.(type) {
		case nil:
			return nil, nil
		case string:
			return n.target(current, v, true)
		case int, float64, json.Number:
			return n.target(current, fmt.Sprint(v), false)
		case bool:
			if !v {
				return nil, nil
			}
		}
		return nil, n.unusable("it is neither text nor a number")
	}
	return nil, nil
}

// target makes a URL of what the body holds. Text that begins as a URL or a path does is one.
func (n *Next) target(current *url.URL, text string, isText bool) (*url.URL, error) {
	switch {
	case text == "":
		return nil, nil
	case isText && (strings.Contains(text, "://") || !n.named && (text[0] == '/' || text[0] == '?')):
		return resolve(current, text)
	case n.param == "":
		return nil, n.unusable("it is no URL, and no query parameter for a cursor is named").Hint("--next-param cursor")
	}
	u := *current
	u.RawQuery = withoutParam(u.RawQuery, n.param)
	return &u, call.AddQuery(&u, []string{n.param + "=" + text})
}

func (n *Next) unusable(why string) *fault.Error {
	return fault.New(fault.Protocol, "protocol.page", "what --next names cannot lead to a page: %s", why)
}

// withoutParam takes a parameter out of a query and leaves the rest to the byte.
func withoutParam(query, name string) string {
	var kept []string
	for _, pair := range strings.Split(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); pair != "" && (err != nil || plain != name) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// linked gives the URL of the page that the Link header names, nil without one.
func linked(current *url.URL, h http.Header) (*url.URL, error) {
	target := nextLink(h)
	if target == "" {
		return nil, nil
	}
	return resolve(current, target)
}

// resolve reads a server's reference relative to the page that it stands on (RFC 3986 section 5), by the rules that a
// user's own URL is held to.
func resolve(current *url.URL, ref string) (*url.URL, error) {
	if strings.ContainsRune(ref, '\\') || strings.ContainsFunc(ref, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, fault.New(fault.Policy, "policy.page", "the next page's URL holds a backslash, a blank or a control character")
	}
	ref, _, _ = strings.Cut(ref, "#")
	parsed, err := url.Parse(ref)
	if err != nil || parsed.Opaque != "" {
		return nil, fault.New(fault.Policy, "policy.page", "what should be the next page's URL is none")
	}
	if !parsed.IsAbs() {
		ref = current.ResolveReference(parsed).String()
	}
	u, err := httpx.Resolve("", ref)
	if err != nil {
		f := httpx.Failure(err)
		return nil, f.Doing("resolve the next page's URL")
	}
	return u, nil
}
