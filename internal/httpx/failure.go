package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/authctl/authctl/internal/fault"
)

// Failure says what kind of failure err of a request or of reading its answer is. The text never holds user
// information, a query or an unmasked control character of the server; what the transport would say of the URL is
// replaced. An error that carries a fault already keeps it; nil stays nil.
func Failure(err error) *fault.Error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		if known.Op == "" {
			known.Op = operation(err)
		}
		return known
	}
	f := classify(err)
	f.Op = operation(err)
	f.Retryable = f.Kind == fault.Network || f.Kind == fault.Timeout
	return f
}

func classify(err error) *fault.Error {
	switch {
	case errors.Is(err, context.Canceled):
		return &fault.Error{Kind: fault.Canceled, Err: &plainError{"interrupted", err}}
	case isTimeout(err):
		phase := timeoutPhase(err)
		return &fault.Error{
			Kind: fault.Timeout, Code: "timeout." + phase.code,
			Err: &plainError{"time-out while " + phase.text, err},
		}
	case isRefused(err):
		return Refused()
	case isReset(err):
		return &fault.Error{
			Kind: fault.Protocol, Code: "protocol.truncated",
			Err: &plainError{"the server broke the answer off", err},
		}
	case isTLS(err):
		return tlsFault(err)
	case isLost(err):
		return networkFault(err)
	case errors.Is(err, io.ErrUnexpectedEOF), err.Error() == trailerCut:
		return &fault.Error{
			Kind: fault.Protocol, Code: "protocol.truncated",
			Err: &plainError{"the reply ends before it is whole", err},
		}
	}
	return &fault.Error{Kind: fault.Protocol, Code: "protocol.malformed", Err: explain(err)}
}

// trailerCut is what net/http says of chunks that break off behind the last one. It has no type for it.
const trailerCut = "http: unexpected EOF reading trailer"

// CodeRefused is of a request that the server promises not to have processed (RFC 9113 section 8.7).
const CodeRefused = "network.refused"

// Refused is the fault for such a request.
func Refused() *fault.Error {
	err := fault.New(fault.Network, CodeRefused, "the server took the connection and refused the request")
	err.Retryable = true
	return err
}

// isRefused knows it by its text: the transport has no types for it.
func isRefused(err error) bool {
	text := err.Error()
	return strings.Contains(text, "; REFUSED_STREAM") || strings.Contains(text, "graceful shutdown GOAWAY")
}

// isReset knows a stream of HTTP/2 that the server gave up (RST_STREAM).
func isReset(err error) bool {
	text := err.Error()
	return strings.Contains(text, "stream error: stream ID ") && strings.HasSuffix(text, "; received from peer")
}

// plainError shows a text of ours and keeps the cause for errors.Is.
type plainError struct {
	text  string
	cause error
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.cause }

// explain is err's own text, fit to be shown.
func explain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return &plainError{Excerpt(err.Error(), nil), err}
}

// operation is "GET https://host/path" of a client's error, without the query, which may hold a secret.
func operation(err error) string {
	u, ok := errors.AsType[*url.Error](err)
	if !ok {
		return ""
	}
	method := strings.ToUpper(u.Op)
	target, err := url.Parse(u.URL)
	if err != nil {
		return method
	}
	return Operation(method, target)
}

// Operation names a request in an error or a note: method, origin and path, never user information or query.
func Operation(method string, u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return Visible(method + " " + bare.String())
}

// isTimeout asks each link of the chain, since wrappers do not.
func isTimeout(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if t, ok := err.(interface{ Timeout() bool }); ok && t.Timeout() { // the loop unwraps
			return true
		}
	}
	return false
}

type phase struct{ code, text string }

// timeoutPhase reads what the transport was doing. Two of its errors have no type to ask for.
func timeoutPhase(err error) phase {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return phase{"dns", "looking up " + Visible(dns.Name)}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op != "read" && op.Op != "write" {
		if op.Addr != nil {
			return phase{"connect", "connecting to " + op.Addr.String()}
		}
		return phase{"connect", "connecting"}
	}
	switch text := err.Error(); {
	case strings.Contains(text, "TLS handshake timeout"):
		return phase{"tls", "shaking hands (TLS)"}
	case strings.Contains(text, "awaiting response headers"):
		return phase{"header", "waiting for the headers of the answer"}
	}
	return phase{"total", "waiting for the answer"}
}

func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true // an alert, received or sent
	}
	text := innermost(err).Error()
	return errors.Is(err, http.ErrSchemeMismatch) || tlsHint(err) != "" || strings.HasPrefix(text, "tls: ") ||
		text == hungUp
}

// hungUp is all that HTTP/2 tells of an alert that came before the first request, as one over a missing client
// certificate does.
const hungUp = "http2: client conn could not be established"

func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// isLost reports whether the connection could not be made or went away before the answer was whole.
func isLost(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return true
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || isHangUp(err) {
		return true
	}
	text := innermost(err).Error() // the transport has no types for these
	return strings.Contains(text, "GOAWAY") || strings.Contains(text, "client conn") ||
		text == "http: server closed idle connection"
}

// Unanswered is the error of a round trip. Of a connection that went away before the answer began, HTTP/2 tells what is
// told of a body that was cut; here it is what HTTP/1 says, which wraps its own unexpected ends.
func Unanswered(err error) error {
	if err == io.ErrUnexpectedEOF { //nolint:errorlint // HTTP/1 wraps it around an answer that did begin
		return io.EOF
	}
	return err
}

// isHangUp is Unanswered for what a client made of the round trip's error.
func isHangUp(err error) bool {
	u, ok := errors.AsType[*url.Error](err)
	return ok && Unanswered(u.Err) != u.Err //nolint:errorlint // as above
}

func networkFault(err error) *fault.Error {
	f := &fault.Error{Kind: fault.Network, Code: "network.lost", Err: explain(err)}
	switch {
	case errors.Is(err, io.EOF) || isHangUp(err):
		f.Err = &plainError{"the server closed the connection without an answer", err}
	case errors.Is(err, net.ErrClosed):
		f.Err = &plainError{"the connection was closed while it was in use", err}
	}
	dns, isLookup := errors.AsType[*net.DNSError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	switch {
	case isOp && (op.Op == "proxyconnect" || op.Op == "socks connect"): // around what went wrong on the way to the proxy
		f.Code = "network.proxy"
		return f.Hint("check the profile's proxy, or HTTPS_PROXY and NO_PROXY; proxy: none does without")
	case isLookup:
		f.Code = "network.dns"
		return f.Hint("check the name %s, and whether a VPN or a proxy is needed to reach it", Visible(dns.Name))
	case isOp && op.Op == "dial":
		f.Code = "network.connect"
		return f.Hint("check host and port, and whether the server runs")
	}
	return f
}
