package batch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// encoder makes lines of answers, one after the other. It keeps the room for a body from one to the next.
type encoder struct{ body bytes.Buffer }

// roomKept is how much of it.
const roomKept = 1 << 20

// answer reads the answer to its end and makes a line of it.
func (e *encoder) answer(j *job, res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	if e.body.Cap() > roomKept {
		e.body = bytes.Buffer{}
	}
	e.body.Reset()
	if err := e.read(res); err != nil {
		return nil, err
	}
	body := e.body.Bytes()
	line := append(beginLine(j, 512+len(body)+len(body)/8), `,"status":`...)
	line = strconv.AppendInt(line, int64(res.StatusCode), 10)
	line = append(appendHeaders(append(line, `,"headers":`...), res.Header), ',')
	if utf8.Valid(body) {
		line = appendString(append(line, `"body":`...), body)
	} else {
		line = append(line, `"body_base64":"`...)
		line = append(base64.StdEncoding.AppendEncode(line, body), '"')
	}
	return append(line, "}\n"...), nil
}

func (e *encoder) read(res *http.Response) error {
	n, err := e.body.ReadFrom(io.LimitReader(res.Body, MaxBody+1))
	switch {
	case err != nil:
		return httpx.Failure(err)
	case n > MaxBody:
		return fault.New(fault.Protocol, "protocol.too_large", "the answer is larger than the %d MiB that a line of the output may hold",
			MaxBody>>20).Hint("save it by a call of its own: authctl call -o FILE")
	}
	return nil
}

// encodeError makes a line of what has no answer. Explain turns the error into its member.
func encodeError(j *job, explain func(error) any) []byte {
	var member any = map[string]string{"message": j.err.Error()}
	if explain != nil {
		member = explain(j.err)
	}
	return append(appendJSON(append(beginLine(j, 256), `,"error":`...), member), "}\n"...)
}

// beginLine makes room for a line and writes the members that every line has.
func beginLine(j *job, size int) []byte {
	line := append(slices.Grow(j.result[:0], size), `{"index":`...)
	line = strconv.AppendInt(line, int64(j.index), 10)
	if j.id != nil {
		line = append(append(line, `,"id":`...), j.id...)
	}
	return line
}

// appendHeaders writes an object; several values of a name are joined as RFC 9110 section 5.3 allows.
func appendHeaders(line []byte, h http.Header) []byte {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	before := byte('{')
	for _, name := range names {
		line = append(appendString(append(line, before), name), ':')
		line = appendString(line, strings.ToValidUTF8(strings.Join(h[name], ", "), "\ufffd"))
		before = ','
	}
	if before == '{' {
		line = append(line, before)
	}
	return append(line, '}')
}

// appendString writes a JSON string of s, which is UTF-8.
func appendString[T string | []byte](line []byte, s T) []byte {
	line = append(line, '"')
	start := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			line = append(append(line, s[start:i]...), '\\', c)
		case c == '\n':
			line = append(append(line, s[start:i]...), '\\', 'n')
		case c < ' ' || c == 0x7f:
			line = fmt.Appendf(append(line, s[start:i]...), `\u%04x`, c)
		default:
			continue
		}
		start = i + 1
	}
	return append(append(line, s[start:]...), '"')
}

// appendJSON writes a value that always can be encoded.
func appendJSON(line []byte, value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) //nolint:errchkjson // what is encoded here always can be
	return append(line, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}
