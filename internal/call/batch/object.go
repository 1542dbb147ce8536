package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/authctl/authctl/internal/httpx"
)

// member is a member of an object with its value as it was written.
type member struct {
	name  string
	value json.RawMessage
}

// object reads the members of exactly one object in their order; a name that comes twice is an error. Package json would
// match names in any case, let the last of two win, and take three times as long for a line.
func object(text []byte) ([]member, error) {
	if !json.Valid(text) {
		return nil, syntax(text)
	}
	s := scanner{bytes.Trim(text, blanks)}
	if s.rest[0] != '{' {
		return nil, errors.New("it is of another type")
	}
	members := make([]member, 0, 4)
	for s.more() {
		quoted := s.value()
		s.take(':')
		m := member{name: unquote(quoted), value: s.value()}
		if slices.ContainsFunc(members, func(other member) bool { return other.name == m.name }) {
			return nil, fmt.Errorf("the member %s comes twice", httpx.Excerpt(m.name, nil))
		}
		members = append(members, m)
	}
	return members, nil
}

// syntax says what is wrong with text.
func syntax(text []byte) error {
	var value json.RawMessage
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	return errors.New("it is not JSON")
}

// unquote reads a string that is valid JSON.
func unquote(quoted []byte) string {
	if inner := quoted[1 : len(quoted)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(quoted, &s)
	return s
}

const blanks = " \t\r\n"

// scanner walks over text that is valid JSON and UTF-8.
type scanner struct{ rest []byte }

// more takes the brace or comma before a member; false at the end of the object.
func (s *scanner) more() bool {
	if s.rest[0] == '}' {
		return false
	}
	s.rest = bytes.TrimLeft(s.rest[1:], blanks)
	return s.rest[0] != '}'
}

func (s *scanner) take(c byte) {
	s.rest = bytes.TrimLeft(s.rest, blanks)
	if s.rest[0] == c {
		s.rest = bytes.TrimLeft(s.rest[1:], blanks)
	}
}

// value takes one value, whatever it holds, and the blanks behind it.
func (s *scanner) value() []byte {
	depth, i := 0, 0
	for ; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			i += stringEnd(s.rest[i:])
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return s.cut(i)
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return s.cut(i)
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return s.cut(i + 1)
		}
	}
	return s.cut(i)
}

func (s *scanner) cut(n int) []byte {
	value := s.rest[:n]
	s.rest = bytes.TrimLeft(s.rest[n:], blanks)
	return value
}

// stringEnd is the index of the quotation mark that ends the string which text begins with.
func stringEnd(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}
