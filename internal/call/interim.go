package call

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// maxInterim bounds what the 1xx answers to one request hold: whom net/http tells of them has to.
const (
	maxInterim      = 256 << 10
	interimOverhead = 32 // of a status line, and of each header
)

// interim are the answers (1xx) that another one follows.
type interim struct {
	heads []*http.Response
	size  int
}

// informed notes one of them.
func (w *watch) informed(code int, header http.Header) error {
	head := &http.Response{
		StatusCode: code, Status: strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code))), Header: header,
	}
	size := interimOverhead
	for name, values := range header {
		for _, value := range values {
			size += interimOverhead + len(name) + len(value)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.interim.size += size; w.interim.size > maxInterim {
		return fault.New(fault.Protocol, "protocol.header", "the headers of the 1xx answers are larger than %d bytes", maxInterim)
	}
	w.interim.heads = append(w.interim.heads, head)
	return nil
}
