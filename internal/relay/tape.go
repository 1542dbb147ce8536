package relay

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// maxReplay is how much of a body is kept for the case that the token must be renewed.
const maxReplay = 64 << 10

var errRewound = errors.New("the body is being sent anew")

// tape records the beginning of a body while it is sent, so that it can be sent again from its start although nobody
// waited for its end. What is longer than [maxReplay] can be sent once.
type tape struct {
	source io.Reader
	plays  atomic.Int32
	lost   atomic.Bool // more was read than is kept

	mu    sync.Mutex // held while the source is read, which may take as long as its sender likes
	kept  []byte
	total int
	err   error // how the source ended
}

// whole reports whether all that was read can be sent again.
func (t *tape) whole() bool { return !t.lost.Load() }

// play begins a sending and ends the one before.
func (t *tape) play() io.ReadCloser { return &reel{tape: t, number: t.plays.Add(1)} }

// reel is one sending of a tape.
type reel struct {
	tape   *tape
	number int32
	at     int
}

// Read implements [io.Reader]. A read of the source that was under way when another sending began goes onto the tape
// for that one.
func (r *reel) Read(p []byte) (int, error) {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case r.number != t.plays.Load():
		return 0, errRewound
	case r.at < len(t.kept):
		n := copy(p, t.kept[r.at:])
		r.at += n
		return n, nil
	case r.at < t.total:
		return 0, errRewound
	case t.err != nil:
		return 0, t.err
	}
	n, err := t.source.Read(p)
	t.err = err
	t.total += n
	r.at += n
	switch {
	case t.lost.Load():
	case len(t.kept)+n <= maxReplay, r.number != t.plays.Load():
		t.kept = append(t.kept, p[:n]...)
	default:
		t.lost.Store(true)
	}
	return n, err
}

// Close leaves the source open: it is net/http's, and may be read again.
func (r *reel) Close() error { return nil }
