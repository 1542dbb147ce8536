package call

import (
	"io"
)

// stripReader leaves out CR, LF and NUL, as curl's -d @file does.
func strip(r io.Reader) io.Reader { return stripReader{r} }

type stripReader struct{ in io.Reader }

func (s stripReader) Read(p []byte) (int, error) {
	for {
		n, err := s.in.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if c != '\r' && c != '\n' && c != 0 {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || err != nil || len(p) == 0 {
			return len(kept), err
		}
	}
}

// escape percent-encodes as curl's --data-urlencode does: a blank is a plus, only unreserved characters stay.
func escape(r io.Reader) io.Reader { return &escapeReader{in: r} }

type escapeReader struct {
	in   io.Reader
	buf  []byte // what is read at once
	left []byte // escaped and not given away yet
	err  error
}

func (e *escapeReader) Read(p []byte) (int, error) {
	for len(e.left) == 0 && e.err == nil && len(p) > 0 {
		if e.buf == nil {
			e.buf = make([]byte, copyBytes/8)
		}
		var n int
		n, e.err = e.in.Read(e.buf)
		e.left = appendEscaped(e.left[:0], e.buf[:n])
	}
	n := copy(p, e.left)
	if e.left = e.left[n:]; n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, e.err
}

func appendEscaped(out, text []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range text {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			out = append(out, c)
		case c == ' ':
			out = append(out, '+')
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return out
}
