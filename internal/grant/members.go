package grant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Members are the top-level members of a reply by their exact names. encoding/json would match names in any case and
// let the last of two win, so that whoever can add a member could choose the token.
type Members map[string]json.RawMessage

// Why a body is no token reply. None of them quotes the server.
var (
	errEmptyBody = errors.New("empty body")
	errNotUTF8   = errors.New("the body is not UTF-8 text")
	errHTML      = errors.New("the body is an HTML page")
	errNoReply   = errors.New("the body is neither a JSON object nor a form")
	errTrailing  = errors.New("the JSON object is followed by something else")
	errForm      = errors.New("the form is malformed")
)

const blanks = " \t\r\n"

// parse reads a body by its bytes: servers label JSON as text, forms as HTML, and put a BOM before either.
func parse(body []byte) (Members, error) {
	if !utf8.Valid(body) {
		return nil, errNotUTF8
	}
	body = bytes.Trim(bytes.TrimPrefix(body, []byte("\ufeff")), blanks)
	switch {
	case len(body) == 0:
		return nil, errEmptyBody
	case body[0] == '{':
		return parseObject(body)
	case body[0] == '<':
		return nil, errHTML
	}
	return parseForm(string(body))
}

func parseObject(body []byte) (Members, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoReply
	}
	found := Members{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, malformed(dec)
		}
		name, ok := t.(string)
		if !ok {
			return nil, malformed(dec)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, malformed(dec)
		}
		if err := found.add(name, value); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed(dec)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errTrailing
	}
	return found, nil
}

// parseForm reads the form-encoded reply that some servers send whatever is asked for. Only one with a token or an
// error is believed to be a form at all.
func parseForm(body string) (Members, error) {
	found := Members{}
	for pair := range strings.SplitSeq(body, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		text, err3 := json.Marshal(value)
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, formOr(body, errForm)
		}
		if err := found.add(name, text); err != nil {
			return nil, formOr(body, err)
		}
	}
	if found["access_token"] == nil && found["error"] == nil {
		return nil, errNoReply
	}
	return found, nil
}

// formOr tells a spoilt form from text that never was one.
func formOr(body string, spoilt error) error {
	for pair := range strings.SplitSeq(body, "&") {
		if name, _, ok := strings.Cut(pair, "="); ok && (name == "access_token" || name == "error") {
			return spoilt
		}
	}
	return errNoReply
}

func (m Members) add(name string, value json.RawMessage) error {
	if _, twice := m[name]; twice {
		switch name {
		case "access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope", "error":
			return fmt.Errorf("the member %s stands there twice", name)
		}
		return errors.New("a member stands there twice")
	}
	m[name] = value
	return nil
}

func malformed(dec *json.Decoder) error {
	return fmt.Errorf("the body is not valid JSON (at byte %d)", dec.InputOffset())
}

// Text is a member that must be a string where it is there at all; null counts as absent.
func (m Members) Text(name string) (value string, there bool, err error) {
	raw, there := m[name]
	if !there || string(raw) == "null" {
		return "", false, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return "", true, fmt.Errorf("%s is not a string", name)
	}
	return value, true, nil
}
