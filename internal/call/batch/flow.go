package batch

import (
	"context"
	"io"
	"math"
	"sync"
	"sync/atomic"
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
	pace    *pace
	spare   spares
	workers sync.WaitGroup
}

func newFlow(r *Run) *flow {
	workers := max(1, r.Parallel)
	f := &flow{
		Run: r, lines: make(chan []rawLine, 4), jobs: make(chan *job, workers), pending: make(chan *job, windowPerWorker*workers),
		halted: make(chan struct{}), pace: newPace(r.Every), spare: make(spares, (windowPerWorker+1)*workers),
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
	index := 0
	for {
		select {
		case lines, ok := <-f.lines:
			if !ok {
				f.ended(ctx, index)
				return
			}
			for _, line := range lines {
				if !f.line(ctx, index, line) {
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
func (f *flow) line(ctx context.Context, index int, line rawLine) bool {
	j := f.spare.take(index)
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
	if !f.queue(ctx, j) {
		return false
	}
	select {
	case f.jobs <- j:
		return true
	case <-ctx.Done(): // the workers are about to stop
	}
	j.fate = givenUp
	j.settle()
	return false
}

// end is the end of the run for an input that is not the one that the journal tells of.
func (f *flow) end(ctx context.Context, index int) bool {
	j := f.spare.take(index)
	j.fate, j.err = fatal, otherInput()
	f.settled(ctx, j)
	return false
}

// settled queues a job that nothing is to be sent for.
func (f *flow) settled(ctx context.Context, j *job) bool {
	j.settle()
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
func (f *flow) work(ctx context.Context) {
	t := &turn{flow: f}
	d := f.Doer(t.begin)
	defer t.leave()
	var e encoder
	for {
		t.take()
		j, more := <-f.jobs
		if !more {
			return
		}
		if t.wait(ctx, j) {
			f.exchange(ctx, d, &e, j)
		} else {
			j.fate = givenUp
		}
		if j.err != nil && !f.ContinueOnError {
			f.endsAt(j.index)
		}
		t.leave()
		j.settle()
	}
}

// over reports whether the run ended before a job's line.
func (f *flow) over(j *job) bool { return int64(j.index) > f.failed.Load() }

// endsAt ends the run with a line: those before it are still sent.
func (f *flow) endsAt(index int) {
	at := f.failed.Load()
	for int64(index) < at && !f.failed.CompareAndSwap(at, int64(index)) {
		at = f.failed.Load()
	}
	f.halt()
}

// exchange sends one request and makes the line of its result.
func (f *flow) exchange(ctx context.Context, d Doer, e *encoder, j *job) {
	within := ctx
	if f.Timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, f.Timeout)
		defer cancel()
	}
	res, err := d.Do(within, j.req)
	if err == nil {
		j.result, err = e.answer(j, res)
		j.status = res.StatusCode
	}
	if err != nil {
		j.err, j.status = err, 0
		if ctx.Err() != nil { // whatever the error says: the transport's is the cause of the end, a signal's name
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
