package shape

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// MaxDocument is the largest JSON value that is read into memory. What is larger can be saved, but not shaped.
const MaxDocument = 64 << 20

// Decoder reads JSON values from an answer. Numbers stay as they are written, whatever their size.
type Decoder struct {
	in    *bounded
	json  *json.Decoder
	count int
}

// NewDecoder reads from body, which it does not close. A byte order mark before the first value is passed over.
func NewDecoder(body io.Reader) *Decoder {
	in := &bounded{in: bufio.NewReader(body)}
	d := &Decoder{in: in, json: json.NewDecoder(in)}
	d.json.UseNumber()
	return d
}

// Next gives the next value, bare io.EOF behind the last one, or a fault. An empty body is a fault: nothing is not JSON.
func (d *Decoder) Next() (any, error) {
	d.in.left = MaxDocument
	if d.count == 0 {
		if mark, _ := d.in.in.Peek(3); string(mark) == "\ufeff" {
			_, _ = d.in.in.Discard(len(mark))
		}
	}
	var value any
	err := d.json.Decode(&value)
	switch {
	case err == nil:
		d.count++
		return value, nil
	case errors.Is(err, io.EOF) && d.count > 0:
		return nil, io.EOF
	}
	return nil, notJSON(err)
}

// One reads body as exactly one value.
func One(body io.Reader) (any, error) {
	d := NewDecoder(body)
	value, err := d.Next()
	if err != nil {
		return nil, err
	}
	if _, err := d.Next(); err != io.EOF { //nolint:errorlint // Next promises the bare value
		if err != nil {
			return nil, err
		}
		return nil, otherThanJSON(errors.New("more follows behind the first value"))
	}
	return value, nil
}

// notJSON tells a body that could not be read, which is a fault already, from one that is something else.
func notJSON(err error) error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); !ok && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return httpx.Failure(err)
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("it is empty")
	}
	return otherThanJSON(err)
}

func otherThanJSON(why error) *fault.Error {
	return fault.New(fault.Protocol, "protocol.json", "the answer is not JSON: %w", why).
		Hint("look at the body without --jq, --template, --next and --slurp; -i shows its Content-Type")
}

// bounded refuses to read more than left bytes for one value.
type bounded struct {
	in   *bufio.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fault.New(fault.Protocol, "protocol.too_large", "the answer is larger than the %d MiB that --jq, --template, --next and --slurp can hold",
			MaxDocument>>20).Hint("save it with -o FILE and filter the file")
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
