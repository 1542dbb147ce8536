package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
)

// api answers calls by a function and counts those under way.
type api struct {
	answer         func(ctx context.Context, req *call.Request) (int, string, error)
	sent, now, top atomic.Int64
}

func (a *api) Do(ctx context.Context, req *call.Request) (*http.Response, error) {
	a.sent.Add(1)
	now := a.now.Add(1)
	defer a.now.Add(-1)
	top := a.top.Load()
	for now > top && !a.top.CompareAndSwap(top, now) {
		top = a.top.Load()
	}
	status, body, err := a.answer(ctx, req)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}, nil
}

// worker says when the request begins, before the api sees it.
type worker struct {
	*api
	begin func()
	token time.Duration // how long the first request of this worker waits for a token
}

func (w *worker) Do(ctx context.Context, req *call.Request) (*http.Response, error) {
	time.Sleep(w.token)
	w.token = 0
	w.begin()
	return w.api.Do(ctx, req)
}

func echo(_ context.Context, req *call.Request) (int, string, error) { return 200, req.URL.Path, nil }

func lost() error { return fault.New(fault.Network, "network.lost", "gone") }

// over is a run over an api.
func over(a *api) *Run {
	base := NewBase("https://api.example.com")
	return &Run{
		Parallel: 8, Doer: func(begin func()) Doer { return &worker{api: a, begin: begin} },
		Prepare: func(l *Line) (*call.Request, error) { return l.Request(base) },
	}
}

type resultLine struct {
	Index, Status int
	Body          string
	Error         map[string]string
}

// results reads the output and holds it to the order of the input.
func results(t *testing.T, out []byte) []resultLine {
	t.Helper()
	var all []resultLine
	for line := range bytes.Lines(out) {
		var r resultLine
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if len(all) > 0 && r.Index <= all[len(all)-1].Index {
			t.Fatalf("index %d behind %d", r.Index, all[len(all)-1].Index)
		}
		all = append(all, r)
	}
	return all
}

