package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// dialect is how a server speaks: its own routes and its own two ways to refuse.
type dialect interface {
	routes() []route
	// fail is any error in the server's own shape.
	fail(x *exchange, p problem) reply
	// challenge is the 401 of a protected route.
	challenge(x *exchange, why denial) reply
}

// problem is an error before a dialect words it.
type problem struct {
	status    int
	code      string // RFC 6749 section 5.2, or of its spirit
	text      string
	aadsts    int      // Entra's number for it
	extra     []member // further members of the body
	challenge string   // WWW-Authenticate
}

// everything is the pattern of the echo.
const everything = "/**"

// route is one line of a server's table. A pattern is an exact path, or has * for one segment, or ends in /** for the
// rest. An empty method stands for all.
type route struct {
	name, method, pattern string
	open                  bool // served without a token
	serve                 func(*exchange) reply
}

func (rt route) matches(p string) bool {
	if base, ok := strings.CutSuffix(rt.pattern, "/**"); ok {
		return p == base || strings.HasPrefix(p, base+"/")
	}
	ok, _ := path.Match(rt.pattern, p) // our own patterns are well formed
	return ok
}

// longest is how long one request may take in all: more than /delay waits, since net/http counts the wait to both sides.
const longest = 15 * time.Minute

// origin is one server: an own port, thus an own origin.
type origin struct {
	name, url string
	cross     string // another origin, for redirects that must not be followed
	plain     bool   // without TLS
	listener  net.Listener
	server    *http.Server
	world     *world
	dialect   dialect
	table     []route
}

// prepare gives the origin its voice. Requests live no longer than ctx.
func (o *origin) prepare(ctx context.Context, w *world) {
	o.world, o.dialect = w, o.voice(w)
	o.table = slices.Concat(o.housekeeping(), o.dialect.routes(), w.api)
	for _, rt := range o.table {
		if rt.name != "" {
			w.counts.know(o.name + "." + rt.name)
		}
	}
	o.server = &http.Server{
		Handler:           o,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
		ErrorLog:          log.New(logWriter{o}, "", 0),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       longest,
		WriteTimeout:      longest,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

func (o *origin) secure(a *authority) {
	o.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{a.leaf}, MinVersion: tls.VersionTLS12}
}

func (o *origin) serve() {
	listen := func() error { return o.server.ServeTLS(o.listener, "", "") }
	if o.plain {
		listen = func() error { return o.server.Serve(o.listener) }
	}
	if err := listen(); !errors.Is(err, http.ErrServerClosed) {
		o.world.log("%s stopped: %v", o.name, err)
	}
}

func (o *origin) stop(grace context.Context) {
	if o.server.Shutdown(grace) != nil {
		_ = o.server.Close() // what did not end in time is cut
	}
}

// ServeHTTP answers, injects the fault that was asked for, logs and writes, in this order.
func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Request: r, origin: o, path: r.URL.EscapedPath()}
	rep := o.answer(x)
	if inject := o.world.faults[x.fault]; inject != nil {
		inject(x, &rep)
	}
	o.world.log("%s %s %s %d%s", o.name, r.Method, x.path, rep.status, x.note())
	rep.write(w, r)
}

func (o *origin) answer(x *exchange) reply {
	rt, allowed := o.find(x)
	if rt.serve == nil {
		return o.dialect.fail(x, problem{
			status: http.StatusMethodNotAllowed, code: "method_not_allowed", aadsts: 900561,
			text: "Request method '" + x.Method + "' not supported",
		}).with("Allow", allowed)
	}
	if rt.name != "" {
		o.world.counts.add(o.name+"."+rt.name, 1)
	}
	if name := x.Header.Get("X-Sandbox-Fault"); name != "" {
		if _, known := o.world.faults[name]; !known {
			text := "unknown X-Sandbox-Fault, docs/sandbox.md lists them"
			return o.dialect.fail(x, problem{status: http.StatusBadRequest, code: "invalid_request", text: text})
		}
		x.fault = name
	}
	if !rt.open {
		t, why := o.admit(x)
		if why != admitted {
			return o.dialect.challenge(x, why)
		}
		x.token = t
	}
	return rt.serve(x)
}

// find gives the first route of path and method. A path that has a line of its own is never left to the one that
// takes everything: its method is told instead.
func (o *origin) find(x *exchange) (rt route, allowed string) {
	for _, rt := range o.table {
		switch {
		case !rt.matches(x.path) || rt.pattern == everything && allowed != "":
		case rt.method == "" || rt.method == x.Method || rt.method == http.MethodGet && x.Method == http.MethodHead:
			return rt, ""
		default:
			allowed = rt.method
		}
	}
	return route{}, allowed
}

// admit judges the bearer token of a request (RFC 6750 section 2.1). A server knows its own tokens only; the echo API
// stands behind all of them.
func (o *origin) admit(x *exchange) (token, denial) {
	values := x.Header.Values("Authorization")
	if len(values) != 1 {
		return token{}, missing
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return token{}, missing
	}
	t, why := o.world.find(text)
	if why == admitted && t.Provider != o.name && o.name != "echo" {
		return token{}, unknown
	}
	return t, why
}

// housekeeping are the routes that every server has for the user's scripts and for the faults to point at.
func (o *origin) housekeeping() []route {
	return []route{
		{"", http.MethodGet, "/-/counts", true, func(*exchange) reply { return object(200, o.world.counts.members()...) }},
		{"login_page", "", "/-/login", true, func(*exchange) reply { return text(200, "text/html; charset=utf-8", loginPage) }},
		{"trap", "", "/-/trap", true, func(*exchange) reply { return object(200, member{"trapped", true}) }},
	}
}

// logWriter hands the complaints of net/http (a handshake that the client broke off) to the access log.
type logWriter struct{ origin *origin }

func (w logWriter) Write(p []byte) (int, error) {
	w.origin.world.log("%s %s", w.origin.name, strings.TrimSpace(string(p)))
	return len(p), nil
}
