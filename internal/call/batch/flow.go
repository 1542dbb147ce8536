package batch

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
)

// job is one line on its way. Who closes done has written all the rest.
type job struct {
	index int
	mark  uint64 // of the line, for the journal
	id    json.RawMessage
	req   *call.Request

	done   chan struct{}
	status int
	result []byte // the line of the output; nil: nothing is to be told
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

// flow is the way of the lines: read, made to jobs in order, done by the workers, and waited for in order.
type flow struct {
	*Run
	lines   chan []rawLine // some at a time: a line is less work than its way through a channel
	jobs    chan *job
	pending chan *job     // in the order of the input; its room is the window
	halted  chan struct{} // no further line is to be sent
	halt    func()
	failed  atomic.Int64 // the first line that ended the run
	workers sync.WaitGroup
}

func newFlow(r *Run) *flow {
	f := &flow{
		Run: r, lines: make(chan []rawLine, 4), jobs: make(chan *job, max(1, r.Parallel)),
		pending: make(chan *job, windowPerWorker*max(1, r.Parallel)), halted: make(chan struct{}),
	}
	f.failed.Store(math.MaxInt64)
	f.halt = sync.OnceFunc(func() { close(f.halted) })
	return f
}

// read takes the lines off in. It may be left behind in a read that cannot be interrupted.
func (f *flow) read(ctx context.Context, in io.Reader) {
	defer close(f.lines)
	for lines := range readLines(in) {
		select {
		case f.lines <- lines:
		case <-f.halted:
			return
		case <-ctx.Done():
			return
		}
	}
}

// feed makes lines to jobs, until there are no more or one of them ends the run.
func (f *flow) feed(ctx context.Context) {
	defer close(f.pending)
	defer close(f.jobs)
	pace := &pace{every: f.Every}
	defer pace.stop()
	index := 0
	for {
		select {
		case lines, ok := <-f.lines:
			if !ok {
				f.ended(ctx, index)
				return
			}
			for _, line := range lines {
				if !f.line(ctx, index, line, pace) {
					return
				}
				index++
			}
		case <-f.halted:
			return
		case <-ctx.Done():
			return
		}
	}
}

// ended looks whether the input was as long as the one that the journal tells of.
func (f *flow) ended(ctx context.Context, lines int) {
	if f.Journal != nil && f.Journal.beyond(lines) {
		f.end(ctx, lines)
	}
}

// line sends one line on its way; false ends the run.
func (f *flow) line(ctx context.Context, index int, line rawLine, pace *pace) bool {
	j := &job{index: index, done: make(chan struct{})}
	if f.Journal != nil {
		j.mark = markOf(line.text)
		switch f.Journal.state(index, j.mark) {
		case finished:
			j.fate = skipped
			return f.settled(ctx, j)
		case another:
			return f.end(ctx, index)
		}
	}
	if j.err = f.prepare(j, line); j.err != nil {
		j.result = encodeError(j, f.Explain)
		return f.settled(ctx, j) && f.ContinueOnError
	}
	if !pace.wait(ctx, f.halted) || !f.queue(ctx, j) {
		return false
	}
	select {
	case f.jobs <- j:
		return true
	case <-ctx.Done(): // the workers are about to stop
	}
	j.fate = givenUp
	close(j.done)
	return false
}

// end is the end of the run for an input that is not the one that the journal tells of.
func (f *flow) end(ctx context.Context, index int) bool {
	f.settled(ctx, &job{index: index, done: make(chan struct{}), fate: fatal, err: otherInput()})
	return false
}

// settled queues a job that nothing is to be sent for.
func (f *flow) settled(ctx context.Context, j *job) bool {
	close(j.done)
	return f.queue(ctx, j)
}

func (f *flow) prepare(j *job, line rawLine) error {
	if line.err != nil {
		return line.err
	}
	parsed, err := ParseLine(line.text)
	if j.id = parsed.ID; err != nil {
		return err
	}
	j.req, err = f.Prepare(parsed)
	return err
}

// queue puts a job into the window.
func (f *flow) queue(ctx context.Context, j *job) bool {
	select {
	case f.pending <- j:
		return true
	case <-ctx.Done():
		return false
	}
}

// work does jobs, one after the other.
func (f *flow) work(ctx context.Context, d Doer) {
	var e encoder
	for j := range f.jobs {
		if int64(j.index) > f.failed.Load() {
			j.fate = givenUp
		} else {
			f.exchange(ctx, d, &e, j)
		}
		if j.err != nil && !f.ContinueOnError {
			f.endsAt(j.index)
		}
		close(j.done)
	}
}

// endsAt ends the run with a line: those before it are still sent.
func (f *flow) endsAt(index int) {
	for at := f.failed.Load(); int64(index) < at && !f.failed.CompareAndSwap(at, int64(index)); at = f.failed.Load() {
	}
	f.halt()
}

// exchange sends one request and makes the line of its result.
func (f *flow) exchange(ctx context.Context, d Doer, e *encoder, j *job) {
	if f.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.Timeout)
		defer cancel()
	}
	res, err := d.Do(ctx, j.req)
	if err == nil {
		j.result, err = e.answer(j, res)
		j.status = res.StatusCode
	}
	if err != nil {
		j.err, j.status = err, 0
		if fault.From(err).Kind == fault.Canceled {
			j.fate = givenUp
			return
		}
		j.result = encodeError(j, f.Explain)
	}
}

// drain lets the feeder and the workers come to their end when nobody writes any more.
func (f *flow) drain() {
	for j := range f.pending {
		<-j.done
	}
}
