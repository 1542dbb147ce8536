package call

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// acceptedEncodings is what a compressed answer may come in; maxEncodings is how many times over.
const (
	acceptedEncodings = "deflate, gzip"
	maxEncodings      = 5
)

// unpack makes the body of res give what was packed. It unpacks while it is read, in constant memory: a body that
// unpacks to more than the place that it goes to can hold fails there.
func unpack(res *http.Response) {
	var encodings []string
	for _, value := range res.Header.Values("Content-Encoding") {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.ToLower(strings.Trim(name, " \t")); name != "" && name != "identity" {
				encodings = append(encodings, name)
			}
		}
	}
	if len(encodings) == 0 {
		return
	}
	res.ContentLength = -1
	res.Body = &unpacked{ReadCloser: res.Body, encodings: encodings}
}

// unpacked looks at the packed body when it is first read, since an answer without a body names an encoding, too.
type unpacked struct {
	io.ReadCloser
	encodings []string // as they were applied
	out       io.Reader
	source    *faultKeeper
}

func (u *unpacked) Read(p []byte) (int, error) {
	if u.out == nil {
		u.source = &faultKeeper{in: u.ReadCloser}
		if err := u.open(); err != nil {
			return 0, u.blame(err)
		}
	}
	n, err := u.out.Read(p)
	return n, u.blame(err)
}

func (u *unpacked) open() error {
	buffered := bufio.NewReader(u.source)
	if _, err := buffered.Peek(1); err == io.EOF { // a bare end: there is no body
		u.out = buffered
		return nil
	}
	u.out = buffered
	if len(u.encodings) > maxEncodings {
		return fault.New(fault.Protocol, "protocol.encoding", "the answer is compressed more than %d times over", maxEncodings)
	}
	for i := len(u.encodings) - 1; i >= 0; i-- {
		layer, err := unpacker(u.encodings[i], bufio.NewReader(u.out))
		if err != nil {
			return err
		}
		u.out = layer
	}
	return nil
}

// unpacker undoes one encoding. What is called deflate is zlib's form (RFC 9110 section 8.4.1.2), and bare deflate from
// servers that got that wrong.
func unpacker(encoding string, in *bufio.Reader) (io.Reader, error) {
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(in)
	case "deflate":
		if head, _ := in.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			return zlib.NewReader(in)
		}
		return flate.NewReader(in), nil
	}
	return nil, fault.New(fault.Protocol, "protocol.encoding", "the answer is compressed in a way that was not asked for: %s",
		httpx.Excerpt(encoding, nil))
}

// blame tells a body that breaks off from one that is badly packed.
func (u *unpacked) blame(err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // the bare value alone is an end
		return err
	}
	if u.source.err != nil {
		return u.source.err
	}
	if fault.Is(err, fault.Protocol) {
		return err
	}
	return fault.New(fault.Protocol, "protocol.encoding", "the compressed answer cannot be unpacked: %w", err)
}

// faultKeeper remembers the error of what it reads, which a decompressor would hide behind its own.
type faultKeeper struct {
	in  io.Reader
	err error
}

func (k *faultKeeper) Read(p []byte) (int, error) {
	n, err := k.in.Read(p)
	if err != nil && err != io.EOF { // as above
		k.err = err
	}
	return n, err
}
