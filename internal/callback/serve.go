package callback

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

const (
	patience = 5 * time.Second // with whoever connects and says nothing, or takes nothing
	maxHead  = 64 << 10        // of a request: a browser brings the cookies of every server that ran on this address
)

func server(handler http.Handler) *http.Server {
	s := &http.Server{
		Handler: handler, ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
		MaxHeaderBytes: maxHead, ErrorLog: log.New(io.Discard, "", 0),
	}
	s.SetKeepAlivesEnabled(false)
	return s
}

// wait is one request's wait for its answer.
type wait struct {
	listener *Listener
	state    secret.String
	taken    atomic.Bool
	heard    chan heard
}

type heard struct {
	answer *Answer
	err    error
}

// ServeHTTP implements [http.Handler]. Whoever can make a browser come here must be able to end nothing and to put
// nothing in: what does not carry the state is answered, counted and forgotten.
func (w *wait) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	redirect, err := url.Parse(w.listener.URI())
	switch {
	case err != nil || !strings.EqualFold(req.Host, redirect.Host) && req.Host+":80" != redirect.Host:
		write(rw, http.StatusMisdirectedRequest, stranger) // another name for this machine: DNS rebinding
		return
	case req.URL.EscapedPath() != redirect.EscapedPath():
		write(rw, http.StatusNotFound, stranger)
		return
	case req.Method != http.MethodGet:
		rw.Header().Set("Allow", http.MethodGet)
		write(rw, http.StatusMethodNotAllowed, stranger)
		return
	}
	answer, err := Parse(req.URL.RawQuery, w.state)
	switch {
	case errors.Is(err, ErrState):
		w.listener.refuse()
		write(rw, http.StatusBadRequest, stranger)
	case !w.taken.CompareAndSwap(false, true):
		write(rw, http.StatusGone, again)
	case err != nil:
		write(rw, http.StatusBadRequest, unreadable)
		w.heard <- heard{nil, err}
	case answer.Error != "":
		write(rw, http.StatusOK, refusal)
		w.heard <- heard{answer, nil}
	default:
		write(rw, http.StatusOK, success)
		w.heard <- heard{answer, nil}
	}
}

func (l *Listener) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused++
}

// What a browser may be told. Nothing of a request is repeated to it.
const (
	success    = "The answer has arrived. You can close this window; the terminal says how the login went."
	refusal    = "The authorization server refused. You can close this window; the terminal says why."
	unreadable = "The answer cannot be read. You can close this window; the terminal says why."
	again      = "The answer was here before. You can close this window."
	stranger   = "This is not the answer that is awaited here."
)

// write sends a whole page, so that it is out when the server closes. The address it stands at holds the code: it is
// to be kept by no cache and handed on to no other page.
func write(rw http.ResponseWriter, status int, text string) {
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	page := "<!doctype html>\n<html lang=\"en\"><title>authctl</title><p>" + text + "</p></html>\n"
	h.Set("Content-Length", strconv.Itoa(len(page))) // else its end is a chunk that is sent after the server has closed
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, page) // a browser that left
	_ = http.NewResponseController(rw).Flush()
}
