package relay

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// metrics are what /-/metrics tells. A hand-written page in place of the Prometheus client: a handful of counters, no
// label that a client chooses, and 1.5 MiB less of a program that mostly does something else.
type metrics struct {
	status   [600]atomic.Int64
	bytes    atomic.Int64
	buckets  [10]atomic.Int64
	slower   atomic.Int64
	micros   atomic.Int64
	renewals atomic.Int64
	failures atomic.Int64
	noes     [6]atomic.Int64
}

// bounds are the upper ends of the buckets, in milliseconds.
func bounds() [10]int64 { return [...]int64{1, 5, 10, 25, 50, 100, 250, 1000, 5000, 30000} }

func reasons() [6]string { return [...]string{"busy", "host", "method", "origin", "path", "secret"} }

func (m *metrics) observe(status int, bytes int64, took time.Duration) {
	if status >= 0 && status < len(m.status) {
		m.status[status].Add(1)
	}
	m.bytes.Add(bytes)
	m.micros.Add(took.Microseconds())
	for i, bound := range bounds() {
		if took <= time.Duration(bound)*time.Millisecond {
			m.buckets[i].Add(1)
			return
		}
	}
	m.slower.Add(1)
}

func (m *metrics) refused(reason string) {
	for i, r := range reasons() {
		if r == reason {
			m.noes[i].Add(1)
		}
	}
}

// renewed counts an attempt to get a token.
func (m *metrics) renewed(err error) {
	if err != nil {
		m.failures.Add(1)
		return
	}
	m.renewals.Add(1)
}

// writeTo writes the text format of Prometheus, version 0.0.4.
func (m *metrics) writeTo(w io.Writer, inFlight int64) {
	family := func(name, kind, help string) {
		fmt.Fprintf(w, "# HELP authctl_proxy_%s %s\n# TYPE authctl_proxy_%s %s\n", name, help, name, kind)
	}
	single := func(name, kind, help string, value int64) {
		family(name, kind, help)
		fmt.Fprintf(w, "authctl_proxy_%s %d\n", name, value)
	}
	family("requests_total", "counter", "Requests by the status that the client got; 499: it went away.")
	for status := range m.status {
		if n := m.status[status].Load(); n > 0 {
			fmt.Fprintf(w, "authctl_proxy_requests_total{code=\"%d\"} %d\n", status, n)
		}
	}
	family("refused_total", "counter", "Requests that were not forwarded.")
	for i, reason := range reasons() {
		fmt.Fprintf(w, "authctl_proxy_refused_total{reason=%q} %d\n", reason, m.noes[i].Load())
	}
	m.writeDurations(w, family)
	single("requests_in_flight", "gauge", "Requests that are being served.", inFlight)
	single("response_bytes_total", "counter", "Bytes of bodies that were sent to clients.", m.bytes.Load())
	single("tokens_total", "counter", "Tokens that were taken from the store or from the token endpoint.", m.renewals.Load())
	single("token_failures_total", "counter", "Attempts to get a token that failed.", m.failures.Load())
}

func (m *metrics) writeDurations(w io.Writer, family func(name, kind, help string)) {
	family("request_duration_seconds", "histogram", "Time from a request's head to its answer's end.")
	var count int64
	for i, bound := range bounds() {
		count += m.buckets[i].Load()
		fmt.Fprintf(w, "authctl_proxy_request_duration_seconds_bucket{le=\"%g\"} %d\n", float64(bound)/1000, count)
	}
	count += m.slower.Load()
	fmt.Fprintf(w, "authctl_proxy_request_duration_seconds_bucket{le=\"+Inf\"} %d\n", count)
	fmt.Fprintf(w, "authctl_proxy_request_duration_seconds_sum %g\n", float64(m.micros.Load())/1e6)
	fmt.Fprintf(w, "authctl_proxy_request_duration_seconds_count %d\n", count)
}

// admin serves the two pages for those who watch over the relay. They tell nothing that a token or a path could be
// learnt from.
func (r *Relay) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET /-/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		r.metrics.writeTo(w, r.flying.Load())
	})
	return mux
}
