package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/batch"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

const (
	defaultParallel = 8
	maxParallel     = 256
	// batchGC lets garbage grow to four times what lives before it is collected. Thousands of small answers make much
	// garbage while little lives, and the collector would take the processor from them.
	batchGC = 400
)

// batchFlags say that many requests are to be made, and how.
type batchFlags struct {
	file, rate, resume string
	parallel           int
	continueOnError    bool

	refused func() string // a flag that was given and means nothing in a batch, or beside none
}

func (o *batchFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.file, "batch", "", "make the requests in `FILE`, one JSON object a line, or those on standard input (-)")
	f.IntVar(&o.parallel, "parallel", defaultParallel, "with --batch: how many requests are under way at the same time, at most 256")
	f.StringVar(&o.rate, "rate", "", "with --batch: begin at most `N/s`, N/m, N/h or N/d requests")
	f.BoolVar(&o.continueOnError, "continue-on-error", false, "with --batch: go on after a request that got no answer")
	f.StringVar(&o.resume, "resume", "", "with --batch: note in `FILE` which lines are done, and leave those out")
	o.refused = func() string {
		if f.Changed("batch") {
			return changed(cmd, batchStrangers()...)
		}
		return changed(cmd, "parallel", "rate", "continue-on-error", "resume")
	}
}

// batchStrangers are the flags of one request or of its one answer.
func batchStrangers() []string {
	return []string{
		"data", "data-raw", "data-binary", "data-urlencode", "json", "form", "form-string", "upload-file", "query",
		"output", "remote-name", "continue-at", "include", "dump-header", "write-out", "progress",
		"jq", "template", "paginate", "slurp", "max-pages", "next", "next-param", "dry-run", "curl",
	}
}

// changed names the first of the flags that was given.
func changed(cmd *cobra.Command, names ...string) string {
	for _, name := range names {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			return name
		}
	}
	return ""
}

// check refuses flags that mean nothing together.
func (o *batchFlags) check() error {
	name := o.refused()
	switch {
	case name != "" && o.file == "":
		return usage("--%s goes together with --batch", name).Hint("authctl call --batch FILE --%s ...", name)
	case name != "":
		return usage("--%s does not go together with --batch", name).Hint("see authctl call --help for what a line of the batch may hold")
	case o.parallel < 1 || o.parallel > maxParallel:
		return usage("--parallel is a number from 1 to %d", maxParallel).Hint("--parallel %d", defaultParallel)
	}
	return nil
}

// runBatch makes the requests of a file and prints their results.
func (g *globals) runBatch(ctx context.Context, o *callOptions) error {
	shared, err := o.send.request(ctx, g.app, "")
	if err != nil {
		return err
	}
	run := batch.Run{Parallel: o.batch.parallel, ContinueOnError: o.batch.continueOnError}
	if o.batch.rate != "" {
		if run.Every, err = batch.ParseRate(o.batch.rate); err != nil {
			return err
		}
	}
	if run.Timeout, err = seconds(o.way.maxTime); err != nil {
		return err
	}
	opts, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	if p, err = o.send.shownTo(p, nil); err != nil {
		return err
	}
	client, err := g.callClient(ctx, p, opts, o)
	if err != nil {
		return err
	}
	client.Many = &call.Many{}
	keepConnections(client.Transport, run.Parallel)
	run.Prepare = preparer(p, client, shared)
	run.Doer = newBatchTokens(client, g.app.Clock).doer
	run.Explain = func(err error) any { return g.explained(err) }
	return g.batchOver(ctx, o, run)
}

// keepConnections makes a transport fit for many small requests: a kept connection of HTTP/1.1 for each that is under
// way takes two thirds of the time of as many streams over one connection of HTTP/2.
func keepConnections(t *http.Transport, n int) {
	httpx.OnlyHTTP1(t)
	t.MaxIdleConnsPerHost = n
}

// preparer makes calls of lines, with the headers of the command line, and refuses those that policy forbids.
func preparer(p *profile.Profile, client *call.Client, shared *call.Request) func(*batch.Line) (*call.Request, error) {
	base := batch.NewBase(p.BaseURL)
	return func(line *batch.Line) (*call.Request, error) {
		request, err := line.Request(base)
		if err != nil {
			return nil, err
		}
		request.NoAuth, request.Remove, request.Compressed = shared.NoAuth, shared.Remove, shared.Compressed
		request.Spelled = request.Spelled.Or(shared.Spelled)
		for name, values := range shared.Header {
			if _, own := request.Header[name]; !own {
				if request.Header == nil {
					request.Header = map[string][]string{}
				}
				request.Header[name] = values
			}
		}
		if request.NoAuth || !strings.Contains(line.Path, "://") { // a path stays within base_url's origin
			return request, nil
		}
		origin, err := httpx.OriginOf(request.URL)
		if err != nil {
			return nil, err
		}
		return request, client.Origins.Check(origin)
	}
}

// explained is the error member of a result.
func (g *globals) explained(err error) errorObject {
	e := *fault.From(err)
	if e.Profile == "" {
		e.Profile = g.profileName
	}
	return g.app.errorObject(&e)
}

// batchOver opens what the batch reads and writes, and runs it.
func (g *globals) batchOver(ctx context.Context, o *callOptions, run batch.Run) (err error) {
	in, err := call.Within(ctx, func() (io.ReadCloser, error) { return g.batchInput(o.batch.file) })
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if o.batch.resume != "" {
		if run.Journal, err = batch.OpenJournal(ctx, o.batch.resume); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, run.Journal.Close()) }()
	}
	out := g.app.IO.Out
	if g.app.IO.OutTTY {
		out = httpx.VisibleWriter(out)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(batchGC))
	began := g.app.Clock()
	tell, end := g.batchBar(o)
	run.Tell = tell
	count, err := run.Do(ctx, in, out)
	end()
	if ctx.Err() != nil {
		return err
	}
	if !o.save.silent {
		g.summary(count, g.app.Clock().Sub(began))
	}
	return batchFault(o, count, err)
}

// batchInput opens the lines.
func (g *globals) batchInput(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(g.app.IO.In), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.IO, "io.read", "%w", err).Doing("reading the batch")
	}
	return f, nil
}

// summary tells a person what came of it.
func (g *globals) summary(c batch.Count, took time.Duration) {
	text := fmt.Sprintf("%d requests in %s", c.Sent, took.Round(time.Millisecond))
	if took > 0 && c.Sent > 0 {
		text += fmt.Sprintf(" (%.0f/s)", float64(c.Sent)/took.Seconds())
	}
	for class, n := range c.Statuses {
		if n > 0 {
			text += fmt.Sprintf(", %d of status %dxx", n, class)
		}
	}
	if c.Errors > 0 {
		text += fmt.Sprintf(", %d without an answer", c.Errors)
	}
	if c.Skipped > 0 {
		text += fmt.Sprintf(", %d done before", c.Skipped)
	}
	g.app.note("batch: %s", text)
}

// batchFault is how the command ends. An answer of 400 and more counts when all lines were done; else the failure that
// ended the run does.
func batchFault(o *callOptions, count batch.Count, err error) error {
	if readerGone(err) {
		return err
	}
	if _, known := errors.AsType[*fault.Error](err); err != nil && !known {
		return outFault(err)
	}
	if err != nil && !o.batch.continueOnError || !count.Failed() || o.save.noFail {
		return err
	}
	failed := count.Statuses[4] + count.Statuses[5]
	return fault.New(fault.HTTPStatus, "http.status", "%d of %d requests were answered with a status of 400 or more", failed, count.Sent)
}
