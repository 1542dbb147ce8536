package call

import (
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// DataFlag is one of curl's flags for a body.
type DataFlag uint8

// The flags.
const (
	Form      DataFlag = iota // -d: @file without its CR, LF and NUL
	Raw                       // --data-raw: @ means nothing
	Binary                    // --data-binary: @file as it is
	JSON                      // --json: @file as it is, with JSON's headers
	Upload                    // -T: a file, - or . for stdin, by PUT
	Encoded                   // --data-urlencode: NAME=TEXT or NAME@FILE with the value escaped, the name optional
	Multi                     // -F: a part of a form, or a file in one
	MultiText                 // --form-string: a part whose text means nothing
)

// String is the flag as curl knows it.
func (f DataFlag) String() string {
	switch f {
	case Raw:
		return "--data-raw"
	case Binary:
		return "--data-binary"
	case JSON:
		return "--json"
	case Upload:
		return "-T"
	case Encoded:
		return "--data-urlencode"
	case Multi:
		return "-F"
	case MultiText:
		return "--form-string"
	}
	return "-d"
}

// Data gathers the body flags of a command line in their order. The zero Data is no body.
type Data struct {
	Stdin io.Reader // what @- and -T - read; nil: nothing

	parts        []Body
	json, upload bool
	form         *form
	stdin        *streamBody
}

// Add takes one flag and its argument, as curl 7.88 means it: parts are joined by &, but for those of --json, which
// are put one behind the other, and those of -F, which are a form of their own.
func (d *Data) Add(flag DataFlag, arg string) error {
	multi := flag == Multi || flag == MultiText
	if len(d.parts) > 0 && (d.upload || flag == Upload || multi) || d.form != nil && !multi {
		return fault.New(fault.Usage, "usage.data", "-d, -F and -T are three ways to make one body: use one of them")
	}
	if multi {
		if d.form == nil {
			d.form = newForm()
		}
		return d.form.add(d, flag, arg)
	}
	part, err := d.part(flag, arg)
	if err != nil {
		return err
	}
	if len(d.parts) > 0 && flag != JSON {
		d.parts = append(d.parts, Text("&"))
	}
	d.parts = append(d.parts, part)
	d.json = d.json || flag == JSON
	d.upload = flag == Upload
	return nil
}

func (d *Data) part(flag DataFlag, arg string) (Body, error) {
	name, isFile := strings.CutPrefix(arg, "@")
	switch flag {
	case Encoded:
		return d.encoded(arg)
	case Raw:
		return Text(arg), nil
	case Upload:
		if uploadsStdin(arg) {
			return d.fromStdin(nil), nil
		}
		return d.file(arg, nil)
	case Form:
		if isFile {
			return d.file(name, strip)
		}
	default:
		if isFile {
			return d.file(name, nil)
		}
	}
	return Text(arg), nil
}

// encoded reads TEXT, =TEXT, NAME=TEXT, @FILE and NAME@FILE. The name is taken as it stands.
func (d *Data) encoded(arg string) (Body, error) {
	i := strings.IndexAny(arg, "=@")
	if i < 0 {
		return Text(appendEscaped(nil, []byte(arg))), nil
	}
	if j := strings.IndexByte(arg, '='); j >= 0 {
		i = j // curl looks for = first
	}
	name := arg[:i]
	if name != "" {
		name += "="
	}
	if arg[i] == '=' {
		return Text(name + string(appendEscaped(nil, []byte(arg[i+1:])))), nil
	}
	value, err := d.file(arg[i+1:], escape)
	return joined{Text(name), value}, err
}

// file is a body by the name of its file, - for standard input.
func (d *Data) file(name string, f filter) (Body, error) {
	switch name {
	case "":
		return nil, fault.New(fault.Usage, "usage.data", "the name of the body's file is empty").
			Hint("write @FILE, or @- for standard input")
	case "-":
		return d.fromStdin(f), nil
	}
	return &fileBody{path: name, filter: f}, nil
}

// fromStdin reads standard input for the first flag that names it; for a second one there is nothing left.
func (d *Data) fromStdin(f filter) Body {
	if d.stdin != nil || d.Stdin == nil {
		return Text("")
	}
	d.stdin = &streamBody{in: d.Stdin, filter: f}
	return d.stdin
}

// Body is what the flags make, nil without any.
func (d *Data) Body() Body {
	if d.form != nil {
		return d.form.body()
	}
	switch len(d.parts) {
	case 0:
		return nil
	case 1:
		return d.parts[0]
	}
	return joined(d.parts)
}

// Method is the one to use where the user names none.
func (d *Data) Method() string {
	switch {
	case d.upload:
		return http.MethodPut
	case len(d.parts) > 0, d.form != nil:
		return http.MethodPost
	}
	return http.MethodGet
}

// Implied are the headers that the flags bring with them.
func (d *Data) Implied() http.Header {
	switch {
	case d.form != nil:
		return http.Header{"Content-Type": {"multipart/form-data" + boundaryParameter + d.form.boundary}}
	case d.json:
		return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	case len(d.parts) > 0 && !d.upload:
		return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	}
	return nil
}

// uploadsStdin knows both of curl's names for standard input. By the second one curl goes on while there is nothing to
// read, which is of no use here.
func uploadsStdin(file string) bool { return file == "-" || file == "." }

// UploadURL is where -T FILE goes: a URL that ends in a slash names a folder, and gets the file's name. As with curl,
// that is what stands behind a backslash too, which a server may read as a slash.
func UploadURL(u *url.URL, file string) *url.URL {
	out := *u
	if uploadsStdin(file) || !strings.HasSuffix(u.EscapedPath(), "/") {
		return &out
	}
	name := path.Base(strings.ReplaceAll(file, `\`, "/"))
	out.RawPath = u.EscapedPath() + url.PathEscape(name)
	out.Path = u.Path + name
	return &out
}

// AddQuery appends "name=value" pairs, escaped, behind the query that u has and that stays as it is.
func AddQuery(u *url.URL, pairs []string) error {
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return fault.New(fault.Usage, "usage.query", "a query parameter is not of the form name=value").
				Hint("--query limit=10")
		}
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += escapeQuery(name) + "=" + escapeQuery(value)
	}
	return nil
}

// escapeQuery writes a blank as %20, which means the same to every server.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
