package cli

import (
	"context"

	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

type callOptions struct {
	method, target string

	headers, query  []string
	data            []dataArg
	output          string
	include, noFail bool
	noAuth          bool
	maxTime         string
}

// dataArg is one flag for a body with its argument; their order on the command line counts.
type dataArg struct {
	flag call.DataFlag
	text string
}

// dataFlag makes several flags fill one list.
type dataFlag struct {
	list *[]dataArg
	flag call.DataFlag
}

func (d dataFlag) String() string { return "" }
func (d dataFlag) Type() string   { return "data" }
func (d dataFlag) Set(text string) error {
	*d.list = append(*d.list, dataArg{d.flag, text})
	return nil
}

func newCall(g *globals) *cobra.Command {
	var o callOptions
	cmd := &cobra.Command{
		Use:   "call [METHOD] PATH|URL",
		Short: "Make one authenticated HTTP request",
		Long: "Make one HTTP request with the profile's token and print the body of the answer as it came. A PATH goes to the profile's\n" +
			"base_url; a URL must be within the origin of base_url or allowed_origins. METHOD is GET, or POST with a body. A refused token\n" +
			"is renewed once. HTTP status 400 and more is exit code 22, with the body printed all the same. Redirects are not followed.",
		Example: "  authctl call GET /api/v1/things --profile tnco --query limit=10\n" +
			"  authctl call PUT /api/v1/things/7 --json @thing.json -p entra -o answer.json",
		Args: callArgs(&o),
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runCall(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.headers, "header", "H", nil, "`'Name: value'` to send, 'Name:' to leave out, 'Name;' for an empty one, @FILE for many (repeatable)")
	f.StringArrayVar(&o.query, "query", nil, "`name=value` to add to the query, escaped (repeatable)")
	f.VarP(dataFlag{&o.data, call.Form}, "data", "d", "body, @FILE or @- for standard input, without newlines; several are joined with &")
	f.Var(dataFlag{&o.data, call.Raw}, "data-raw", "body as it is, @ included")
	f.Var(dataFlag{&o.data, call.Binary}, "data-binary", "body, @FILE or @-, byte for byte")
	f.Var(dataFlag{&o.data, call.JSON}, "json", "JSON body, @FILE or @-, with its Content-Type and Accept")
	f.VarP(dataFlag{&o.data, call.Upload}, "upload-file", "T", "send FILE (- for standard input) as the body of a PUT")
	f.StringVarP(&o.output, "output", "o", "", "write the body to `FILE`, whole or not at all")
	f.BoolVarP(&o.include, "include", "i", false, "print the status line and headers before the body")
	f.BoolVar(&o.noFail, "no-fail", false, "exit 0 for HTTP status 400 and more")
	f.BoolVar(&o.noAuth, "no-auth", false, "send neither the token nor the profile's headers; any URL may be called so")
	f.StringVarP(&o.maxTime, "max-time", "m", "", "give up after this many `SECONDS` (or a duration such as 2m)")
	return cmd
}

// callArgs reads [METHOD] PATH|URL.
func callArgs(o *callOptions) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 2:
			o.method, o.target = args[0], args[1]
		case len(args) == 1 && !isMethod(args[0]):
			o.target = args[0]
		default:
			return usage("call takes [METHOD] and a PATH or URL").Hint("authctl call GET /path")
		}
		if isMethod(strings.ToUpper(o.method)) {
			o.method = strings.ToUpper(o.method)
		}
		return nil
	}
}

