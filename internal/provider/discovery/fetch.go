package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
)

// Read asks an issuer for its metadata, and judges them as a client does that trusts nothing else. It is for issuers
// of which there is no profile yet.
func Read(ctx context.Context, e *grant.Endpoint, issuer string, header http.Header) (*Document, error) {
	if err := profile.CheckURL("issuer", issuer); err != nil {
		return nil, fault.New(fault.Config, "config.issuer", "%w", err)
	}
	d, err := read(ctx, e, issuer, header)
	if err != nil {
		return nil, err
	}
	if err := d.check(&d.Metadata, fields(&d.Metadata)); err != nil {
		return nil, about(err, e, issuer)
	}
	return d, nil
}

func read(ctx context.Context, e *grant.Endpoint, issuer string, header http.Header) (*Document, error) {
	data, err := fetch(ctx, e, issuer, header)
	if err != nil {
		return nil, err
	}
	d, err := Parse(data, issuer)
	if err != nil {
		return nil, about(err, e, issuer)
	}
	d.raw = data
	return d, nil
}

// fetch gets the document from where OpenID Connect Discovery 1.0 section 4 puts it, else, where there is none, from
// where RFC 8414 section 3 does. No other answer is a reason to look elsewhere.
func fetch(ctx context.Context, e *grant.Endpoint, issuer string, header http.Header) ([]byte, error) {
	openID, oauth := wellKnown(issuer)
	data, err := e.Fetch(ctx, openID, header)
	if !isAbsent(err) {
		return data, err
	}
	data, err = e.Fetch(ctx, oauth, header)
	if !isAbsent(err) {
		return data, err
	}
	absent := fault.New(fault.Protocol, "protocol.http_404", "HTTP 404 at %s and at %s", openID, oauth).
		Doing("metadata of %s", issuer).
		Hint("check issuer of the profile: it is what stands before /.well-known/openid-configuration")
	absent.Status = http.StatusNotFound
	return nil, absent
}

// wellKnown gives the two addresses of an issuer's metadata.
func wellKnown(issuer string) (openID, oauth string) {
	base := strings.TrimSuffix(issuer, "/")
	scheme, rest, _ := strings.Cut(base, "://")
	host, path, deep := strings.Cut(rest, "/")
	if deep {
		path = "/" + path
	}
	return base + "/.well-known/openid-configuration", scheme + "://" + host + "/.well-known/oauth-authorization-server" + path
}

func isAbsent(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Kind == fault.Protocol && e.Status == http.StatusNotFound
}

// about says whose metadata a failure is about, and makes what the server wrote fit to be shown.
func about(err error, e *grant.Endpoint, issuer string) error {
	f := fault.From(err)
	if m, ok := errors.AsType[*mismatch](f.Err); ok {
		f.Err = &mismatch{want: m.want, got: e.Show(m.got)}
	}
	return f.Doing("metadata of %s", issuer)
}

// check holds addresses against what a client may be sent to (RFC 8414 section 2, RFC 9700 section 2.6): https, and
// http on loopback only where the issuer itself is there.
func (d *Document) check(m *grant.Metadata, list []field) error {
	if m.Token == "" {
		return malformed(errors.New("there is no token_endpoint"))
	}
	scheme, _, _ := strings.Cut(d.Issuer, ":")
	for _, f := range list {
		if *f.in == "" {
			continue
		}
		if err := checkAddress(f.name, *f.in, strings.EqualFold(scheme, "http")); err != nil {
			return err
		}
	}
	return nil
}

func checkAddress(name, address string, onLoopback bool) error {
	scheme, _, _ := strings.Cut(address, ":")
	plain, query, _ := strings.Cut(address, "?")
	blank := strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' })
	err := profile.CheckURL(name, plain)
	switch {
	case strings.EqualFold(scheme, "https"), strings.EqualFold(scheme, "http") && onLoopback && err == nil:
		if err != nil || blank {
			return malformed(fmt.Errorf("%s is not an address", name))
		}
		return nil
	}
	return fault.New(fault.Policy, "policy.endpoint", "%s is not an https address", name).
		Hint("ask the server's operators, or set the right address in the profile")
}
