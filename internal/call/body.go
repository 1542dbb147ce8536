package call

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/authctl/authctl/internal/fault"
)

// bufferedBody is how much of a stream is kept, so that it has a length and can be sent again.
const bufferedBody = 1 << 20

// Body is what a request sends. Open gives its bytes from the beginning, with their number or -1; the caller closes
// them. A body that is not Replayable may be opened once.
type Body interface {
	Open() (io.ReadCloser, int64, error)
	Replayable() bool
}

func replayable(b Body) bool { return b == nil || b.Replayable() }

var (
	_ Body = Text("")
	_ Body = (*fileBody)(nil)
	_ Body = (*streamBody)(nil)
	_ Body = joined(nil)
)

// Text is a body that lies in memory.
type Text string

// Open implements [Body].
func (t Text) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader([]byte(t))), int64(len(t)), nil
}

// Replayable implements [Body].
func (Text) Replayable() bool { return true }

// fileBody is a file by name. Whatever is no regular file (a FIFO, a process substitution), or says no size, is a
// stream.
type fileBody struct {
	path   string
	filter filter // nil: as it is
	stream *streamBody
}

// filter makes what is sent of what is read.
type filter func(io.Reader) io.Reader

func (f filter) of(r io.Reader) io.Reader {
	if f == nil {
		return r
	}
	return f(r)
}

func (b *fileBody) Open() (io.ReadCloser, int64, error) {
	if b.stream != nil {
		return b.stream.Open()
	}
	f, err := os.Open(b.path)
	if err != nil {
		return nil, 0, fault.New(fault.IO, "io.read", "read the body to send: %w", err)
	}
	size, err := b.measure(f)
	switch {
	case err != nil:
		_ = f.Close()
		return nil, 0, fault.New(fault.IO, "io.read", "read the body to send: %w", err)
	case size < 0:
		b.stream = &streamBody{in: f, file: f, filter: b.filter}
		return b.stream.Open()
	}
	return &exactBody{in: b.filter.of(f), file: f, left: size}, size, nil
}

// measure counts the bytes to send, -1 where that would consume them, and leaves f at its beginning.
func (b *fileBody) measure(f *os.File) (int64, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return 0, err
	case info.IsDir():
		return 0, errors.New(b.path + " is a directory")
	case !info.Mode().IsRegular(), info.Size() == 0: // a file of /proc says 0, whatever is in it
		return -1, nil
	case b.filter == nil:
		return info.Size(), nil
	}
	size, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, b.filter.of(f), make([]byte, copyBytes))
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	return size, err
}

func (b *fileBody) Replayable() bool {
	if b.stream != nil {
		return b.stream.Replayable()
	}
	info, err := os.Stat(b.path)
	return err == nil && info.Mode().IsRegular()
}

// exactBody gives exactly the bytes that were promised, or says that the file changed.
type exactBody struct {
	in   io.Reader
	file io.Closer
	left int64
}

func (b *exactBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	if b.left -= int64(n); err == io.EOF && b.left > 0 { //nolint:errorlint // io.Reader promises the bare value
		err = fault.New(fault.IO, "io.read", "the body's file became shorter while it was sent")
	}
	return n, err
}

func (b *exactBody) Close() error { return b.file.Close() }

// streamBody is stdin or its like: the first MiB is kept, and if that is all, it is as good as a file.
type streamBody struct {
	in     io.Reader
	file   io.Closer // what to close at the end; nil for stdin
	filter filter

	loaded, whole, used bool
	head                []byte
}

// load reads the head on first use, so that nothing is consumed for a request that is refused.
func (b *streamBody) load() error {
	if b.loaded {
		return nil
	}
	b.loaded = true
	b.in = b.filter.of(b.in)
	var err error
	b.head, err = io.ReadAll(io.LimitReader(b.in, bufferedBody+1))
	b.whole = err == nil && len(b.head) <= bufferedBody
	if b.whole || err != nil {
		_ = b.Close()
	}
	if err != nil {
		return fault.New(fault.IO, "io.read", "read the body to send: %w", err)
	}
	return nil
}

func (b *streamBody) Open() (io.ReadCloser, int64, error) {
	if err := b.load(); err != nil {
		return nil, 0, err
	}
	if b.whole {
		return io.NopCloser(bytes.NewReader(b.head)), int64(len(b.head)), nil
	}
	if b.used {
		return nil, 0, fault.New(fault.IO, "io.read", "the body came from a stream and cannot be sent twice")
	}
	b.used = true
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(b.head), b.in), b}, -1, nil
}

// Close lets go of the file that the stream is read from.
func (b *streamBody) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

func (b *streamBody) Replayable() bool { return b.load() == nil && b.whole }
