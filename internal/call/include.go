package call

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
)

// dump writes the heads to where -D wants them, once.
func (s *Sink) dump(res *http.Response) error {
	if s.head == nil {
		return nil
	}
	head := s.head
	s.head = nil
	defer head.Close()
	if err := s.heads(head.w, head.out.TTY, res); err != nil {
		return outputFault(err)
	}
	return head.commit()
}

// heads writes the status lines and headers of the redirects on the way, of 1xx answers and of res.
func (s *Sink) heads(w io.Writer, tty bool, res *http.Response) error {
	var text strings.Builder
	for _, r := range s.out.Trip.heads(res) {
		writeHead(&text, tty, r)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeHead writes status line and headers as curl -i does, in a fixed order, since net/http does not keep the
// server's.
func writeHead(head *strings.Builder, tty bool, res *http.Response) {
	line := func(text string) {
		if tty {
			text = strings.ReplaceAll(httpx.Visible(text), "\n", `\x0a`)
		}
		head.WriteString(text + "\r\n")
	}
	line(statusLine(res))
	header := received(res)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			line(wireName(res, name) + ": " + value)
		}
	}
	line("")
}

// received is the header with Transfer-Encoding, which net/http keeps elsewhere.
func received(res *http.Response) http.Header {
	if len(res.TransferEncoding) == 0 {
		return res.Header
	}
	header := maps.Clone(res.Header)
	header["Transfer-Encoding"] = []string{strings.Join(res.TransferEncoding, ", ")}
	return header
}

// statusLine is the first line of the answer; HTTP/2 has no reason phrase, and curl leaves the blank before it.
func statusLine(res *http.Response) string {
	if res.ProtoMajor >= 2 {
		return fmt.Sprintf("HTTP/%d %d ", res.ProtoMajor, res.StatusCode)
	}
	return res.Proto + " " + res.Status
}

func wireName(res *http.Response, name string) string {
	if res.ProtoMajor >= 2 {
		return strings.ToLower(name)
	}
	return name
}
