package iostreams_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/iostreams"
)

func TestALineIsReadWithoutItsEndAndTheRestIsLeft(t *testing.T) {
	for name, c := range map[string]struct{ in, line, rest string }{
		"a line and more":      {"one\ntwo\n", "one", "two\n"},
		"a line of Windows":    {"one\r\ntwo", "one", "two"},
		"an empty line":        {"\ntwo", "", "two"},
		"a line without end":   {"one", "one", ""},
		"the longest that may": {strings.Repeat("x", 64<<10) + "\n", strings.Repeat("x", 64<<10), ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := strings.NewReader(c.in)
			s := &iostreams.Streams{In: in, Err: io.Discard}
			line, err := s.Line(t.Context(), "answer")
			if err != nil || line != c.line {
				t.Fatalf("%q, %v", line, err)
			}
			if rest, _ := io.ReadAll(in); string(rest) != c.rest {
				t.Errorf("left: %q", rest)
			}
		})
	}
}

func TestALineThatCannotBeReadSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"the end of input": {"", io.EOF},
		"an endless line":  {strings.Repeat("x", 1<<20), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := &iostreams.Streams{In: strings.NewReader(c.in), Err: io.Discard}
			if _, err := s.Line(t.Context(), "answer"); err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	s := &iostreams.Streams{In: strings.NewReader("one\n"), Err: io.Discard, NoInput: true}
	if _, err := s.Line(t.Context(), "answer"); !errors.Is(err, iostreams.ErrCannotPrompt) {
		t.Errorf("--no-input: %v", err)
	}
}

func TestALineIsNotWaitedForWhenTheCommandIsOver(t *testing.T) {
	in, never := io.Pipe()
	defer func() { _ = never.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &iostreams.Streams{In: in, Err: io.Discard}
	if _, err := s.Line(ctx, "answer"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAnUnansweredLabelLeavesTheNextLineToOthers(t *testing.T) {
	in, never := io.Pipe()
	defer func() { _ = never.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, from := range map[string]io.Reader{"the command is over": in, "the end of input": strings.NewReader("")} {
		for _, tty := range []bool{true, false} {
			var said strings.Builder
			s := &iostreams.Streams{In: from, Err: &said, InTTY: tty, ErrTTY: tty}
			if _, err := s.Line(ctx, "the code"); err == nil {
				t.Errorf("%s: no error", name)
			}
			if want := map[bool]string{true: "the code: \n"}[tty]; said.String() != want {
				t.Errorf("%s, on a terminal (%t): %q", name, tty, said.String())
			}
		}
	}
}

func TestALineIsAskedForOnATerminalAlone(t *testing.T) {
	for _, tty := range []bool{true, false} {
		var said strings.Builder
		s := &iostreams.Streams{In: strings.NewReader("one\n"), Err: &said, InTTY: tty, ErrTTY: tty}
		if _, err := s.Line(t.Context(), "the code"); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{true: "the code: "}[tty]; said.String() != want {
			t.Errorf("on a terminal (%t): %q", tty, said.String())
		}
	}
}
