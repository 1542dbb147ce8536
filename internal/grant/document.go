package grant

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

var errNoObject = errors.New("the body is not a JSON object")

// ParseDocument reads a document that is one JSON object, such as an authorization server's metadata: UTF-8, no member
// twice, nothing behind it. Its errors quote nothing of the document.
func ParseDocument(body []byte) (Members, error) {
	if !utf8.Valid(body) {
		return nil, errNotUTF8
	}
	switch body = bytes.Trim(bytes.TrimPrefix(body, []byte("\ufeff")), blanks); {
	case len(body) == 0:
		return nil, errEmptyBody
	case body[0] == '<':
		return nil, errHTML
	case body[0] != '{':
		return nil, errNoObject
	}
	return parseObject(body)
}
