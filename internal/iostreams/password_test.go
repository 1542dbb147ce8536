package iostreams

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// A program that answers as fast as it reads, such as expect, must not have its answer echoed.
func TestASecretIsAskedForOnceTheTerminalNoLongerEchoes(t *testing.T) {
	var shown bytes.Buffer
	looks, asked := 0, make(chan struct{})
	s := &Streams{
		In: strings.NewReader(""), Err: &shown, InTTY: true, ErrTTY: true,
		readSecret: func() ([]byte, error) { <-asked; return []byte("typed"), nil },
		mode: func() any {
			looks++
			switch {
			case shown.Len() > 0:
				t.Error("asked while the terminal echoed")
			case looks > 3:
				close(asked)
				return "quiet"
			}
			return "echoes"
		},
	}
	if line, err := s.Password(t.Context(), "password"); err != nil || line != "typed" || shown.String() != "password: \n" {
		t.Errorf("%q, %v, %q", line, err, shown.String())
	}
}

func TestATerminalThatNeverEchoesIsAskedAllTheSame(t *testing.T) {
	var shown bytes.Buffer
	s := &Streams{
		In: strings.NewReader(""), Err: &shown, InTTY: true, ErrTTY: true,
		readSecret: func() ([]byte, error) { return []byte("typed"), nil }, mode: func() any { return nil },
	}
	if line, err := s.Password(t.Context(), "password"); err != nil || line != "typed" || shown.String() != "password: \n" {
		t.Errorf("%q, %v, %q", line, err, shown.String())
	}
}

func TestTheEndOfInputIsAnEmptySecret(t *testing.T) {
	s := &Streams{
		In: strings.NewReader(""), Err: &bytes.Buffer{}, InTTY: true, ErrTTY: true,
		readSecret: func() ([]byte, error) { return nil, io.EOF }, mode: func() any { return nil },
	}
	if line, err := s.Password(t.Context(), "password"); err != nil || line != "" {
		t.Errorf("%q, %v", line, err)
	}
}

// What a terminal cut short would be sent, and refused, as if the person had mistyped it.
func TestALineThatATerminalMayHaveCutIsRefused(t *testing.T) {
	for size, fits := range map[int]bool{4094: true, 4095: false} {
		typed := strings.Repeat("x", size)
		s := &Streams{
			In: strings.NewReader(typed + "\n"), Err: &bytes.Buffer{}, InTTY: true, ErrTTY: true,
			readSecret: func() ([]byte, error) { return []byte(typed), nil }, mode: func() any { return nil },
		}
		if line, err := s.Password(t.Context(), "password"); (err == nil) != fits || (line == typed) != fits {
			t.Errorf("a secret of %d bytes: %d, %v", size, len(line), err)
		}
		if line, err := s.Line(t.Context(), "address"); (err == nil) != fits || (line == typed) != fits {
			t.Errorf("a line of %d bytes: %d, %v", size, len(line), err)
		}
	}
}
