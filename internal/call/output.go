package call

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// copyBytes is large enough to run at full speed, small enough to be no matter. HTTP/2 hands over what other goroutines
// gathered, and takes an eighth less time (`make bench`) where it is asked less often.
const (
	copyBytes        = 64 << 10
	copyBytesOfHTTP2 = 256 << 10
)

// binaryLook is how far into a body a NUL makes it a binary one.
const binaryLook = 2000

// Output says where an answer goes.
type Output struct {
	Path    string // empty or "-": Stdout
	Stdout  io.Writer
	Stderr  io.Writer // nil: unknown
	TTY     bool      // Stdout is a terminal: control characters are made visible
	Include bool      // status line and headers first, as curl -i
	Head    string    // a file, or "-", that gets them as well, as curl -D
	Resume  string    // names what is fetched: what is there of it already is kept, and only the rest is asked for
	Trip    *Trip     // redirects that it tells of stand before the answer's head; may be nil

	Terminal func(*os.File) bool // reports whether a device is a terminal, to which what holds for Stdout applies; nil: none is
}

// Sink is an output that was opened, so that a place that cannot be written to is known before anything is sent.
// Close it in any case; what Save did not finish is then as if it had never begun, unless it can be resumed.
type Sink struct {
	out   Output
	w     io.Writer
	stage *stagedFile // nil where bytes go straight to w
	file  *os.File    // a device or a pipe
	head  *Sink       // where Head goes; nil: nowhere
	part  *part       // what is in stage already
}

// Open readies the output: nothing for Stdout, a temporary file beside the target for a file, the target itself for
// a device or a pipe.
func (o Output) Open() (*Sink, error) {
	s := &Sink{out: o}
	if o.Head != "" {
		head, err := Output{Path: o.Head, Stdout: o.Stdout, Stderr: o.Stderr, TTY: o.TTY, Terminal: o.Terminal}.Open()
		if err != nil {
			return nil, err
		}
		s.head = head
	}
	if err := s.open(); err != nil {
		s.Close()
		return nil, outputFault(err)
	}
	return s, nil
}

func (s *Sink) open() (err error) {
	switch {
	case s.out.Path == "" || s.out.Path == "-":
		s.w = s.out.Stdout
		return nil
	case s.out.Resume != "":
		s.stage, s.part, err = openPart(s.out.Path, s.out.Resume)
	default:
		if s.w = s.out.stream(); s.w == nil {
			s.stage, s.file, err = openTarget(s.out.Path)
		}
	}
	s.out.TTY = s.file != nil && s.out.Terminal != nil && s.out.Terminal(s.file)
	switch {
	case err != nil:
		return err
	case s.stage != nil:
		s.w = s.stage.file
	case s.file != nil:
		s.w = s.file
	}
	return nil
}

// Path is the name of the file that the answer goes to; empty for standard output.
func (s *Sink) Path() string {
	if s.out.Path == "-" {
		return ""
	}
	return s.out.Path
}

// Terminal reports whether the body goes to a terminal: standard output, or a device of that kind.
func (s *Sink) Terminal() bool { return s.out.TTY }

// Save writes the answer and closes its body. It counts the body's bytes. A body that ends too early is the body's
// fault and leaves no file; a place that takes no more is [fault.IO], with the code io.pipe where its reader is gone.
func (s *Sink) Save(res *http.Response) (int64, error) {
	defer res.Body.Close()
	if err := s.dump(res); err != nil {
		return 0, err
	}
	whole, err := s.fit(res)
	if err != nil || whole {
		return 0, err
	}
	if s.out.Include {
		if err := s.heads(s.w, s.out.TTY, res); err != nil {
			return 0, outputFault(err)
		}
	}
	n, err := s.copy(res)
	if err != nil {
		return n, err
	}
	if err := s.measure(); err != nil {
		return n, err
	}
	return n, s.commit()
}

func (s *Sink) copy(res *http.Response) (int64, error) {
	w, body := s.w, io.Reader(res.Body)
	var visible io.WriteCloser
	if s.out.TTY {
		visible = httpx.VisibleWriter(w)
		w = visible
		if s.out.Path == "" {
			body = &textOnly{in: body}
		}
	}
	n, err := s.copyBody(w, body, make([]byte, bufferFor(res)))
	if visible != nil {
		if closed := visible.Close(); err == nil && closed != nil {
			err = outputFault(closed)
		}
	}
	return n, err
}

// textOnly refuses a body that is none for a terminal, by its first bytes, as curl does.
type textOnly struct {
	in   io.Reader
	seen int
}

func (t *textOnly) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if t.seen < binaryLook && bytes.IndexByte(p[:n], 0) >= 0 {
		return 0, fault.New(fault.IO, "io.binary", "the answer is binary and would upset the terminal").
			Hint("add -o FILE, or -o - to see it all the same")
	}
	t.seen += n
	return n, err
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
	if s.head != nil {
		s.head.Close()
	}
	if s.stage != nil {
		s.stage.discard()
		s.stage = nil
	}
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

// copyBody tells errors of the body, which are faults already, from those of the place that it goes to. What goes to a
// file is gathered first, which saves most of the writing; what somebody may be waiting for is not.
func (s *Sink) copyBody(w io.Writer, body io.Reader, buf []byte) (int64, error) {
	gather := s.stage != nil
	total := int64(0)
	for {
		n, err := body.Read(buf)
		for gather && err == nil && n < len(buf) {
			var more int
			more, err = body.Read(buf[n:])
			n += more
		}
		if n > 0 {
			written, failed := w.Write(buf[:n])
			total += int64(written)
			if failed != nil {
				return total, outputFault(failed)
			}
		}
		if err == io.EOF { // the bare value alone is an end: a wrapped one is a cut
			return total, nil
		}
		if err != nil {
			return total, httpx.Failure(err)
		}
	}
}

func bufferFor(res *http.Response) int64 {
	most := int64(copyBytes)
	if res.ProtoMajor == 2 {
		most = copyBytesOfHTTP2
	}
	if size := res.ContentLength; size >= 0 && size < most {
		return max(size, 512)
	}
	return most
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