// input makes n lines.
func input(n int) io.Reader {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"path":"/%d"}`+"\n", i)
	}
	return strings.NewReader(b.String())
}

func TestResultsComeInTheOrderOfTheInputWhateverTheAnswersTake(t *testing.T) {
	a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
		time.Sleep(rand.N(3 * time.Millisecond))
		return echo(ctx, req)
	}}
	var out bytes.Buffer
	count, err := over(a).Do(t.Context(), input(500), &out)
	all := results(t, out.Bytes())
	if err != nil || len(all) != 500 || count.Sent != 500 || count.Statuses[2] != 500 || a.top.Load() > 8 {
		t.Fatalf("%d results, %+v, %d at once: %v", len(all), count, a.top.Load(), err)
	}
	for i, r := range all {
		if r.Index != i || r.Body != "/"+strconv.Itoa(i) {
			t.Fatalf("%d: %+v", i, r)
		}
	}
}

func TestManyLinesNeedNoMoreMemoryThanAFew(t *testing.T) {
	const lines = 300_000
	var peak uint64
	a := &api{answer: echo}
	run := over(a)
	run.Tell = func(done Count) {
		if done.Sent%30_000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
	}
	in, w := io.Pipe()
	go func() {
		text := bytes.Repeat([]byte(`{"path":"/x"}`+"\n"), 1000)
		for range lines / 1000 {
			_, _ = w.Write(text)
		}
		_ = w.Close()
	}()
	count, err := run.Do(t.Context(), in, io.Discard)
	if err != nil || count.Sent != lines || peak > 24<<20 {
		t.Errorf("%d sent, %d MiB: %v", count.Sent, peak>>20, err)
	}
}

func TestTheFirstFailureEndsTheRunAndEveryRequestThatWasSentIsTold(t *testing.T) {
	for _, bad := range []string{`{"path":`, `{"path":"/../x"}`, `{"path":"/x","file":"/no/such/file"}`} {
		a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
			if req.Body != nil {
				if _, _, err := req.Body.Open(); err != nil {
					return 0, "", err
				}
			}
			return echo(ctx, req)
		}}
		in := io.MultiReader(input(20), strings.NewReader(bad+"\n"), input(5000))
		var out bytes.Buffer
		count, err := over(a).Do(t.Context(), in, &out)
		all := results(t, out.Bytes())
		if err == nil || count.Errors != 1 || all[20].Error == nil || len(all) > 200 || count.Sent != len(all) {
			t.Errorf("%s: %d results, %+v: %v", bad, len(all), count, err)
		}
		if strings.Contains(bad, "file") {
			continue // sent, as far as the doer can tell
		}
		if int(a.sent.Load()) != len(all)-1 || len(all) != 21 {
			t.Errorf("%s: %d sent, %d told: nothing behind a line that cannot be meant is sent", bad, a.sent.Load(), len(all))
		}
	}
}

func TestALostConnectionEndsTheRunUnlessItIsToGoOn(t *testing.T) {
	for _, goOn := range []bool{false, true} {
		a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
			if req.URL.Path == "/7" {
				return 0, "", lost()
			}
			return echo(ctx, req)
		}}
		run := over(a)
		run.ContinueOnError = goOn
		var out bytes.Buffer
		count, err := run.Do(t.Context(), input(1000), &out)
		all := results(t, out.Bytes())
		if !fault.Is(err, fault.Network) || all[7].Error == nil || count.Errors != 1 || int(a.sent.Load()) != len(all) {
			t.Errorf("%t: %+v: %v", goOn, count, err)
		}
		if goOn != (len(all) == 1000) {
			t.Errorf("%t: %d results", goOn, len(all))
		}
	}
}

func TestTheErrorIsTheFirstInTheOrderOfTheInput(t *testing.T) {
	first := errors.New("first")
	a := &api{answer: func(_ context.Context, req *call.Request) (int, string, error) {
		if req.URL.Path == "/0" {
			time.Sleep(5 * time.Millisecond)
			return 0, "", first
		}
		return 0, "", lost()
	}}
	run := over(a)
	run.ContinueOnError = true
	if _, err := run.Do(t.Context(), input(20), io.Discard); !errors.Is(err, first) {
		t.Errorf("%v", err)
	}
}

func TestStatusesDoNotEndTheRun(t *testing.T) {
	a := &api{answer: func(context.Context, *call.Request) (int, string, error) { return 503, "no", nil }}
	var out bytes.Buffer
	count, err := over(a).Do(t.Context(), input(50), &out)
	if err != nil || !count.Failed() || count.Statuses[5] != 50 || len(results(t, out.Bytes())) != 50 {
		t.Errorf("%+v %v", count, err)
	}
}

func TestInterruptedItTellsWhatWasAnsweredAndNothingElse(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	signal := errors.New("signal")
	a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
		if req.URL.Path == "/30" {
			cancel(signal)
		}
		if req.URL.Path >= "/3" && len(req.URL.Path) > 2 {
			<-ctx.Done()
			return 0, "", context.Cause(ctx) // as net/http does
		}
		return echo(ctx, req)
	}}
	in, w := io.Pipe() // never ends, as a terminal does
	go func() { _, _ = io.Copy(w, input(60)) }()
	defer w.Close()
	var out bytes.Buffer
	_, err := over(a).Do(ctx, in, &out)
	if !errors.Is(err, signal) {
		t.Errorf("%v", err)
	}
	for _, r := range results(t, out.Bytes()) {
		if r.Error != nil || r.Body != "/"+strconv.Itoa(r.Index) {
			t.Errorf("%+v", r)
		}
	}
}

func TestOneRequestsTimeIsItsOwn(t *testing.T) {
	a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
		if req.URL.Path == "/3" {
			<-ctx.Done()
			return 0, "", fault.New(fault.Timeout, "timeout.total", "%w", ctx.Err())
		}
		return echo(ctx, req)
	}}
	run := over(a)
	run.Timeout, run.ContinueOnError = 20*time.Millisecond, true
	var out bytes.Buffer
	count, err := run.Do(t.Context(), input(30), &out)
	if !fault.Is(err, fault.Timeout) || count.Errors != 1 || count.Statuses[2] != 29 {
		t.Errorf("%+v %v", count, err)
	}
}

func TestAnOutputThatTakesNoMoreEndsTheRun(t *testing.T) {
	a := &api{answer: echo}
	full := errors.New("full")
	_, err := over(a).Do(t.Context(), input(100_000), &narrow{room: 5000, err: full})
	if !errors.Is(err, full) || a.sent.Load() > 5000 {
		t.Errorf("%d sent: %v", a.sent.Load(), err)
	}
}

type narrow struct {
	room int
	err  error
}

func (n *narrow) Write(p []byte) (int, error) {
	if n.room -= len(p); n.room < 0 {
		return 0, n.err
	}
	return len(p), nil
}

func TestAnInputThatBreaksIsToldBehindWhatCameBefore(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(input(3), &failing{broken})
	var out bytes.Buffer
	_, err := over(&api{answer: echo}).Do(t.Context(), in, &out)
	if !errors.Is(err, broken) || !fault.Is(err, fault.IO) || len(results(t, out.Bytes())) != 4 {
		t.Errorf("%s %v", out.Bytes(), err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestAnAnswerBeyondTheLimitIsTheServersFault(t *testing.T) {
	a := &api{answer: func(context.Context, *call.Request) (int, string, error) {
		return 200, strings.Repeat("x", MaxBody+1), nil
	}}
	_, err := over(a).Do(t.Context(), input(1), io.Discard)
	if f := fault.From(err); f.Code != "protocol.too_large" {
		t.Errorf("%v", err)
	}
}

func TestAResultIsHandedOverBeforeTheNextLineComes(t *testing.T) {
	in, lines := io.Pipe()
	results, out := io.Pipe()
	go func() {
		_, _ = over(&api{answer: echo}).Do(t.Context(), in, out)
		_ = out.Close()
	}()
	buf := make([]byte, 4096)
	for i := range 3 {
		if _, err := fmt.Fprintf(lines, `{"path":"/%d"}`+"\n", i); err != nil {
			t.Fatal(err)
		}
		n, err := results.Read(buf) // blocks for ever if results wait for more
		if err != nil || !strings.Contains(string(buf[:n]), `"body":"/`+strconv.Itoa(i)) {
			t.Fatalf("%q %v", buf[:n], err)
		}
	}
	_ = lines.Close()
	_, _ = io.Copy(io.Discard, results)
}

func TestTheRateHoldsRequestsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return echo(ctx, req)
		}}
		run := over(a)
		run.Every = 100 * time.Millisecond
		began := time.Now()
		if _, err := run.Do(t.Context(), input(11), io.Discard); err != nil || time.Since(began) != time.Second {
			t.Errorf("%s: %v", time.Since(began), err)
		}
		for i := 1; i < len(at); i++ {
			if at[i].Sub(at[i-1]) != run.Every {
				t.Errorf("%s between two", at[i].Sub(at[i-1]))
			}
		}
	})
}

func TestNoWaitIsMadeUpForByABurst(t *testing.T) {
	for name, c := range map[string]struct{ token, answer time.Duration }{
		"for answers": {0, 730 * time.Millisecond}, "for tokens": {time.Second, 0}, "for both": {time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var last time.Time
				a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
					mu.Lock()
					if gap := time.Since(last); gap < 100*time.Millisecond {
						t.Errorf("%s between two", gap)
					}
					last = time.Now()
					mu.Unlock()
					time.Sleep(c.answer)
					return echo(ctx, req)
				}}
				run := over(a)
				run.Every, run.Parallel = 100*time.Millisecond, 3
				run.Doer = func(begin func()) Doer { return &worker{api: a, begin: begin, token: c.token} }
				if count, err := run.Do(t.Context(), input(20), io.Discard); err != nil || count.Sent != 20 {
					t.Errorf("%+v: %v", count, err)
				}
			})
		})
	}
}

func TestAnEndedRunDoesNotWaitForItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{answer: func(context.Context, *call.Request) (int, string, error) {
			time.Sleep(time.Second)
			return 0, "", lost()
		}}
		run := over(a)
		run.Every = time.Hour
		began := time.Now()
		if _, err := run.Do(t.Context(), input(20), io.Discard); !fault.Is(err, fault.Network) || time.Since(began) > time.Minute || a.sent.Load() != 1 {
			t.Errorf("%s, %d sent: %v", time.Since(began), a.sent.Load(), err)
		}
	})
}

func TestARateIsANumberAndAUnit(t *testing.T) {
	for text, want := range map[string]time.Duration{"10/s": 100 * time.Millisecond, "30/m": 2 * time.Second, "0.5/s": 2 * time.Second, "1/h": time.Hour} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10", "/s", "0/s", "-1/s", "NaN/s", "Inf/s", "1e99/s", "10/ms", "10/s/s", "x/s"} {
		if _, err := ParseRate(text); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
