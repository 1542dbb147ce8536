// Package iostreams is the terminal as the commands see it: three streams, what they are connected to, and a prompt
// that does not echo. It decides nothing about what is said.
package iostreams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// ErrCannotPrompt says that nobody sits at the terminal, or that prompting was forbidden.
var ErrCannotPrompt = errors.New("no terminal to ask on")

// Streams are the process's streams. Out is for the answer alone; whatever a person reads goes to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	InTTY, OutTTY, ErrTTY bool
	// NoInput forbids prompts even where a person sits.
	NoInput bool

	readSecret func() ([]byte, error)
	mode       func() any // the terminal's mode, to be compared; nil where it is none
	setMode    func(mode any)
}

// System connects to the process's own streams.
func System() *Streams {
	fd := int(os.Stdin.Fd())
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY: term.IsTerminal(fd), OutTTY: term.IsTerminal(int(os.Stdout.Fd())), ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
		readSecret: func() ([]byte, error) { return readQuiet(os.Stdin) },
		mode: func() any {
			state, err := term.GetState(fd)
			if err != nil {
				return nil
			}
			return *state
		},
		setMode: func(mode any) {
			if state, ok := mode.(term.State); ok {
				_ = term.Restore(fd, &state)
			}
		},
	}
}

// IsTerminal reports whether f is a terminal. It leaves f as it is: Fd would make its writes wait for ever.
func IsTerminal(f *os.File) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	is := false
	_ = conn.Control(func(fd uintptr) { is = term.IsTerminal(int(fd)) })
	return is
}

// CanPrompt reports whether a question would reach a person who can answer it.
func (s *Streams) CanPrompt() bool { return s.InTTY && s.ErrTTY && !s.NoInput }

// Password asks for a line without echo; the end of input (Ctrl-D) is an empty one. Cancelling ctx ends the wait and
// leaves the terminal as it was.
func (s *Streams) Password(ctx context.Context, label string) (string, error) {
	if !s.CanPrompt() {
		return "", ErrCannotPrompt
	}
	restore := s.saveTerminal()
	defer restore()
	before := s.mode()
	answered := begin(s.readSecret)
	if quiet := s.awaitChange(before); quiet != before {
		// A shell that stopped the program (Ctrl-Z) may let it go on with a mode of its own, which echoes.
		defer onContinue(func() { s.setMode(quiet) })()
	}
	if _, err := fmt.Fprintf(s.Err, "%s: ", label); err != nil {
		return "", err
	}
	line, err := wait(ctx, answered)
	_, _ = fmt.Fprintln(s.Err)
	if errors.Is(err, io.EOF) {
		return "", nil
	}
	return whole(line, err)
}

// maxTyped is what a terminal of Linux keeps of a line; it drops the rest without a word.
const maxTyped = 4095

// whole refuses a typed line that the terminal may have cut short.
func whole(line []byte, err error) (string, error) {
	if err == nil && len(line) >= maxTyped {
		return "", fmt.Errorf("a terminal takes no line of more than %d bytes: hand it over by a file or a pipe", maxTyped-1)
	}
	return string(line), err
}

// awaitChange waits until the terminal has another mode, and gives it, which is that it does not echo: an answer that a
// program types as soon as it sees the question would be seen by all. A terminal that never echoed is not waited for
// long.
func (s *Streams) awaitChange(before any) any {
	const times, pause = 100, time.Millisecond
	for range times {
		if now := s.mode(); now != before {
			return now
		}
		time.Sleep(pause)
	}
	return before
}

// maxLine is more than any address or code that a person hands over.
const maxLine = 64 << 10

// Line reads one line of standard input, without its end, whether it is typed or piped; where a terminal is, the label
// asks for it. [io.EOF] says that there was not even the beginning of a line. What follows the line is left unread.
func (s *Streams) Line(ctx context.Context, label string) (string, error) {
	if s.NoInput {
		return "", ErrCannotPrompt
	}
	asks := s.InTTY && s.ErrTTY
	if asks {
		if _, err := fmt.Fprintf(s.Err, "%s: ", label); err != nil {
			return "", err
		}
	}
	line, err := await(ctx, func() ([]byte, error) { return readLine(s.In) })
	if asks && err != nil {
		_, _ = fmt.Fprintln(s.Err) // nobody has ended the line that the label began
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	if s.InTTY {
		return whole(line, err)
	}
	return string(line), err
}

// readLine reads byte by byte: a buffer would swallow what is somebody else's.
func readLine(in io.Reader) ([]byte, error) {
	var line []byte
	next := make([]byte, 1)
	for len(line) <= maxLine {
		n, err := in.Read(next)
		switch {
		case n == 1 && next[0] == '\n':
			return line, nil
		case n == 1:
			line = append(line, next[0])
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the line is longer than %d bytes", maxLine)
}

// ReadAll reads standard input to its end, limit bytes at most.
func (s *Streams) ReadAll(ctx context.Context, limit int64) ([]byte, error) {
	data, err := await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(s.In, limit+1)) })
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("it is longer than %d bytes", limit)
	}
	return data, err
}

// await runs a read that cannot be interrupted, and stops waiting for it when ctx ends; the process is about to end
// then, and the read with it.
func await(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	return wait(ctx, begin(read))
}

// result is what a read gave.
type result struct {
	data []byte
	err  error
}

func begin(read func() ([]byte, error)) <-chan result {
	done := make(chan result, 1)
	go func() {
		data, err := read()
		done <- result{data, err}
	}()
	return done
}

func wait(ctx context.Context, done <-chan result) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.data, r.err
	}
}

// saveTerminal notes the terminal's mode; the returned function puts it back.
func (s *Streams) saveTerminal() func() {
	f, ok := s.In.(*os.File)
	if !ok {
		return func() {}
	}
	state, err := term.GetState(int(f.Fd()))
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(int(f.Fd()), state) }
}
