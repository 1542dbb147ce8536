package page

import (
	"net/http"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
)

// maxLinks bounds what is read of a hostile header.
const maxLinks = 256

// nextLink gives the target of the first link of relation next in the Link headers (RFC 8288 section 3), as the server
// wrote it, or "". A link about another resource than the page (anchor) says nothing of the page.
func nextLink(h http.Header) string {
	for _, value := range h.Values("Link") {
		p := linkParser{rest: value}
		for range maxLinks {
			target, params, ok := p.next()
			if !ok {
				break
			}
			if hasRel(params["rel"], "next") && params["anchor"] == "" && target != "" {
				return target
			}
		}
	}
	return ""
}

// hasRel looks for a name in a blank-separated list of relation types, which are case-insensitive (section 2.1.1).
func hasRel(list, name string) bool {
	for _, rel := range strings.Fields(list) {
		if strings.EqualFold(rel, name) {
			return true
		}
	}
	return false
}

// linkParser walks one header value. It is tolerant: what is no link is passed over.
type linkParser struct{ rest string }

// next takes one link-value: <target> and its parameters, whose names are in lower case and of which the first of a
// name counts (section 3.3 says so of rel).
func (p *linkParser) next() (target string, params map[string]string, ok bool) {
	for {
		p.rest = strings.TrimLeft(p.rest, " \t,;")
		switch {
		case p.rest == "":
			return "", nil, false
		case p.rest[0] != '<':
			p.skip()
			continue
		}
		end := strings.IndexByte(p.rest, '>')
		if end < 0 {
			return "", nil, false
		}
		target, p.rest = strings.TrimSpace(p.rest[1:end]), p.rest[end+1:]
		return target, p.params(), true
	}
}

// skip passes over garbage: up to the next comma that is not inside a quoted string.
func (p *linkParser) skip() {
	for p.rest != "" && p.rest[0] != ',' {
		if p.rest[0] == '"' {
			_, p.rest = httpx.QuotedString(p.rest)
		} else {
			p.rest = p.rest[1:]
		}
	}
}

// params takes `; name=value` pairs up to the comma that ends the link.
func (p *linkParser) params() map[string]string {
	params := map[string]string{}
	for {
		p.blanks()
		if p.rest == "" || p.rest[0] == ',' {
			return params
		}
		if p.rest[0] != ';' {
			p.skip()
			return params
		}
		p.rest = p.rest[1:]
		p.blanks()
		name := strings.ToLower(p.word())
		p.blanks()
		value := ""
		if after, ok := strings.CutPrefix(p.rest, "="); ok {
			p.rest = after
			p.blanks()
			value = p.value()
		}
		if _, twice := params[name]; !twice && name != "" {
			params[name] = value
		}
	}
}

func (p *linkParser) blanks() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *linkParser) word() string {
	i := 0
	for i < len(p.rest) && httpx.IsTokenChar(p.rest[i]) {
		i++
	}
	word := p.rest[:i]
	p.rest = p.rest[i:]
	return word
}

// value takes a quoted string, or what stands before the next separator: servers leave quotes out of URLs too.
func (p *linkParser) value() string {
	if strings.HasPrefix(p.rest, `"`) {
		var value string
		value, p.rest = httpx.QuotedString(p.rest)
		return value
	}
	end := strings.IndexAny(p.rest, ",; \t")
	if end < 0 {
		end = len(p.rest)
	}
	value := p.rest[:end]
	p.rest = p.rest[end:]
	return value
}
