package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"

	"github.com/authctl/authctl/internal/fault"
)

const (
	hintAuthority = "if the server's certificate is of a private CA, set tls.ca_file in the profile to the CA's PEM file"
	hintName      = "the URL must name the server as its certificate does; else set tls.server_name"
	hintTime      = "check this machine's clock; else the server's certificate must be renewed"
	hintPlain     = "nothing speaks TLS there: check the port, or write http:// for a server on this machine"
	hintAlert     = "the server refused the handshake: it may want a client certificate (tls.cert_file, tls.key_file) " +
		"or another tls.min_version"
	hintVerify = "the server's certificate cannot be used; ask who runs it, or check with: openssl s_client -connect HOST:PORT"
)

// tlsFault names what is wrong with the server's certificate or with the handshake.
func tlsFault(err error) *fault.Error {
	f := &fault.Error{Kind: fault.TLS, Code: "tls.handshake", Err: explain(err)}
	hint := tlsHint(err)
	switch hint {
	case "":
		hint = hintAlert
		if innermost(err).Error() == hungUp {
			f.Err = &plainError{"the server hung up right after the handshake", err}
		}
	case hintPlain:
		f.Code = "tls.plain"
	default:
		f.Code = "tls.certificate"
	}
	return f.Hint("%s", hint)
}

// tlsHint knows the failures that have a type; empty for others.
func tlsHint(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return hintAuthority
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return hintName
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return hintTime
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return hintVerify
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return hintPlain
	}
	return ""
}
