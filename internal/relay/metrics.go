package relay

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// metrics are what /-/metrics tells. The page is written by hand in place of the Prometheus client: it is a handful of
// counters without a label that a client chooses, and not worth a dozen modules in a program that holds secrets.
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

// page is a text in the format of Prometheus, version 0.0.4.
type page []byte

func (p *page) add(format string, args ...any) {
	*p = fmt.Appendf(*p, "authctl_proxy_"+format+"\n", args...)
}

func (p *page) family(name, kind, help string) {
	*p = fmt.Appendf(*p, "# HELP authctl_proxy_%s %s\n# TYPE authctl_proxy_%s %s\n", name, help, name, kind)
}

func (p *page) single(name, kind, help string, value int64) {
	p.family(name, kind, help)
	p.add("%s %d", name, value)
}

// text is the page of now.
func (m *metrics) text(inFlight int64) []byte {
	var p page
	p.family("requests_total", "counter", "Requests by the status that the client got; 499: it went away.")
	for status := range m.status {
		if n := m.status[status].Load(); n > 0 {
			p.add(`requests_total{code="%d"} %d`, status, n)
		}
	}
	p.family("refused_total", "counter", "Requests that were not forwarded.")
	for i, reason := range reasons() {
		p.add(`refused_total{reason="%s"} %d`, reason, m.noes[i].Load())
	}
	m.durations(&p)
	p.single("requests_in_flight", "gauge", "Requests that are being served, but for those of a few milliseconds.", inFlight)
	p.single("response_bytes_total", "counter", "Bytes of bodies that were sent to clients.", m.bytes.Load())
	p.single("tokens_total", "counter", "Tokens that were taken from the store or from the token endpoint.", m.renewals.Load())
	p.single("token_failures_total", "counter", "Attempts to get a token that failed.", m.failures.Load())
	return p
}

func (m *metrics) durations(p *page) {
	p.family("request_duration_seconds", "histogram", "Time from a request's head to its answer's end.")
	var count int64
	for i, bound := range bounds() {
		count += m.buckets[i].Load()
		p.add(`request_duration_seconds_bucket{le="%g"} %d`, float64(bound)/1000, count)
	}
	count += m.slower.Load()
	p.add(`request_duration_seconds_bucket{le="+Inf"} %d`, count)
	p.add("request_duration_seconds_sum %g", float64(m.micros.Load())/1e6)
	p.add("request_duration_seconds_count %d", count)
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
		_, _ = w.Write(r.metrics.text(r.flying.Load()))
	})
	return mux
}
