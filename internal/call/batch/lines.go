package batch

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/authctl/authctl/internal/fault"
)

// maxLine is the longest line that is read.
const maxLine = 1 << 20

// linesAtOnce is how many lines go from hand to hand together.
const linesAtOnce = 32

// rawLine is a line of the input, or why it is none.
type rawLine struct {
	text []byte
	err  error
}

// readLines gives the lines of in that are not blank, as many at a time as are there. A line that is too long is passed
// over with an error; an input that breaks ends with one.
func readLines(in io.Reader) iter.Seq[[]rawLine] {
	return func(yield func([]rawLine) bool) {
		r := bufio.NewReaderSize(in, maxLine+2)
		if mark, _ := r.Peek(3); string(mark) == "\ufeff" {
			_, _ = r.Discard(len(mark))
		}
		var lines []rawLine
		for {
			line, err := readLine(r)
			if line.err != nil || len(line.text) > 0 {
				lines = append(lines, line)
			}
			if err != nil && !errors.Is(err, io.EOF) {
				lines = append(lines, rawLine{err: fault.New(fault.IO, "io.read", "read the batch: %w", err)})
			}
			if len(lines) > 0 && (err != nil || len(lines) == linesAtOnce || !hasLine(r)) {
				if !yield(lines) {
					return
				}
				lines = nil
			}
			if err != nil {
				return
			}
		}
	}
}

// hasLine reports whether a line can be read without waiting.
func hasLine(r *bufio.Reader) bool {
	there, _ := r.Peek(r.Buffered())
	return bytes.IndexByte(there, '\n') >= 0
}

func readLine(r *bufio.Reader) (rawLine, error) {
	text, err := r.ReadSlice('\n')
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	text = bytes.Trim(text, blanks)
	if long || len(text) > maxLine {
		return rawLine{err: lineFault("the line is longer than %d bytes", maxLine)}, err
	}
	return rawLine{text: bytes.Clone(text)}, err
}
