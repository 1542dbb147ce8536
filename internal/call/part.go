package call

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// clockSlack is how much older than its answer a Last-Modified must be to identify one version (RFC 9110 section
// 8.8.2.2).
const clockSlack = time.Minute

// part is the beginning of an answer's body, and what identifies the version that it is of.
type part struct {
	have      int64
	validator string // a strong ETag, or a Last-Modified that is as good as one
	total     int64  // -1: unknown
}

// ask wants the rest, and all of it where the version is another by now (RFC 9110 section 13.1.5).
func (p *part) ask(h http.Header) {
	if p != nil {
		h.Set("Range", "bytes="+strconv.FormatInt(p.have, 10)+"-")
		h.Set("If-Range", p.validator)
	}
}

// partOf says what of a whole answer its parts would have to fit; nil where nothing identifies its version.
func partOf(res *http.Response) *part {
	p := &part{validator: res.Header.Get("Etag"), total: res.ContentLength}
	if res.StatusCode != http.StatusOK || res.Request == nil || res.Request.Method != http.MethodGet || res.Header.Get("Accept-Ranges") == "none" {
		return nil
	}
	if p.validator == "" {
		p.validator = res.Header.Get("Last-Modified")
		modified, err := http.ParseTime(p.validator)
		date, dateErr := http.ParseTime(res.Header.Get("Date"))
		if err != nil || dateErr != nil || date.Sub(modified) < clockSlack {
			return nil
		}
	} else if !isStrongTag(p.validator) {
		return nil
	}
	return p
}

// isStrongTag holds an entity tag to RFC 9110 section 8.8.3; a weak one may stand for several versions.
func isStrongTag(tag string) bool {
	return len(tag) >= 2 && tag[0] == '"' && strings.IndexByte(tag[1:], '"') == len(tag)-2
}

// fit makes the answer and what is there already one body, or refuses to. Whole says that nothing is missing of
// the file.
func (s *Sink) fit(res *http.Response) (whole bool, err error) {
	p := s.part
	switch {
	case s.stage == nil:
		return false, nil
	case res.StatusCode == http.StatusNotModified: // the file is the answer
		return true, nil
	case p == nil && res.StatusCode == http.StatusPartialContent && s.stage.note != "":
		return false, (&part{total: -1}).accept(res) // all of it was asked for
	case p == nil:
		return false, s.anew(res)
	case res.StatusCode == http.StatusPartialContent:
		return false, p.accept(res)
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable && p.complete(res):
		return true, s.commit()
	case res.StatusCode >= http.StatusMultipleChoices && s.stage.note != "":
		return false, s.aside(res)
	}
	return false, s.anew(res)
}

// anew throws away what is there and notes what comes in its place.
func (s *Sink) anew(res *http.Response) error {
	if s.part != nil {
		if err := s.stage.rewind(); err != nil {
			return outputFault(err)
		}
	}
	s.part = partOf(res)
	if s.out.Include {
		s.part = nil // the head would be in the way
	}
	return s.remember()
}

// aside puts an answer that is none of the file's content where -o would put it, and leaves the part alone, unless it
// says that no rest of such a part exists.
func (s *Sink) aside(res *http.Response) error {
	if res.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		if err := s.stage.forget(); err != nil {
			return outputFault(err)
		}
	}
	s.stage.discard()
	s.part = nil
	stage, file, err := openTarget(s.out.Path)
	if err != nil {
		return outputFault(err)
	}
	s.stage, s.file = stage, file
	if stage != nil {
		s.w = stage.file
	} else {
		s.w = file
	}
	return nil
}

// accept refuses an answer that is not exactly the rest of what was asked for.
func (p *part) accept(res *http.Response) error {
	first, last, total, ok := contentRange(res.Header.Values("Content-Range"))
	if ok && total < 0 {
		total = p.total
	}
	switch {
	case !ok, first != p.have, total < 0, last != total-1, p.total >= 0 && total != p.total,
		res.ContentLength >= 0 && res.ContentLength != last-first+1:
		return fault.New(fault.Protocol, "protocol.range", "the server sent another part than the one that was asked for").
			Hint("fetch it anew: leave out -C")
	case p.other(res.Header):
		return fault.New(fault.Protocol, "protocol.range", "the server sent a part of another version").
			Hint("fetch it anew: leave out -C")
	}
	p.total = total
	return nil
}

