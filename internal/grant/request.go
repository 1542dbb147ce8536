package grant

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Request is one token request, before the client has proved who it is.
type Request struct {
	URL    string
	Auth   ClientAuth
	Fields []Field // in the order of the wire; grant_type comes first
	// JSON sends one JSON object in place of RFC 6749's form, for servers that read nothing else.
	JSON   bool
	Header http.Header // further headers; may be nil
	// DefaultTTL is the token's life where the reply does not say it.
	DefaultTTL time.Duration
	// Where names the keys of the profile that say the address, for hints; empty: token_url or base_url.
	Where string
	// Audience is what a client assertion names as its reader; empty stands for URL.
	Audience string
	// Read gives a product's own reply the names of RFC 6749; nil: as it is.
	Read func(found Members, sent time.Time) Members

	// made gives the fields that serve one sending alone, before Fields; audience is what an assertion names as its
	// reader. Nil: there are none.
	made  func(ctx context.Context, audience string) ([]Field, error)
	keys  *flowKey // nil: the tokens are not bound to a key
	kept  *kept    // what the flow's requests prove the client with; nil: it is read for this one
	other bool     // what is asked for is no access token, so that the reply may say N_A (RFC 8693 section 2.2.1)
}

func (r *Request) audience() string { return first(r.Audience, r.URL) }

// occasion is what the client's own assertion is made for.
func (r *Request) occasion() Occasion { return Occasion{r.audience(), r.kept} }

// Field is one member of a token request. A name may be repeated (RFC 8707).
type Field struct {
	Name  string
	Value secret.String

	hidden bool
}

// Plain is a field whose value may be shown.
func Plain(name, value string) Field { return Field{Name: name, Value: secret.New(value)} }

// Hidden is a field whose value is masked wherever a server echoes it.
func Hidden(name string, value secret.String) Field {
	return Field{Name: name, Value: value, hidden: true}
}

// complete makes what serves one sending alone: the request's own fields, then the client's proof.
func (r *Request) complete(ctx context.Context, mask *secret.Mask) error {
	if r.made != nil {
		made, err := r.made(ctx, r.audience())
		if err != nil {
			return err
		}
		r.Fields = slices.Concat(made, r.Fields)
	}
	if err := r.Auth.authenticate(ctx, r, mask); err != nil {
		return err
	}
	for _, f := range r.Fields {
		if f.hidden {
			mask.Add(f.Value)
		}
	}
	return nil
}

// content is the body's bytes and their media type.
func (r *Request) content() ([]byte, string, error) {
	if r.JSON {
		body, err := jsonBody(r.Fields)
		return body, "application/json", err
	}
	return formBody(r.Fields), "application/x-www-form-urlencoded", nil
}

func formBody(fields []Field) []byte {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(f.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(f.Value.Reveal()))
	}
	return []byte(b.String())
}

// jsonBody writes the fields in order; a repeated name becomes one list where it first stood.
func jsonBody(fields []Field) ([]byte, error) {
	values := make(map[string][]string, len(fields))
	var names []string
	for _, f := range fields {
		if !utf8.ValidString(f.Value.Reveal()) {
			return nil, fault.New(fault.Config, "config.not_utf8", "%s is not UTF-8 text, which a JSON request cannot carry", f.Name)
		}
		if _, seen := values[f.Name]; !seen {
			names = append(names, f.Name)
		}
		values[f.Name] = append(values[f.Name], f.Value.Reveal())
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	write := func(v any) error {
		err := enc.Encode(v)
		b.Truncate(b.Len() - 1) // the newline that Encode adds
		return err
	}
	for i, name := range names {
		b.WriteByte("{,"[min(i, 1)])
		if err := write(name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		var v any = values[name]
		if len(values[name]) == 1 {
			v = values[name][0]
		}
		if err := write(v); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
