package page

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/shape"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// run is one way through the pages.
type run struct {
	Options
	ctx     context.Context //nolint:containedctx // lives as long as one body, whose Read has no ctx
	res     *http.Response
	request *call.Request
	seen    map[string]bool
	pages   int

	value    any   // the current page, where it had to be read as JSON
	failed   bool  // the current page has a status of 400 or more
	lastByte byte  // of what was given
	opened   bool  // the array of pages was begun
	together []any // all pages, for a jq expression over them
	size     int   // of their text
}

// Close closes the page that is being read.
func (r *run) Close() error { return r.res.Body.Close() }

func (r *run) all() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			if !r.page(yield) {
				return
			}
			_ = r.res.Body.Close()
			more, err := r.advance()
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				break
			}
		}
		r.end(yield)
	}
}

// page gives the current page; false where there is no use in going on.
func (r *run) page(yield func([]byte, error) bool) bool {
	r.pages++
	r.value = nil
	r.failed = r.res.StatusCode >= http.StatusBadRequest
	if r.failed {
		return r.broken(yield)
	}
	if r.Shaper == nil && r.Next == nil && !r.Slurp {
		return r.raw(yield, r.res.Body)
	}
	text, err := httpx.ReadLimited(r.res.Body, shape.MaxDocument)
	if err != nil {
		yield(nil, tooLarge(err))
		return false
	}
	if len(text) == 0 && shape.Bodyless(r.res.StatusCode) {
		return true
	}
	if r.value, err = shape.One(bytes.NewReader(text)); err != nil {
		if r.Shaper == nil && !r.Slurp { // the page is what was asked for, whatever it is; only its successor is not known
			r.raw(yield, bytes.NewReader(text))
		}
		yield(nil, err)
		return false
	}
	return r.known(yield, text)
}

func tooLarge(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == "protocol.too_large" {
		f.Hint("ask for smaller pages")
	}
	return err
}

// known gives a page that was read as JSON.
func (r *run) known(yield func([]byte, error) bool, text []byte) bool {
	switch {
	case r.Slurp && r.Shaper != nil:
		if r.size += len(text); r.size > maxTogether {
			yield(nil, fault.New(fault.Protocol, "protocol.too_large", "the pages together are larger than %d MiB", maxTogether>>20).
				Hint("use --jq without --slurp, or set --max-pages"))
			return false
		}
		r.together = append(r.together, r.value)
		return true
	case r.Slurp:
		return r.element(yield, text)
	case r.Shaper != nil:
		return shape.Copy(r.Shaper.Text(r.ctx, r.value), yield)
	}
	return r.raw(yield, bytes.NewReader(text))
}

// element gives a page as an element of the array of pages.
func (r *run) element(yield func([]byte, error) bool, text []byte) bool {
	before := ","
	if !r.opened {
		before = "["
	}
	text = bytes.Trim(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	r.opened, r.lastByte = true, text[len(text)-1]
	return yield([]byte(before), nil) && yield(text, nil)
}

// raw gives a page as it came, on a line of its own.
func (r *run) raw(yield func([]byte, error) bool, body io.Reader) bool {
	buf := make([]byte, 64<<10)
	apart := r.lastByte != 0 && r.lastByte != '\n'
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if apart && !yield([]byte{'\n'}, nil) {
				return false
			}
			apart, r.lastByte = false, buf[n-1] //nolint:gosec // G602: n is at least 1, and at most what buf holds
			if !yield(buf[:n], nil) {
				return false
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			yield(nil, httpx.Failure(err))
			return false
		}
	}
}

// broken gives the body of a page that is an error as it came, and then the error.
func (r *run) broken(yield func([]byte, error) bool) bool {
	if !r.raw(yield, r.res.Body) {
		return false
	}
	if r.pages > 1 && r.Failed != nil {
		if err := r.Failed(r.request, r.res); err != nil {
			yield(nil, err)
			return false
		}
	}
	return true
}

// advance asks for the page behind the current one; false where there is none to ask for.
func (r *run) advance() (bool, error) {
	if r.failed {
		return false, nil
	}
	next, err := r.next()
	if err != nil || next == nil {
		return false, err
	}
	if r.Max > 0 && r.pages >= r.Max {
		if r.Stopped != nil {
			r.Stopped()
		}
		return false, nil
	}
	if err := r.check(next); err != nil {
		return false, err
	}
	request := *r.Request
	request.URL = next
	res, err := r.Doer.Do(r.ctx, &request)
	if err != nil {
		return false, err
	}
	r.res, r.request = res, &request
	return true, nil
}

// next looks for the next page relative to where the current one was found, which a redirect may have changed.
func (r *run) next() (*url.URL, error) {
	current := r.request.URL
	if r.res.Request != nil && r.res.Request.URL != nil {
		current = r.res.Request.URL
	}
	if r.Next == nil {
		return linked(current, r.res.Header)
	}
	return r.Next.find(r.ctx, current, r.value)
}

// check holds the next page to the first one's origin, and to being another one than those before.
func (r *run) check(next *url.URL) error {
	origin, err := httpx.OriginOf(next)
	if err != nil {
		return err
	}
	if first, err := httpx.OriginOf(r.Request.URL); err != nil || first != origin {
		return fault.New(fault.Policy, "policy.origin", "the next page is at %s, the first one at %s; pages are followed within one origin", origin, first).
			Hint("call the next page's URL yourself if it may see the token")
	}
	if r.seen[next.String()] {
		return fault.New(fault.Protocol, "protocol.page_loop", "page %d names a page that came before as its next one", r.pages)
	}
	r.seen[next.String()] = true
	return nil
}

// end gives what can only be told behind the last page. Where that was an error, its body stands in place of a result.
func (r *run) end(yield func([]byte, error) bool) {
	switch {
	case r.Slurp && r.failed:
	case r.Slurp && r.Shaper != nil:
		if shape.Copy(r.Shaper.Text(r.ctx, r.together), yield) {
			shape.Copy(r.Shaper.Rest(), yield)
		}
	case r.Slurp && !r.opened:
		yield([]byte("[]\n"), nil)
	case r.Slurp:
		yield([]byte("]\n"), nil)
	case r.Shaper != nil:
		shape.Copy(r.Shaper.Rest(), yield)
	}
}
