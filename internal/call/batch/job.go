package batch

import (
	"encoding/json"

	"github.com/authctl/authctl/internal/call"
)

// job is one line on its way. Who settles it has written all the rest.
type job struct {
	index int
	mark  uint64 // of the line, for the journal
	id    json.RawMessage
	req   *call.Request

	done   chan struct{} // gives one value when all below is written
	status int
	result []byte // the line of the output
	err    error
	fate   fate
}

// fate is what became of a job besides an answer or an error of its own.
type fate uint8

const (
	told    fate = iota // its result says it
	skipped             // an earlier run has done it
	givenUp             // the run ended before or while it was under way
	fatal               // the run cannot be meant
)

func (j *job) settle() { j.done <- struct{}{} }

// spares are jobs that were told of and can be used anew, with the room for their results: in a run of a second the
// price of fresh memory is that of a third of the requests.
type spares chan *job

// resultKept is the largest room for a result that is kept.
const resultKept = 64 << 10

func (s spares) take(index int) *job {
	select {
	case j := <-s:
		*j = job{index: index, done: j.done, result: j.result[:0]}
		return j
	default:
		return &job{index: index, done: make(chan struct{}, 1)}
	}
}

func (s spares) put(j *job) {
	if cap(j.result) > resultKept {
		j.result = nil
	}
	select {
	case s <- j:
	default:
	}
}
