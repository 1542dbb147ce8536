// Package batch sends many calls over shared connections: one JSON object a line in, one a line out, in the order of
// the input, however the answers come. It holds a window of requests in memory, never the input or the output; it sends
// no line twice, and knows neither tokens nor flags.
package batch

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/call"
)

// MaxBody is the largest body of an answer that is kept; every one must fit into a line of the output.
const MaxBody = 16 << 20

// windowPerWorker is how many requests may be ahead of the slowest one, for each that is under way: an answer that
// takes its time holds up the output, but not at once the others.
const windowPerWorker = 8

// Doer sends a call, as [call.Client] does.
type Doer interface {
	Do(ctx context.Context, req *call.Request) (*http.Response, error)
}

// Run is what a batch needs. Doer and Prepare must be set.
type Run struct {
	Doer    func(begin func()) Doer            // one for each worker; calls begin when a request has its token and goes out
	Prepare func(*Line) (*call.Request, error) // refuses what policy forbids, before anything is sent
	Explain func(err error) any                // the error member of the output
	Tell    func(done Count)                   // after each result, in order; nil: nobody listens

	Parallel        int           // requests under way at the same time; less than 1: 1
	Every           time.Duration // between the beginnings of two requests; 0: none
	Timeout         time.Duration // for one request; 0: none
	ContinueOnError bool          // send on after a line without an answer
	Journal         *Journal      // what was done before; nil: nothing is remembered
}

// Count is what has become of the lines so far.
type Count struct {
	Sent     int    // lines with a result
	Skipped  int    // lines that an earlier run has done
	Statuses [6]int // answers by the first digit of their status
	Errors   int    // lines without an answer
}

// Failed reports whether any status was 400 or more.
func (c Count) Failed() bool { return c.Statuses[4]+c.Statuses[5] > 0 }

// Do reads lines from in and writes their results to out. The error is the first one in the order of the input, of a
// line that has no answer. Unless ContinueOnError, no further line is sent after it; what was sent is told of all the
// same. When ctx ends, requests under way are given up, and what was answered before is told of.
func (r *Run) Do(ctx context.Context, in io.Reader, out io.Writer) (Count, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := newFlow(r)
	go f.read(ctx, in)
	go f.feed(ctx)
	for range max(1, r.Parallel) {
		f.workers.Go(func() { f.work(ctx) })
	}
	w := newWriter(r, out)
	if err := w.all(f.pending, f.spare); err != nil {
		cancel(err) // nobody takes what would still be answered
	}
	f.halt()
	f.drain()
	f.workers.Wait()
	return w.count, w.finish(ctx)
}
