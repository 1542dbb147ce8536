package profile

import (
	"strings"
	"time"
)

const (
	shortestAssertion = time.Second
	longestAssertion  = time.Hour
	highestPort       = 65535
)

// checkRedirect holds the parts of a redirect URI on this machine (RFC 8252 section 7.3) to what a browser sends back
// unchanged.
func (p *Profile) checkRedirect() *KeyError {
	path := p.Redirect.Path
	switch {
	case p.Redirect.Port < 0 || p.Redirect.Port > highestPort:
		return &KeyError{Key: "redirect_port", Reason: "must be a port from 1 to 65535, or 0 for any"}
	case path == "":
		return nil
	case path[0] != '/':
		return &KeyError{Key: "redirect_path", Reason: "must begin with a slash", Hint: "redirect_path: /callback"}
	case !plainPath(path):
		return &KeyError{Key: "redirect_path", Reason: "must be a plain path: letters, digits, and - . _ ~ between slashes"}
	}
	return nil
}

// plainPath knows paths that no client spells in another way: unreserved characters of RFC 3986, no empty and no dot
// segment but for a slash at the end.
func plainPath(path string) bool {
	if path == "/" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		other := strings.ContainsFunc(segment, func(r rune) bool {
			return r > '~' || !alphanumeric(byte(r)) && strings.IndexByte("-._~", byte(r)) < 0
		})
		if other || segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

func (p *Profile) checkAssertions() *KeyError {
	if e := p.Assertion.check("assertion"); e != nil {
		return e
	}
	return p.ClientAssertion.check("client_assertion")
}

// check holds what the members of an assertion demand of one another; which of them a client authentication can use is
// for the provider to say.
func (a Assertion) check(key string) *KeyError {
	said := a.Said()
	switch {
	case !a.JWT.IsZero() && len(said) > 1:
		return &KeyError{
			Key: key + "." + said[1], Reason: "cannot stand beside jwt, which is a whole assertion already",
			Hint: "remove one of the two",
		}
	case !a.Passphrase.IsZero() && a.Key.IsZero():
		return &KeyError{Key: key + ".passphrase", Reason: "needs key beside it"}
	case a.TTL != 0 && (a.TTL < shortestAssertion || a.TTL > longestAssertion):
		return &KeyError{Key: key + ".ttl", Reason: "must be at least 1s and at most 1h"}
	}
	return nil
}

func (p *Profile) checkTokenInputs() *KeyError {
	if e := p.SubjectToken.check("subject_token"); e != nil {
		return e
	}
	return p.ActorToken.check("actor_token")
}

// check lets a token come from one place alone.
func (t TokenInput) check(key string) *KeyError {
	switch {
	case t.IsZero() && t.Type != "":
		return &KeyError{Key: key, Reason: "needs token or profile", Hint: key + ": {token: env:NAME}"}
	case !t.Token.IsZero() && t.Profile != "":
		return &KeyError{Key: key + ".profile", Reason: "cannot stand beside token", Hint: "remove one of the two"}
	}
	return nil
}

func (p *Profile) checkDPoP() *KeyError {
	if p.DPoP.Alg != "" && p.DPoP.Key.IsZero() {
		return &KeyError{Key: "dpop.key", Reason: "is required beside alg", Hint: "dpop: true, for a P-256 key that authctl makes"}
	}
	return nil
}