func isMethod(s string) bool {
	switch s {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

func (g *globals) runCall(ctx context.Context, o *callOptions) error {
	request, err := o.request(g.app)
	if err != nil {
		return err
	}
	limit, err := seconds(o.maxTime)
	if err != nil {
		return err
	}
	opts, p, err := g.callProfile(ctx, o)
	if err != nil {
		return err
	}
	if request.URL, err = o.url(p); err != nil {
		return err
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	client, err := g.callClient(ctx, p, opts, limit, o.noAuth)
	if err != nil {
		return err
	}
	return g.exchange(ctx, client, request, o)
}

// callProfile is the chosen profile. A call without a token, to a whole URL, needs none.
func (g *globals) callProfile(ctx context.Context, o *callOptions) (Options, *profile.Profile, error) {
	opts, p, err := g.chosen(ctx)
	if err != nil && o.noAuth && g.profile == "" && g.config == "" && strings.Contains(o.target, "://") {
		return g.bareOptions(), &profile.Profile{Timeout: time.Minute}, nil
	}
	return opts, p, err
}

// request is what the flags make, but for the URL.
func (o *callOptions) request(a *App) (*call.Request, error) {
	data := call.Data{Stdin: a.IO.In}
	for _, arg := range o.data {
		if err := data.Add(arg.flag, arg.text); err != nil {
			return nil, err
		}
	}
	var headers call.Headers
	for _, line := range o.headers {
		if err := addHeader(a, &headers, line); err != nil {
			return nil, err
		}
	}
	method := o.method
	if method == "" {
		method = data.Method()
	}
	return &call.Request{
		Method: method, Header: headers.Set, Remove: headers.Remove,
		Implied: data.Implied(), Body: data.Body(), NoAuth: o.noAuth,
	}, nil
}

func addHeader(a *App, headers *call.Headers, line string) error {
	name, isFile := strings.CutPrefix(line, "@")
	if !isFile {
		return headers.Add(line)
	}
	if name == "-" {
		return headers.AddFile(a.IO.In)
	}
	f, err := os.Open(name)
	if err != nil {
		return fault.New(fault.IO, "io.read", "%w", err).Doing("reading the headers to send")
	}
	defer func() { _ = f.Close() }()
	return headers.AddFile(f)
}

// url resolves the target against base_url.
func (o *callOptions) url(p *profile.Profile) (*url.URL, error) {
	if p.BaseURL == "" && !strings.Contains(o.target, "://") {
		return nil, fault.New(fault.Config, "config.base_url", "a path needs the profile's base_url, which is not set").
			Hint("add base_url to the profile, or call the whole URL")
	}
	u, err := httpx.Resolve(p.BaseURL, o.target)
	if err != nil {
		return nil, err
	}
	for _, arg := range o.data {
		if arg.flag == call.Upload {
			u = call.UploadURL(u, arg.text)
		}
	}
	return u, call.AddQuery(u, o.query)
}

// callClient is the way to the profile's API.
func (g *globals) callClient(ctx context.Context, p *profile.Profile, opts Options, limit time.Duration, noAuth bool) (*call.Client, error) {
	if limit > 0 {
		c := *p
		c.Timeout = limit // -m says how long a person wants to wait for the answer to begin, too
		p = &c
	}
	transport, err := g.app.Transport(p)
	if err != nil {
		return nil, err
	}
	client := &call.Client{
		HTTP: &http.Client{Transport: transport}, ReauthStatuses: p.ReauthStatuses, UserAgent: "authctl/" + g.app.Version,
	}
	if opts.Trace != nil {
		client.Trace = g.app.lineErr
	}
	if noAuth {
		return client, nil
	}
	if client.Origins, err = origins(p); err != nil {
		return nil, err
	}
	client.Source = &sessionTokens{app: g.app, profile: p, options: opts, origins: client.Origins}
	for i, h := range p.Headers {
		value, err := g.app.Resolve(ctx, p, h.Value, "headers["+strconv.Itoa(i)+"]", opts)
		if err != nil {
			return nil, err
		}
		client.Headers = append(client.Headers, call.Header{Name: h.Name, Value: value})
	}
	return client, nil
}

// origins is where the profile's token may go.
func origins(p *profile.Profile) (httpx.Origins, error) {
	var list httpx.Origins
	for _, raw := range append([]string{p.BaseURL}, p.AllowedOrigins...) {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil {
			return nil, fault.New(fault.Config, "config.url", "base_url or allowed_origins holds no URL")
		}
		origin, err := httpx.OriginOf(u)
		if err != nil {
			return nil, err
		}
		list = append(list, origin)
	}
	return list, nil
}

// exchange sends the request and puts the answer where it belongs.
func (g *globals) exchange(ctx context.Context, client *call.Client, request *call.Request, o *callOptions) error {
	sink, err := call.Output{Path: o.output, Stdout: g.app.IO.Out, TTY: g.app.IO.OutTTY, Include: o.include}.Open()
	if err != nil {
		return err
	}
	defer sink.Close()
	response, err := client.Do(ctx, request)
	if err != nil {
		return err
	}
	if _, err := sink.Save(response); err != nil {
		return err
	}
	if response.StatusCode < 400 || o.noFail {
		return nil
	}
	e := fault.New(fault.HTTPStatus, "http.status", "HTTP %s", strings.TrimSpace(response.Status)).
		Doing("%s", httpx.Operation(request.Method, request.URL))
	e.Status = response.StatusCode
	e.Retryable = response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable
	if client.Unrenewed(request, response) {
		e.Hint("the body came from a stream and could not be sent again with a new token: authctl token get --force-refresh, then repeat the call")
	}
	return e
}

// seconds reads curl's --max-time: seconds with a fraction, or a Go duration.
func seconds(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if n, numErr := strconv.ParseFloat(text, 64); numErr == nil && n < 1e9 {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d <= 0 {
		return 0, usage("--max-time is a number of seconds or a duration, more than 0").Hint("--max-time 30")
	}
	return d, nil
}
