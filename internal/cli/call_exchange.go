package cli

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// maxFormat bounds a file of -w.
const maxFormat = 1 << 20

// exchange sends the request, puts the answer where it belongs, and tells of it what was asked for.
func (g *globals) exchange(ctx context.Context, client *call.Client, request *call.Request, o *callOptions) error {
	format, err := g.format(ctx, o.save.writeOut)
	if err != nil {
		return err
	}
	report := &call.Report{Trip: &call.Trip{Method: request.Method, URL: request.URL}, URL: request.URL.String()}
	request.Trip = report.Trip
	out, err := o.save.into(g.app, request.URL, report.Trip)
	if err != nil {
		return err
	}
	sink, err := g.openSink(ctx, out)
	if err != nil {
		return err
	}
	defer sink.Close()
	bar := g.progress(o, sink.Terminal())
	request.Meter = bar.meter()
	err = g.fetch(ctx, client, request, o, sink, report)
	bar.end()
	client.Trace.Timings(report.Trip)
	if format == "" || ctx.Err() != nil && !isDeadline(ctx) {
		return err
	}
	report.File = sink.Path()
	return g.writeOut(format, report, err)
}

// openSink readies the output. A FIFO opens when somebody reads it; all else is there at once, and must not be left
// behind.
func (g *globals) openSink(ctx context.Context, out call.Output) (*call.Sink, error) {
	if out.Path != "" || out.Head != "" {
		g.app.Listen()
	}
	for _, path := range []string{out.Path, out.Head} {
		if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
			return call.Within(ctx, out.Open)
		}
	}
	return out.Open()
}

// isDeadline reports whether it is -m that ended ctx, and nobody's signal.
func isDeadline(ctx context.Context) bool { return ctx.Err() == context.DeadlineExceeded } // documented to be bare

func (g *globals) fetch(ctx context.Context, client *call.Client, request *call.Request, o *callOptions, sink *call.Sink, report *call.Report) (err error) {
	if o.view.plain() {
		report.Response, err = client.Fetch(ctx, request, sink)
	} else if report.Response, err = client.Do(ctx, request); err == nil {
		_, err = sink.Save(o.view.of(ctx, client, request, report.Response))
	}
	if err != nil || report.Response.StatusCode < http.StatusBadRequest || o.save.noFail {
		return err
	}
	return statusFault(client, request, report.Response)
}

// format is what -w says, itself or by the name of a file, whose line ends do not count, as with curl.
func (g *globals) format(ctx context.Context, arg string) (string, error) {
	name, isFile := strings.CutPrefix(arg, "@")
	if !isFile {
		return arg, nil
	}
	return call.Within(ctx, func() (string, error) { return g.formatFile(name) })
}

func (g *globals) formatFile(name string) (string, error) {
	in := g.app.IO.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fault.New(fault.IO, "io.read", "%w", err).Doing("reading the format of -w")
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := httpx.ReadLimited(in, maxFormat)
	if err != nil {
		return "", fault.New(fault.IO, "io.read", "%w", err).Doing("reading the format of -w")
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(string(text)), nil
}

// writeOut prints what -w wants, however the call ended, and hands on that end.
func (g *globals) writeOut(format string, report *call.Report, end error) error {
	if readerGone(end) {
		return end
	}
	if end != nil {
		f := fault.From(end)
		report.Exit, report.Message = f.Kind.ExitCode(), g.app.clean(f.Error())
	}
	out, complaints := report.WriteOut(format)
	if complaints != "" && !g.app.jsonErrors {
		_, _ = g.app.IO.Err.Write([]byte(g.app.clean(complaints)))
	}
	if err := g.app.answer([]byte(out)); err != nil && end == nil {
		return err
	}
	return end
}

// operation names the request that was answered, which is another one than the first behind a redirect.
func operation(request *call.Request, response *http.Response) string {
	if last := response.Request; last != nil {
		return httpx.Operation(last.Method, last.URL)
	}
	return httpx.Operation(request.Method, request.URL)
}

// statusFault is the end of a call whose answer has a status of 400 or more.
func statusFault(client *call.Client, request *call.Request, response *http.Response) error {
	e := fault.New(fault.HTTPStatus, "http.status", "HTTP %s", strings.TrimSpace(response.Status)).
		Doing("%s", operation(request, response))
	e.Status = response.StatusCode
	e.Retryable = response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable
	if client.Unrenewed(request, response) {
		e.Hint("the body came from a stream and could not be sent again: give it as a file (@FILE), or repeat the call after authctl token get --force-refresh")
	}
	return e
}
