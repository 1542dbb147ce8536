package callback

import (
	"errors"
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// maxCode is far above what any server is known to make of a code.
const maxCode = 8 << 10

// ErrState is an answer to another request than this one: without a state, with another's, or with several.
var ErrState = errors.New("the answer is to another login: its state is not the one that was sent")

// Answer is an authorization response (RFC 6749 section 4.1.2). It holds a code or an error.
type Answer struct {
	Code secret.String
	// Error and Description are the server's words, not fit to be shown before they are masked and made visible.
	Error, Description string
	// Issuer is the iss of RFC 9207, Named whether there was one.
	Issuer string
	Named  bool
}

// Parse reads the query of a redirect. What does not carry the state is [ErrState], whatever else is wrong with it:
// anybody can send that. All else that is wrong is a *[fault.Error].
func Parse(query string, state secret.String) (*Answer, error) {
	found, err := parameters(query)
	said := found["state"]
	if len(said) != 1 || state.IsZero() || !secret.New(said[0]).Equal(state) {
		return nil, ErrState
	}
	if err != nil {
		return nil, err
	}
	for _, values := range found {
		if len(values) > 1 {
			return nil, unusable("a parameter stands there twice") // RFC 6749 section 3.1
		}
	}
	a := &Answer{Error: found.first("error"), Description: found.first("error_description"), Issuer: found.first("iss")}
	_, a.Named = found["iss"]
	if _, refused := found["error"]; refused {
		if a.Error == "" {
			return nil, unusable("its error is empty")
		}
		return a, nil
	}
	a.Code, err = Code(found.first("code"))
	return a, err
}

// Code checks a code that came by whatever way against RFC 6749 appendix A.11.
func Code(text string) (secret.String, error) {
	switch {
	case text == "":
		return secret.String{}, unusable("it holds neither a code nor an error")
	case len(text) > maxCode:
		return secret.String{}, unusable("its code is longer than 8 KiB")
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return secret.String{}, unusable("its code has characters that RFC 6749 does not allow")
		}
	}
	return secret.New(text), nil
}

func unusable(why string) error {
	return fault.New(fault.Protocol, "protocol.authorization_response", "the answer cannot be used: %s", why)
}

type params map[string][]string

func (p params) first(name string) string {
	if values := p[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// parameters reads a query as far as it can be read, so that the state of one that is spoilt elsewhere is known.
func parameters(query string) (params, error) {
	found := params{}
	var spoilt error
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil {
			spoilt = unusable("its parameters are not well escaped")
			continue
		}
		found[name] = append(found[name], value)
	}
	return found, spoilt
}
