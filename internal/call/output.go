package call

import (
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// copyBytes is large enough for HTTP/2 to run at full speed, small enough to be no matter.
const copyBytes = 256 << 10

// Output says where an answer goes.
type Output struct {
	Path    string // empty or "-": Stdout
	Stdout  io.Writer
	TTY     bool // Stdout is a terminal: control characters are made visible
	Include bool // status line and headers first, as curl -i
}

// Sink is an output that was opened, so that a place that cannot be written to is known before anything is sent.
// Close it in any case; what Save did not finish is then as if it had never begun.
type Sink struct {
	out   Output
	w     io.Writer
	stage *stagedFile // nil where bytes go straight to w
	file  *os.File    // a device or a pipe
}

// Open readies the output: nothing for Stdout, a temporary file beside the target for a file, the target itself for
// a device or a pipe.
func (o Output) Open() (*Sink, error) {
	if o.Path == "" || o.Path == "-" {
		return &Sink{out: o, w: o.Stdout}, nil
	}
	o.TTY = false
	stage, direct, err := openTarget(o.Path)
	if err != nil {
		return nil, outputFault(err)
	}
	if direct != nil {
		return &Sink{out: o, w: direct, file: direct}, nil
	}
	return &Sink{out: o, w: stage.file, stage: stage}, nil
}

// Save writes the answer and closes its body. It counts the body's bytes. A body that ends too early is the body's
// fault and leaves no file; a place that takes no more is [fault.IO], with the code io.pipe where its reader is gone.
func (s *Sink) Save(res *http.Response) (int64, error) {
	defer res.Body.Close()
	if s.out.Include {
		if err := s.writeHead(res); err != nil {
			return 0, outputFault(err)
		}
	}
	w := s.w
	var visible io.WriteCloser
	if s.out.TTY {
		visible = httpx.VisibleWriter(w)
		w = visible
	}
	n, err := copyBody(w, res.Body, res.ContentLength)
	if visible != nil {
		if closed := visible.Close(); err == nil && closed != nil {
			err = outputFault(closed)
		}
	}
	if err != nil {
		return n, err
	}
	return n, s.commit()
}

func (s *Sink) commit() error {
	switch {
	case s.stage != nil:
		if err := s.stage.commit(); err != nil {
			return outputFault(err)
		}
		s.stage = nil
	case s.file != nil:
		err := s.file.Close()
		if s.file = nil; err != nil {
			return outputFault(err)
		}
	}
	return nil
}

// Close gives up what was not saved.
func (s *Sink) Close() {
	if s.stage != nil {
		s.stage.discard()
		s.stage = nil
	}
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

// copyBody tells errors of the body, which are faults already, from those of the place that it goes to.
func copyBody(w io.Writer, body io.Reader, size int64) (int64, error) {
	buf := make([]byte, bufferFor(size))
	total := int64(0)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			written, failed := w.Write(buf[:n])
			total += int64(written)
			if failed != nil {
				return total, outputFault(failed)
			}
		}
		if err == io.EOF { //nolint:errorlint // the bare value alone is an end: a wrapped one is a cut
			return total, nil
		}
		if err != nil {
			return total, httpx.Failure(err)
		}
	}
}

func bufferFor(size int64) int64 {
	if size < 0 || size > copyBytes {
		return copyBytes
	}
	return max(size, 512)
}

func outputFault(err error) *fault.Error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	if isBrokenPipe(err) {
		return fault.New(fault.IO, "io.pipe", "nobody reads the output any more: %w", err)
	}
	return fault.New(fault.IO, "io.write", "write the answer: %w", err)
}
