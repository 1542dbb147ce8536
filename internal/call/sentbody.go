package call

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// lastBytes is how long the end of a body may be read after the end of the answer to it.
const lastBytes = time.Second

// sentBody tells the watch how the sending goes, and whether the body was read to its end.
type sentBody struct {
	io.ReadCloser
	watch *watch
	meter *Meter
	size  int64 // -1: unknown

	whole atomic.Bool
	once  sync.Once
	over  chan struct{} // closed when nothing more will be read
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.watch.rest() // a slow source is nobody's time-out
	n, err := b.ReadCloser.Read(p)
	sent := b.watch.sent.Add(int64(n))
	b.meter.moved(true, n)
	if err != nil && err != io.EOF { // the bare value alone is an end, as io.Reader promises
		b.watch.blame(localFault(err))
		return n, err
	}
	if err == io.EOF || sent == b.size {
		b.whole.Store(true)
		b.end()
	}
	b.watch.expect() // at the end too: what was read last is still to be sent
	return n, err
}

// Close is called by net/http when it sends no more.
func (b *sentBody) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

func (b *sentBody) end() { b.once.Do(func() { close(b.over) }) }

// acceptedBody is the body that res says was taken. A redirect and an error say nothing of the kind: a server may give
// them as soon as it saw the head.
func acceptedBody(req *http.Request, res *http.Response) *sentBody {
	if res.StatusCode >= http.StatusMultipleChoices {
		return nil
	}
	b, _ := req.Body.(*sentBody)
	return b
}

// unsent is the fault where the answer has ended and the body has not: net/http drops the connection then, and the
// rest with it. A nil body lacks nothing.
func (b *sentBody) unsent() error {
	if b == nil {
		return nil
	}
	timer := time.NewTimer(lastBytes)
	defer timer.Stop()
	select {
	case <-b.over:
	case <-b.watch.ctx.Done():
	case <-timer.C:
	}
	if b.whole.Load() {
		return nil
	}
	return fault.New(fault.Protocol, "protocol.unsent", "the server answered before it had the whole body: %d bytes were sent", b.watch.sent.Load())
}

// localFault is a failure to read what is to be sent.
func localFault(err error) *fault.Error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	return fault.New(fault.IO, "io.read", "read the body to send: %w", err)
}
