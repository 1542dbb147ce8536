package cli

import (
	"context"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

// sendFlags say what is sent.
type sendFlags struct {
	headers, query []string
	data           []dataArg
	noAuth         bool
	compressed     bool
	userAgent      string

	shown      bool // what is made is looked at and not sent: no file is read for it
	agentGiven func() bool
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

func (o *sendFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&o.headers, "header", "H", nil, "`'Name: value'` to send, 'Name:' to leave out, 'Name;' for an empty one, @FILE for many (repeatable)")
	f.StringArrayVar(&o.query, "query", nil, "`name=value` to add to the query, escaped (repeatable)")
	f.VarP(dataFlag{&o.data, call.Form}, "data", "d", "body, @FILE or @- for standard input, without newlines; several are joined with &")
	f.Var(dataFlag{&o.data, call.Raw}, "data-raw", "body as it is, @ included")
	f.Var(dataFlag{&o.data, call.Binary}, "data-binary", "body, @FILE or @-, byte for byte")
	f.Var(dataFlag{&o.data, call.JSON}, "json", "JSON body, @FILE or @-, with its Content-Type and Accept")
	f.Var(dataFlag{&o.data, call.Encoded}, "data-urlencode", "body, escaped: `TEXT`, NAME=TEXT, @FILE or NAME@FILE")
	f.VarP(dataFlag{&o.data, call.Multi}, "form", "F", "part of a multipart form: `NAME=TEXT`, NAME=@FILE or NAME=<FILE, with ;type= and ;filename=")
	f.Var(dataFlag{&o.data, call.MultiText}, "form-string", "part of a multipart form whose text is taken as it is: `NAME=TEXT`")
	f.VarP(dataFlag{&o.data, call.Upload}, "upload-file", "T", "send FILE (- for standard input) as the body of a PUT")
	f.BoolVar(&o.compressed, "compressed", false, "ask for a compressed answer (gzip, deflate) and unpack it")
	f.StringVarP(&o.userAgent, "user-agent", "A", "", "`NAME` to send as User-Agent; none with an empty one")
	o.agentGiven = func() bool { return f.Changed("user-agent") }
	f.BoolVar(&o.noAuth, "no-auth", false, "send neither the token nor the profile's headers; any URL may be called so")
}

// request is what the flags make, but for the URL.
func (o *sendFlags) request(ctx context.Context, a *App, method string) (*call.Request, error) {
	data := call.Data{Stdin: a.IO.In}
	for _, arg := range o.data {
		if err := data.Add(arg.flag, arg.text); err != nil {
			return nil, err
		}
	}
	var headers call.Headers
	var unread []string
	for _, line := range o.headers {
		if file, isFile := strings.CutPrefix(line, "@"); isFile && o.shown {
			unread = append(unread, file)
			continue
		}
		if err := addHeader(ctx, a, &headers, line); err != nil {
			return nil, err
		}
	}
	if err := o.agent(&headers); err != nil {
		return nil, err
	}
	if method == "" {
		method = data.Method()
	}
	return &call.Request{
		Method: method, Header: headers.Set, Spelled: headers.Spelled, Remove: headers.Remove,
		Unread: unread, Implied: data.Implied(), Body: data.Body(), NoAuth: o.noAuth,
		Compressed: o.compressed,
	}, nil
}

// agent adds what -A says, as a header of the user's: it is over the profile's. A -H of the same name is over -A.
func (o *sendFlags) agent(headers *call.Headers) error {
	if !o.agentGiven() || headers.Names("User-Agent") {
		return nil
	}
	return headers.Add("User-Agent: " + o.userAgent)
}

func addHeader(ctx context.Context, a *App, headers *call.Headers, line string) error {
	name, isFile := strings.CutPrefix(line, "@")
	if !isFile {
		return headers.Add(line)
	}
	_, err := call.Within(ctx, func() (any, error) { return nil, addHeaderFile(a, headers, name) })
	return err
}

func addHeaderFile(a *App, headers *call.Headers, name string) error {
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
func (o *sendFlags) url(p *profile.Profile, target string) (*url.URL, error) {
	if p.BaseURL == "" && !strings.Contains(target, "://") {
		return nil, fault.New(fault.Config, "config.base_url", "a path needs the profile's base_url, which is not set").
			Hint("add base_url to the profile, or call the whole URL")
	}
	u, err := httpx.Resolve(p.BaseURL, target)
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
