// Package page follows a result over its pages and gives them as one body. It asks for the pages of the first one's
// origin alone, sends nothing but what the first request was, stops at a page that it has seen, and holds no more than
// one page in memory, unless a jq expression must see them all.
package page

import (
	"context"
	"io"
	"net/http"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/shape"
)

// maxTogether bounds what is kept of all pages for a jq expression over them.
const maxTogether = 256 << 20

// Doer sends a call, as [call.Client] does.
type Doer interface {
	Do(ctx context.Context, req *call.Request) (*http.Response, error)
}

var _ Doer = (*call.Client)(nil)

// Options say how pages are found and how they are put together.
type Options struct {
	Doer    Doer
	Request *call.Request // the first page's
	Next    *Next         // nil: the Link header names the next page
	Max     int           // pages; 0: no limit
	Slurp   bool          // all pages as one JSON array
	Shaper  shape.Shaper  // nil: pages as they came
	Stopped func()        // told that Max ended the run before the last page; may be nil
	// Failed says what to make of a page of status 400 and more, once its body was given; nil goes on as if it were
	// the last page.
	Failed func(req *call.Request, res *http.Response) error
}

// Body gives the pages that begin with first as one body, each as it comes. Without Slurp and Shaper they follow each
// other byte for byte, a newline between two where the first does not end in one. Errors are faults; what was given
// before them holds.
func Body(ctx context.Context, o Options, first *http.Response) io.ReadCloser {
	r := &run{
		Options: o, ctx: ctx, res: first, request: o.Request, together: []any{},
		seen: map[string]bool{o.Request.URL.String(): true},
	}
	return shape.Stream(r.all(), r)
}
