package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

const (
	maxDelay  = 600
	maxBytes  = 1 << 30
	maxLines  = 100_000
	maxPeriod = 10 * time.Second
)

// number reads the last segment of the path; ok is false outside of the limits.
func number(x *exchange, least, most int) (n int, ok bool) {
	n, err := strconv.Atoi(path.Base(x.path))
	return n, err == nil && n >= least && n <= most
}

func refuse(x *exchange, format string, args ...any) reply {
	return x.origin.dialect.fail(x, problem{
		status: 400, code: "invalid_request", text: fmt.Sprintf(format, args...), aadsts: 9002313,
	})
}

// status answers with the status that the path names.
func (a *api) status(x *exchange) reply {
	code, ok := number(x, 200, 599)
	if !ok {
		return refuse(x, "/status/CODE wants 200 to 599")
	}
	rep := object(code, member{"status", code}, member{"text", http.StatusText(code)})
	if code == http.StatusUnauthorized {
		rep = rep.with("WWW-Authenticate", `Bearer realm="sandbox", error="invalid_token"`)
	}
	return rep
}

// delay echoes after a while.
func (a *api) delay(x *exchange) reply {
	seconds, ok := number(x, 0, maxDelay)
	if !ok {
		return refuse(x, "/delay/SECONDS wants 0 to %d", maxDelay)
	}
	rep := a.echo(x)
	hold(time.Duration(seconds)*time.Second)(x, &rep)
	return rep
}

// bytes serves a body of a given length, always the same, in ranges too (RFC 9110 section 14).
func (a *api) bytes(x *exchange) reply {
	n, ok := number(x, 0, maxBytes)
	if !ok {
		return refuse(x, "/bytes/N wants 0 to %d", maxBytes)
	}
	rep := text(200, "application/octet-stream", "").with("Etag", fmt.Sprintf(`"bytes-%d"`, n))
	rep.send = func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(alphabet{}, 0, int64(n)))
	}
	return rep
}

// alphabet is an endless file of a to z.
type alphabet struct{}

func (alphabet) ReadAt(p []byte, off int64) (int, error) {
	letter := byte(off % 26)
	for i := range p {
		p[i] = 'a' + letter
		if letter++; letter == 26 {
			letter = 0
		}
	}
	return len(p), nil
}

// stream sends JSON lines, each at once: ?interval=100ms puts time between them.
func (a *api) stream(x *exchange) reply {
	lines, ok := number(x, 0, maxLines)
	interval, err := time.ParseDuration(x.URL.Query().Get("interval"))
	if x.URL.Query().Get("interval") == "" {
		interval, err = 0, nil
	}
	if !ok || err != nil || interval < 0 || interval > maxPeriod {
		return refuse(x, "/stream/N?interval=D wants at most %d lines and %v", maxLines, maxPeriod)
	}
	rep := text(200, "application/x-ndjson", "")
	rep.send = func(w http.ResponseWriter, r *http.Request) {
		flush := http.NewResponseController(w).Flush
		for i := range lines {
			if i > 0 && interval > 0 {
				pause(r, interval)
			}
			if _, err := fmt.Fprintf(w, "{\"line\":%d}\n", i+1); err != nil || flush() != nil {
				return
			}
		}
	}
	return rep
}

// redirect points wherever ?to= says, with ?code= (302).
func (a *api) redirect(x *exchange) reply {
	to, code := x.URL.Query().Get("to"), x.URL.Query().Get("code")
	if code == "" {
		code = "302"
	}
	status, err := strconv.Atoi(code)
	if to == "" || err != nil || status < 300 || status > 308 {
		return refuse(x, "/redirect?to=URL&code=CODE wants a URL and 300 to 308")
	}
	return redirect(status, to)
}

// flaky fails n times with 503, then echoes once, and so on: /flaky/2/anything.
func (a *api) flaky(x *exchange) reply {
	count, _, _ := strings.Cut(strings.TrimPrefix(x.path, "/flaky/"), "/")
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > 1000 {
		return refuse(x, "/flaky/N wants 0 to 1000")
	}
	key := x.origin.name + x.path
	a.mu.Lock()
	a.flaking[key] = (a.flaking[key] + 1) % (n + 1)
	fails := a.flaking[key] != 0
	a.mu.Unlock()
	if fails {
		return x.origin.dialect.fail(x, problem{status: 503, code: "temporarily_unavailable", text: "try again", aadsts: 90033})
	}
	return a.echo(x)
}
