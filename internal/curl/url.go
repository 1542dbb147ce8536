package curl

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// resolve makes every URL whole, in the one spelling that leaves curl nothing to guess, and holds it to the origins.
func (s *scan) resolve() error {
	for _, i := range s.urls {
		u, text, err := s.resolveOne(s.plan.Args[i])
		if err != nil {
			return err
		}
		s.plan.Args[i] = text
		s.plan.URLs = append(s.plan.URLs, u)
	}
	return nil
}

func (s *scan) resolveOne(raw string) (*url.URL, string, error) {
	if scheme, _, ok := strings.Cut(raw, "://"); !strings.HasPrefix(raw, "/") && (!ok || !isWord(scheme)) {
		return nil, "", fault.New(fault.Policy, "policy.url", "a URL begins neither with / nor with https://: curl would guess what it means").
			Hint("give a path below base_url, such as /v1/things, or a whole URL")
	}
	plain, globs := raw, []glob(nil)
	if !s.globoff {
		var err error
		if plain, globs, err = takeGlobs(raw); err != nil {
			return nil, "", err
		}
	}
	u, err := httpx.Resolve(s.BaseURL, plain)
	if err != nil {
		return nil, "", err
	}
	origin, err := httpx.OriginOf(u)
	if err == nil {
		err = s.Origins.Check(origin)
	}
	if err != nil {
		e := fault.From(err)
		e.Hints = nil // those of a call
		return nil, "", e.Hint("add it to allowed_origins if it may see the token, or run curl itself")
	}
	text := u.String()
	for _, g := range globs {
		text = strings.Replace(text, g.mark, g.text, 1)
	}
	return u, text, nil
}

// glob is a set {a,b} or a range [1-9] of a path, and what stands for it while the path is resolved.
type glob struct{ mark, text string }

// takeGlobs puts a mark in the place of each glob of the path. One in the host is refused: its expansions are servers
// that nobody looked at. Those of the query stay, since a query cannot change where a request goes.
func takeGlobs(raw string) (string, []glob, error) {
	start := 0
	if _, rest, ok := strings.Cut(raw, "://"); ok && !strings.HasPrefix(raw, "/") {
		start = len(raw) - len(rest)
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			start += end
		} else {
			start = len(raw)
		}
		if host := strings.TrimPrefix(raw[len(raw)-len(rest):start], "["); strings.ContainsAny(host, "{}[") {
			return "", nil, fault.New(fault.Policy, "policy.url", "the host of a URL holds a glob").
				Hint("name each server in a URL of its own")
		}
	}
	letters := "g" // no digit of an escape, so that a mark cannot complete one
	for strings.Contains(raw, letters) {
		letters += "g"
	}
	var out strings.Builder
	var globs []glob
	out.WriteString(raw[:start])
	for i := start; i < len(raw); {
		if strings.IndexByte("?#", raw[i]) >= 0 {
			out.WriteString(raw[i:])
			break
		}
		size, err := globAt(raw[i:])
		switch {
		case err != nil:
			return "", nil, err
		case size == 0:
			out.WriteByte(raw[i])
			i++
		default:
			g := glob{mark: fmt.Sprintf("%s%dq", letters, len(globs)), text: raw[i : i+size]}
			out.WriteString(g.mark)
			globs = append(globs, g)
			i += size
		}
	}
	return out.String(), globs, nil
}

// globAt gives the length of the glob that s begins with, 0 where it begins with none. "[]" is none to curl.
func globAt(s string) (int, error) {
	closing := "}"
	switch {
	case strings.HasPrefix(s, "[]"):
		return 0, nil
	case s[0] == '[':
		closing = "]"
	case s[0] != '{':
		return 0, nil
	}
	inside, _, ok := strings.Cut(s[1:], closing)
	if !ok {
		return 0, usage("a { or [ of a URL is not closed").Hint("-g takes them as they are")
	}
	// An expansion must be harmless wherever it stands: it makes no dot segment and completes no escape.
	for part := range strings.SplitSeq(inside, ",") {
		if part == "" || strings.Trim(part, ".") != part || strings.Trim(part, globChars) != "" {
			return 0, refuse("a glob of a URL's path holds more than letters, digits and what stands between them").
				Hint("write each URL out, or -g to take { and [ as they are")
		}
	}
	return len(inside) + 2, nil
}

const globChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~:"

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}
