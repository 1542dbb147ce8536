package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Line is one request of a batch as it is written.
type Line struct {
	ID      json.RawMessage // as given; nil: none
	Method  string          // empty: GET, or POST with a body
	Path    string
	Query   []string // name=value
	Headers http.Header
	Spelled call.Spelling   // of their names
	JSON    json.RawMessage // the body, one of these three
	Body    *string
	File    string
}

// ParseLine reads a line strictly: one object, members of the contract's names in their exact case, none of them twice.
// A Line is given beside an error as far as it was read, for its ID.
func ParseLine(text []byte) (*Line, error) {
	l := &Line{}
	if !utf8.Valid(text) {
		return l, lineFault("the line is not UTF-8")
	}
	members, err := object(text)
	if err != nil {
		return l, lineFault("the line is not one JSON object: %w", err)
	}
	for _, m := range members {
		if m.name == "id" {
			l.ID = compact(m.value)
		}
	}
	for _, m := range members {
		if err := l.set(m); err != nil {
			return l, lineFault("%s: %w", httpx.Excerpt(m.name, nil), err)
		}
	}
	if l.Path == "" {
		return l, lineFault("the line has no path")
	}
	if l.bodies() > 1 {
		return l, lineFault("the line has more than one of json, body and file")
	}
	return l, nil
}

func lineFault(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, "usage.batch", format, args...).
		Hint(`one JSON object a line: {"method":"GET","path":"/v1/things"}, with id, query, headers, and one of json, body, file`)
}

func (l *Line) set(m member) (err error) {
	switch m.name {
	case "id":
	case "method":
		return text(m.value, &l.Method)
	case "path":
		return text(m.value, &l.Path)
	case "query":
		l.Query, err = query(m.value)
	case "headers":
		l.Headers, l.Spelled, err = headers(m.value)
	case "json":
		l.JSON = m.value
	case "body":
		l.Body = new(string)
		return text(m.value, l.Body)
	case "file":
		if err = text(m.value, &l.File); err == nil && l.File == "" {
			err = errors.New("it is empty")
		}
	default:
		err = errors.New("no such member")
	}
	return err
}

func (l *Line) bodies() int {
	n := 0
	for _, has := range []bool{l.JSON != nil, l.Body != nil, l.File != ""} {
		if has {
			n++
		}
	}
	return n
}

// Request is the call that the line stands for, below base.
func (l *Line) Request(base Base) (*call.Request, error) {
	u, err := base.resolve(l.Path)
	if err != nil {
		return nil, err
	}
	if err := call.AddQuery(u, l.Query); err != nil {
		return nil, err
	}
	req := &call.Request{Method: call.Method(l.Method), URL: u, Header: l.Headers, Spelled: l.Spelled}
	switch {
	case l.JSON != nil:
		req.Body = call.Text(l.JSON)
		req.Implied = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	case l.Body != nil:
		req.Body = call.Text(*l.Body)
	case l.File != "":
		var data call.Data
		if err := data.Add(call.Binary, "@"+fileName(l.File)); err != nil {
			return nil, err
		}
		req.Body = data.Body()
	}
	if req.Method == "" && req.Body != nil {
		req.Method = http.MethodPost
	}
	return req, nil
}

// fileName keeps "-" from meaning standard input, which is where the lines may come from.
func fileName(name string) string {
	if name == "-" {
		return "./-"
	}
	return name
}

// text reads a string.
func text(value json.RawMessage, to *string) error {
	if value[0] != '"' {
		return errors.New("it is no string")
	}
	*to = unquote(value)
	return nil
}

// query reads an object of strings, numbers, booleans and lists of them as name=value pairs, in their order.
func query(value json.RawMessage) ([]string, error) {
	members, err := object(value)
	if err != nil {
		return nil, err
	}
	var pairs []string
	for _, m := range members {
		values, err := scalars(m.value)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			pairs = append(pairs, m.name+"="+v)
		}
	}
	return pairs, nil
}

// headers reads an object of strings and lists of strings.
func headers(value json.RawMessage) (http.Header, call.Spelling, error) {
	members, err := object(value)
	if err != nil {
		return nil, nil, err
	}
	h, spelled := http.Header{}, call.Spelling(nil)
	for _, m := range members {
		values, err := scalars(m.value)
		if err != nil {
			return nil, nil, err
		}
		name := http.CanonicalHeaderKey(m.name)
		h[name] = append(h[name], values...)
		spelled.Note(m.name)
	}
	return h, spelled, nil
}

// scalars are the texts of a string, a number or a boolean, or of a list of them.
func scalars(value json.RawMessage) ([]string, error) {
	if value[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, err
		}
		var out []string
		for _, v := range list {
			if v[0] == '[' {
				return nil, errors.New("a list in a list")
			}
			texts, err := scalars(v)
			if err != nil {
				return nil, err
			}
			out = append(out, texts...)
		}
		return out, nil
	}
	switch value[0] {
	case '"':
		return []string{unquote(value)}, nil
	case '{', 'n':
		return nil, errors.New("a value is neither a string nor a number nor a boolean")
	}
	return []string{string(value)}, nil
}

func compact(value json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if json.Compact(&out, value) != nil {
		return nil
	}
	return out.Bytes()
}