// other reports whether the part says that it is of another version: not every server heeds If-Range.
func (p *part) other(h http.Header) bool {
	name := "Last-Modified"
	if isStrongTag(p.validator) {
		name = "Etag"
	}
	version := h.Get(name)
	return version != "" && p.validator != "" && version != p.validator
}

// complete reports whether a 416 says that there is nothing beyond what is there (RFC 9110 section 15.5.17).
func (p *part) complete(res *http.Response) bool {
	size, ok := strings.CutPrefix(res.Header.Get("Content-Range"), "bytes */")
	return ok && size == strconv.FormatInt(p.have, 10) && (p.total < 0 || p.total == p.have)
}

// contentRange reads "bytes FIRST-LAST/TOTAL"; a TOTAL of * is -1.
func contentRange(values []string) (first, last, total int64, ok bool) {
	if len(values) != 1 {
		return 0, 0, 0, false
	}
	text, isBytes := strings.CutPrefix(textproto.TrimString(values[0]), "bytes ")
	span, size, hasSize := strings.Cut(text, "/")
	from, to, isSpan := strings.Cut(span, "-")
	first, bad1 := parseSize(from)
	last, bad2 := parseSize(to)
	total, bad3 := int64(-1), false
	if size != "*" {
		total, bad3 = parseSize(size)
	}
	ok = isBytes && hasSize && isSpan && !bad1 && !bad2 && !bad3 && first <= last && (total < 0 || last < total)
	return first, last, total, ok
}

// parseSize reads digits alone, which ParseInt is not content with.
func parseSize(text string) (n int64, bad bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err != nil || strings.Trim(text, "0123456789") != ""
}

// measure holds a body that came in parts against the whole.
func (s *Sink) measure() error {
	if s.stage == nil || s.part == nil || s.part.total < 0 {
		return nil
	}
	size, err := s.stage.file.Seek(0, io.SeekCurrent)
	if err == nil && size != s.part.total {
		err := fault.New(fault.Protocol, "protocol.truncated", "the reply ends before it is whole")
		err.Retryable = true
		return err
	}
	if err != nil {
		return outputFault(err)
	}
	return nil
}

// Fetch sends req and saves its answer, whose body is closed then. Where the body breaks off on its way into a file, and
// [Client.Retry] allows, the rest is asked for, of the same version alone.
func (c *Client) Fetch(ctx context.Context, req *Request, sink *Sink) (*http.Response, error) {
	asking := *req
	asking.effort = &effort{}
	for {
		if asking.rest = sink.part; req.Compressed || req.method() != http.MethodGet {
			asking.rest = nil
		}
		res, err := c.Do(ctx, &asking)
		if err != nil {
			return res, err
		}
		_, err = sink.Save(res)
		if err == nil || !sink.broken(ctx, req, err) {
			return res, err
		}
		e := c.errand(&asking)
		pause, again := e.mayRetry(ctx, outcome{lost: true, reached: true})
		if !again {
			return res, err
		}
		c.Trace.note("the body broke off after %d bytes: asking for the rest", sink.part.have)
		c.discard(res)
		if err := e.wait(ctx, pause, nil, err); err != nil {
			return nil, err
		}
	}
}

// broken reports whether err cut the body short and the sink knows how to ask for the rest.
func (s *Sink) broken(ctx context.Context, req *Request, err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	lost := ok && (f.Kind == fault.Network || f.Kind == fault.Timeout || f.Code == "protocol.truncated")
	if !lost || ctx.Err() != nil || s.part == nil || s.stage == nil || req.Compressed || req.method() != http.MethodGet {
		return false
	}
	size, err := s.stage.file.Seek(0, io.SeekCurrent)
	s.part.have = size
	return err == nil && size > 0
}
