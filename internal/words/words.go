// Package words splits a line into words as a shell does, and quotes a word for a shell. Quotes and backslashes mean
// what POSIX says (Shell Command Language 2.2.1 to 2.2.3). Nothing is run or expanded: what else a shell would act on is
// a character or refused.
//
// It is not github.com/mattn/go-shellwords: that one (v1.0.16) makes `pass` of "pa\ss", a line end of the \n in "a\nb"
// and `^a.b$` of "^a\.b$", so that a command gets other arguments than it has in the user's terminal.
package words

import (
	"errors"
	"strings"
)

// What makes a line no words.
var (
	ErrOpen     = errors.New("a quote is not closed, or nothing follows a backslash")
	ErrOperator = errors.New("one of ; & | < > ( ) ` stands outside of quotes")
)

// Split gives the words of a line. Blanks and line ends stand between them; a line of nothing else has none.
func Split(line string) ([]string, error) {
	s := splitter{rest: line}
	for s.rest != "" {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.end()
	return s.words, nil
}

type splitter struct {
	rest  string
	word  strings.Builder
	begun bool // an empty pair of quotes is a word as well
	words []string
}

func (s *splitter) step() error {
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch c {
	case ' ', '\t', '\n':
		s.end()
	case '\\':
		return s.escaped()
	case '\'':
		return s.single()
	case '"':
		return s.double()
	case ';', '&', '|', '<', '>', '(', ')', '`':
		return ErrOperator
	default:
		s.add(string([]byte{c}))
	}
	return nil
}

func (s *splitter) add(text string) {
	s.word.WriteString(text)
	s.begun = true
}

func (s *splitter) end() {
	if s.begun {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.begun = false
}

// escaped takes the character behind a backslash as it is; a line that goes on behind one is one line (2.2.1).
func (s *splitter) escaped() error {
	if s.rest == "" {
		return ErrOpen
	}
	if s.rest[0] != '\n' {
		s.add(s.rest[:1])
	}
	s.rest = s.rest[1:]
	return nil
}

// single takes all up to the next quote (2.2.2).
func (s *splitter) single() error {
	text, rest, closed := strings.Cut(s.rest, "'")
	if !closed {
		return ErrOpen
	}
	s.add(text)
	s.rest = rest
	return nil
}

// double takes all up to the next quote that has no backslash. A backslash is one unless it stands before what means
// something in double quotes (2.2.3).
func (s *splitter) double() error {
	for {
		i := strings.IndexAny(s.rest, `"\`)
		if i < 0 || i+1 == len(s.rest) && s.rest[i] == '\\' {
			return ErrOpen
		}
		s.add(s.rest[:i])
		c := s.rest[i]
		s.rest = s.rest[i+1:]
		switch {
		case c == '"':
			return nil
		case s.rest[0] == '\n':
			s.rest = s.rest[1:]
		case strings.IndexByte("$`\"\\", s.rest[0]) >= 0:
			s.add(s.rest[:1])
			s.rest = s.rest[1:]
		default:
			s.add(`\`)
		}
	}
}

// Quote makes a text one word of a line, for a shell as for [Split].
func Quote(text string) string {
	plain := func(r rune) bool {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:,@%+=", r)
	}
	if text != "" && text[0] != '=' && !strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
