package httpx

import (
	"net/http"
	"strings"
)

// maxChallenges bounds what is read of a hostile header.
const maxChallenges = 64

// Challenge is one challenge of WWW-Authenticate (RFC 9110 section 11.6.1). Names of parameters are in lower case;
// of a name that comes twice the first value counts, so that nothing can be appended to override it.
type Challenge struct {
	Scheme  string
	Params  map[string]string
	Token68 string
}

// Is compares the scheme, which is case-insensitive.
func (c Challenge) Is(scheme string) bool { return strings.EqualFold(c.Scheme, scheme) }

// ParseChallenges reads all WWW-Authenticate headers. It is tolerant: what is no challenge is passed over, and a
// header that breaks in the middle gives what was read before.
func ParseChallenges(h http.Header) []Challenge {
	var all []Challenge
	for _, value := range h.Values("WWW-Authenticate") {
		p := challengeParser{rest: value}
		for more := true; more && len(all)+len(p.found) <= maxChallenges; {
			more = p.next()
		}
		all = append(all, p.found...)
	}
	return all[:min(len(all), maxChallenges)]
}

// challengeParser walks one header value. The grammar is ambiguous only on its face: a name followed by "=" and a
// value is a parameter of the challenge before it, any other name begins a challenge.
type challengeParser struct {
	rest  string
	found []Challenge
}

// next takes one element of the list; false at the end.
func (p *challengeParser) next() bool {
	p.rest = strings.TrimLeft(p.rest, " \t,")
	if p.rest == "" {
		return false
	}
	name := p.token()
	if name == "" {
		p.skipElement()
		return true
	}
	if n := len(p.found); n > 0 {
		if value, ok := p.value(); ok {
			p.found[n-1].set(name, value)
			return true
		}
	}
	c := Challenge{Scheme: name, Params: map[string]string{}}
	p.rest = strings.TrimLeft(p.rest, " \t")
	c.Token68 = p.token68()
	p.found = append(p.found, c)
	return true
}

func (c *Challenge) set(name, value string) {
	name = strings.ToLower(name)
	if _, twice := c.Params[name]; !twice {
		c.Params[name] = value
	}
}

// value takes `= token` or `= "quoted"`, or takes nothing.
func (p *challengeParser) value() (string, bool) {
	after, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \t"), "=")
	if !ok {
		return "", false
	}
	p.rest = strings.TrimLeft(after, " \t")
	if strings.HasPrefix(p.rest, `"`) {
		var value string
		value, p.rest = QuotedString(p.rest)
		return value, true
	}
	end := strings.IndexAny(p.rest, ", \t")
	if end < 0 {
		end = len(p.rest)
	}
	value := p.rest[:end]
	p.rest = p.rest[end:]
	return value, true
}

// token68 takes the one blob that schemes such as Negotiate carry, if the element is one and nothing else.
func (p *challengeParser) token68() string {
	end := strings.IndexByte(p.rest, ',')
	if end < 0 {
		end = len(p.rest)
	}
	blob := strings.TrimRight(p.rest[:end], " \t")
	body := strings.TrimRight(blob, "=")
	if body == "" || strings.Trim(body, token68Chars) != "" {
		return ""
	}
	p.rest = p.rest[end:]
	return blob
}

const token68Chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/"

// token takes a token of RFC 9110 section 5.6.2.
func (p *challengeParser) token() string {
	i := 0
	for i < len(p.rest) && IsTokenChar(p.rest[i]) {
		i++
	}
	name := p.rest[:i]
	p.rest = p.rest[i:]
	return name
}

// skipElement passes over garbage to behind the next comma.
func (p *challengeParser) skipElement() {
	if _, after, ok := strings.Cut(p.rest, ","); ok {
		p.rest = after
	} else {
		p.rest = ""
	}
}

// IsTokenChar reports whether c may stand in the name of a header or of a parameter (RFC 9110 section 5.6.2).
func IsTokenChar(c byte) bool {
	return isLetter(c) || isDigit(c) || (c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0)
}
