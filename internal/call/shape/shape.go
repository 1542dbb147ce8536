// Package shape turns the JSON of an answer into the text that the user asked for, by a jq expression or a Go template.
// It makes no request, and lets neither kind of program see the environment, a file, or anything but the value that it
// is given.
package shape

import (
	"context"
	"io"
	"iter"
	"net/http"
)

// Shaper makes text of values. Both of its methods give the text in pieces and stop at the first error, which is a
// fault. A Shaper is for one output and one goroutine.
type Shaper interface {
	// Text is what the shaper makes of one value.
	Text(ctx context.Context, value any) iter.Seq2[[]byte, error]
	// Rest is what it kept back until there are no more values.
	Rest() iter.Seq2[[]byte, error]
}

// Bodyless reports whether answers of a status have no body. They are nothing to shape, and no failure.
func Bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// Body gives the text that shaper makes of the JSON values in body, as an answer's body of its own. Closing it closes
// body. Several values, one behind the other or one a line, are shaped one by one as they come.
func Body(ctx context.Context, body io.ReadCloser, shaper Shaper) io.ReadCloser {
	values := NewDecoder(body)
	return Stream(func(yield func([]byte, error) bool) {
		for {
			value, err := values.Next()
			if err == io.EOF { //nolint:errorlint // Next promises the bare value
				break
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !Copy(shaper.Text(ctx, value), yield) {
				return
			}
		}
		Copy(shaper.Rest(), yield)
	}, body)
}

// Copy hands the pieces on; false where there is no use in going on.
func Copy(pieces iter.Seq2[[]byte, error], yield func([]byte, error) bool) bool {
	for piece, err := range pieces {
		if !yield(piece, err) || err != nil {
			return false
		}
	}
	return true
}

// Stream reads pieces as one body; closing it ends them and closes source.
func Stream(pieces iter.Seq2[[]byte, error], source io.Closer) io.ReadCloser {
	next, stop := iter.Pull2(pieces)
	return &stream{next: next, stop: stop, source: source}
}

type stream struct {
	next   func() ([]byte, error, bool)
	stop   func()
	source io.Closer
	held   []byte
	err    error
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.held) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		piece, err, ok := s.next()
		if !ok {
			err = io.EOF
		}
		s.held, s.err = piece, err
	}
	n := copy(p, s.held)
	s.held = s.held[n:]
	return n, nil
}

func (s *stream) Close() error {
	s.stop()
	return s.source.Close()
}
