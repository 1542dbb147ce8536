package batch

import (
	"bufio"
	"context"
	"io"
)

// writer writes results in order, and notes in the journal what has been written.
type writer struct {
	*Run
	out   *bufio.Writer
	count Count
	first error   // of the lines, in the order of the input
	notes []entry // written, but maybe not out yet
}

func newWriter(r *Run, out io.Writer) *writer {
	return &writer{Run: r, out: bufio.NewWriterSize(out, 64<<10)}
}

// all writes the results of jobs in their order. Whenever it has to wait, all that is there goes out before.
func (w *writer) all(jobs <-chan *job, spare spares) error {
	for {
		var j *job
		select {
		case j = <-jobs:
		default:
			if err := w.flush(); err != nil {
				return err
			}
			j = <-jobs
		}
		if j == nil {
			return nil // the channel is closed
		}
		select {
		case <-j.done:
		default:
			if err := w.flush(); err != nil {
				return err
			}
			<-j.done
		}
		if err := w.write(j); err != nil {
			return err
		}
		spare.put(j)
	}
}

func (w *writer) write(j *job) error {
	switch j.fate {
	case skipped:
		w.count.Skipped++
		return nil
	case givenUp:
		return nil
	}
	if j.err != nil && w.first == nil {
		w.first = j.err
	}
	if j.fate == fatal {
		return nil
	}
	if _, err := w.out.Write(j.result); err != nil {
		return err
	}
	w.tally(j)
	return nil
}

func (w *writer) tally(j *job) {
	w.count.Sent++
	if j.err != nil {
		w.count.Errors++
	} else {
		w.count.Statuses[min(j.status/100, len(w.count.Statuses)-1)]++
		if w.Journal != nil {
			w.notes = append(w.notes, entry{j.index, j.mark})
		}
	}
	if w.Tell != nil {
		w.Tell(w.count)
	}
}

// flush hands all results over, and only then notes them: a result is told of twice rather than lost.
func (w *writer) flush() error {
	if err := w.out.Flush(); err != nil {
		return err
	}
	if len(w.notes) == 0 {
		return nil
	}
	notes := w.notes
	w.notes = w.notes[:0]
	return w.Journal.add(notes)
}

// finish says how the run ended: by its caller, at the output, or at the first line without an answer.
func (w *writer) finish(ctx context.Context) error {
	if err := w.flush(); err != nil && ctx.Err() == nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return w.first
}
