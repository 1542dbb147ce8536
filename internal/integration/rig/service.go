package rig

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Service issues tokens at POST /token and serves an API that wants one: GET /small, GET /bytes/N and PUT or POST
// anywhere, whose body it counts and drops. GET /count tells how many tokens were asked for.
type Service struct {
	mux             *http.ServeMux
	asked           atomic.Int64
	firstTokenTakes time.Duration
}

// NewService makes a service whose first token request waits for its answer.
func NewService(firstTokenTakes time.Duration) *Service {
	s := &Service{mux: http.NewServeMux(), firstTokenTakes: firstTokenTakes}
	s.mux.HandleFunc("POST /token", s.token)
	s.mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, s.Asked()) })
	s.mux.HandleFunc("GET /small", withToken(small))
	s.mux.HandleFunc("GET /bytes/{n}", withToken(download))
	s.mux.HandleFunc("/", withToken(upload))
	return s
}

// Asked is the number of token requests so far.
func (s *Service) Asked() int { return int(s.asked.Load()) }

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	// Only a request whose body was read tells that its sender has gone.
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<20))
	if s.asked.Add(1) == 1 && s.firstTokenTakes > 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(s.firstTokenTakes):
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, rand.Text())
}

func withToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Get("Authorization")) < len("Bearer x") {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func small(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"things":[{"id":1,"name":"one"},{"id":2,"name":"two"}]}`+"\n")
}

func download(w http.ResponseWriter, r *http.Request) {
	left, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || left < 0 {
		http.Error(w, "how many bytes?", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(left, 10))
	block := make([]byte, 256<<10)
	for left > 0 {
		n, err := w.Write(block[:min(left, int64(len(block)))])
		if err != nil {
			return
		}
		left -= int64(n)
	}
}

func upload(w http.ResponseWriter, r *http.Request) {
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 256<<10))
	if err != nil {
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintln(w, n)
}
