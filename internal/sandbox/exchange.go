package sandbox

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// exchange is one request with what the server found out about it.
type exchange struct {
	*http.Request

	origin *origin
	path   string // as on the wire
	fault  string // asked for by header or client id
	token  token  // on protected routes
	body   []byte // as far as form or object read it
}

// maxTokenRequest bounds the body of a token request.
const maxTokenRequest = 64 << 10

// inject asks for a fault, unless the request's header has asked for one.
func (x *exchange) inject(fault string) {
	if x.fault == "" {
		x.fault = fault
	}
}

// note is what the log adds to status: the fault.
func (x *exchange) note() string {
	if x.fault == "" {
		return ""
	}
	return " fault=" + x.fault
}

// read takes a small body in; of a bigger one it takes enough to be malformed.
func (x *exchange) read() []byte {
	if x.body == nil {
		x.body, _ = io.ReadAll(io.LimitReader(x.Body, maxTokenRequest))
	}
	return x.body
}

func (x *exchange) mediaType() string {
	kind, _, _ := mime.ParseMediaType(x.Header.Get("Content-Type"))
	return kind
}

// form reads a form body. A body of another type has no parameters, as the real servers see it; wrong tells what is
// malformed (RFC 6749 section 3.2: no parameter more than once).
func (x *exchange) form() (form url.Values, wrong string) {
	if x.mediaType() != "application/x-www-form-urlencoded" {
		return url.Values{}, ""
	}
	form, err := url.ParseQuery(string(x.read()))
	if err != nil {
		return url.Values{}, "malformed form body"
	}
	for name, values := range form {
		if len(values) > 1 && name != "resource" && name != "audience" {
			return url.Values{}, "repeated parameter " + name
		}
	}
	return form, ""
}

// object reads a JSON body, with names in their exact case.
func (x *exchange) object() (fields, bool) {
	if x.mediaType() != "application/json" {
		return nil, false
	}
	var f fields
	if err := json.Unmarshal(x.read(), &f); err != nil || f == nil {
		return nil, false
	}
	return f, true
}

// fields is a JSON object of a request.
type fields map[string]any

// text gives a string member, "" for one that is absent or of another type.
func (f fields) text(name string) string { s, _ := f[name].(string); return s }

// secrets are all credentials that the request carries, for the fault that repeats them.
func (x *exchange) secrets() []string {
	var found []string
	if id, password, ok := x.BasicAuth(); ok {
		found = append(found, password, id+":"+password)
	} else if _, credentials, ok := strings.Cut(x.Header.Get("Authorization"), " "); ok {
		found = append(found, credentials)
	}
	form, _ := x.form()
	object, _ := x.object()
	for _, name := range []string{"client_secret", "password", "api_key", "refresh_token", "assertion", "client_assertion", "code", "device_code"} {
		for _, value := range []string{form.Get(name), object.text(name)} {
			if value != "" {
				found = append(found, value)
			}
		}
	}
	return found
}
