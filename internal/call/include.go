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

// writeHead writes status line and headers as curl -i does, in a fixed order, since net/http does not keep the
// server's.
func (s *Sink) writeHead(res *http.Response) error {
	var head strings.Builder
	line := func(text string) {
		if s.out.TTY {
			text = strings.ReplaceAll(httpx.Visible(text), "\n", `\x0a`)
		}
		head.WriteString(text + "\r\n")
	}
	line(statusLine(res))
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		for _, value := range res.Header[name] {
			line(wireName(res, name) + ": " + value)
		}
	}
	if len(res.TransferEncoding) > 0 {
		line(wireName(res, "Transfer-Encoding") + ": " + strings.Join(res.TransferEncoding, ", "))
	}
	line("")
	_, err := io.WriteString(s.w, head.String())
	return err
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
