package relay

import (
	"errors"
	"io"
	"sync/atomic"
)

// intake is the body of a client. Where an answer may begin before the body has ended, net/http takes what is left of a
// malformed one for the next request; so the connection ends with an answer that begins before the body was whole.
type intake struct {
	io.ReadCloser
	end atomic.Pointer[error] // how reading ended; nil: it did not
}

// Read implements [io.Reader].
func (i *intake) Read(p []byte) (int, error) {
	n, err := i.ReadCloser.Read(p)
	if err != nil {
		i.end.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (i *intake) whole() bool {
	end := i.end.Load()
	return end != nil && errors.Is(*end, io.EOF)
}

// broken reports whether the client sent what is no body.
func (i *intake) broken() bool { return i.end.Load() != nil && !i.whole() }
