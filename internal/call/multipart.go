package call

import (
	"crypto/rand"
	"path"
	"path/filepath"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// boundaryParameter stands between a multipart type and the boundary of its parts (RFC 2046 section 5.1.1).
const boundaryParameter = "; boundary="

// form is the body of -F (RFC 7578). Files are read when they are sent, in constant memory, and as long as all of them
// have a length, so has the form.
type form struct {
	boundary string
	parts    []Body
}

// newForm chooses a boundary that no file holds, but by a miracle.
func newForm() *form { return &form{boundary: strings.Repeat("-", 24) + rand.Text()} }

// field is what one -F says.
type field struct {
	content            string
	isFile, isContent  bool // @FILE; <FILE
	kind, filename     string
	hasKind, hasRename bool
}

// add reads one flag.
func (f *form) add(d *Data, flag DataFlag, arg string) error {
	name, content, ok := strings.Cut(arg, "=")
	if !ok {
		return badField("a part of the form is not of the form NAME=TEXT or NAME=@FILE")
	}
	if flag == MultiText {
		f.append(f.boundary, disposition("form-data", name), "", Text(content))
		return nil
	}
	fields, err := parseField(content)
	if err != nil {
		return err
	}
	if len(fields) > 1 {
		return f.addMixed(d, name, fields)
	}
	body, err := fields[0].body(d)
	if err != nil {
		return err
	}
	f.append(f.boundary, disposition("form-data", name)+fields[0].named(), fields[0].contentType(), body)
	return nil
}

// addMixed puts several files under one name, as one part that is itself made of parts.
func (f *form) addMixed(d *Data, name string, fields []field) error {
	inner := newForm()
	for _, one := range fields {
		body, err := one.body(d)
		if err != nil {
			return err
		}
		inner.append(inner.boundary, "attachment"+one.named(), one.contentType(), body)
	}
	f.append(f.boundary, disposition("form-data", name), "multipart/mixed"+boundaryParameter+inner.boundary, inner.body())
	return nil
}

func (f *form) append(boundary, disposition, contentType string, body Body) {
	head := "--" + boundary + "\r\nContent-Disposition: " + disposition + "\r\n"
	if contentType != "" {
		head += "Content-Type: " + contentType + "\r\n"
	}
	f.parts = append(f.parts, Text(head+"\r\n"), body, Text("\r\n"))
}

func (f *form) body() Body {
	return joined(append(f.parts[:len(f.parts):len(f.parts)], Text("--"+f.boundary+"--\r\n")))
}

func (p field) body(d *Data) (Body, error) {
	if p.isFile || p.isContent {
		return d.file(p.content, nil)
	}
	return Text(p.content), nil
}

// named is the file's name as the server gets it: the last element alone, unless ;filename= says otherwise.
func (p field) named() string {
	switch {
	case p.hasRename:
		return `; filename="` + quoteName(p.filename) + `"`
	case p.isFile:
		return `; filename="` + quoteName(path.Base(filepath.ToSlash(p.content))) + `"`
	}
	return ""
}

// contentType is what ;type= says, else what curl makes of the file's name.
func (p field) contentType() string {
	switch {
	case p.hasKind:
		return p.kind
	case !p.isFile && !p.isContent && !p.hasRename:
		return ""
	}
	kind := ""
	if p.hasRename {
		kind = typeByName(p.filename)
	}
	if kind == "" && (p.isFile || p.isContent) {
		kind = typeByName(p.content)
	}
	switch {
	case kind == "" && p.content != "-" && (p.isFile || p.isContent && p.hasRename):
		return "application/octet-stream" // of standard input nobody knows
	case kind == "text/plain" && !p.isFile && !p.hasRename:
		return "" // what a part without a type is
	}
	return kind
}

// typeByName knows what curl 7.88 knows.
func typeByName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".gif":
		return "image/gif"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain"
	case ".htm", ".html":
		return "text/html"
	case ".pdf":
		return "application/pdf"
	case ".xml":
		return "application/xml"
	}
	return ""
}

// disposition names a part; an empty name is none.
func disposition(kind, name string) string {
	if name == "" {
		return kind
	}
	return kind + `; name="` + quoteName(name) + `"`
}

// quoteName escapes as browsers do (WHATWG HTML, multipart/form-data encoding algorithm), so that no name ends its own
// header.
func quoteName(name string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(name)
}

func badField(text string) *fault.Error {
	return fault.New(fault.Usage, "usage.form", "%s", text).
		Hint("-F 'title=A title' -F 'file=@photo.png;type=image/png'; --form-string for text that begins with @, < or (, or holds ;")
}
