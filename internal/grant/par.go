package grant

import (
	"context"

	"github.com/authctl/authctl/internal/fault"
)

// PAR says whether an authorization request is pushed (RFC 9126). The zero value is PARAuto.
type PAR string

// The ways. A push that fails is an error in each of them, never a plain request.
const (
	PARAuto   PAR = "auto" // wherever an endpoint for it is known
	PARAlways PAR = "always"
	PARNever  PAR = "never"
)

// pushes reports whether the request is to be pushed, or why it cannot be sent as the profile and the server want it.
func (p PAR) pushes(server *Metadata) (bool, error) {
	known := server.PushedAuthorization != ""
	switch {
	case p == PARNever && server.RequirePushed:
		return false, fault.New(fault.Config, "config.par", "the server takes pushed authorization requests alone").
			Hint("par: auto")
	case p == PARNever:
		return false, nil
	case !known && (p == PARAlways || server.RequirePushed):
		return false, fault.New(fault.Config, "config.par", "no pushed authorization request endpoint is known").
			Hint("set pushed_authorization_request_url of the profile")
	}
	return known, nil
}

// maxRequestURI is far above what a reference needs, and below what a browser and a server take as an address.
const maxRequestURI = 2 << 10

// push hands the request to the server, and gives the two parameters that stand for it (RFC 9126 section 4).
func (a *attempt) push(ctx context.Context, fields []Field) ([]Field, error) {
	reply, err := a.flow.Push(ctx, a.server.PushedAuthorization, fields...)
	if err != nil {
		return nil, err
	}
	reference, _, err := reply.Text("request_uri")
	switch {
	case err != nil:
	case reference == "":
		err = fault.New(fault.Protocol, "protocol.reply", "the reply to the pushed request has no request_uri")
	case len(reference) > maxRequestURI || !visible(reference):
		err = fault.New(fault.Protocol, "protocol.reply", "the request_uri of the reply cannot be used")
	}
	if err != nil {
		return nil, protocol(err).Doing("pushing the authorization request")
	}
	return []Field{Plain("client_id", a.flow.Auth.ID()), Plain("request_uri", reference)}, nil
}

// visible reports whether a text is ASCII without blanks and control characters.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// protocol is an error about a reply's members as a fault.
func protocol(err error) *fault.Error {
	if fault.Is(err, fault.Protocol) {
		return fault.From(err)
	}
	return fault.New(fault.Protocol, "protocol.reply", "%w", err)
}
