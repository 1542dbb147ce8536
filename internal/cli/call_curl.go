package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/words"
)

// curlLine is a command for a POSIX shell that does with curl what the call would do, and what there is to say to it.
// It holds no secret but what was typed: a token, and a header of the profile, is fetched when the command runs.
// A relative file of the profile lies in folder.
func (g *globals) curlLine(folder string, o *callOptions, p *profile.Profile, request *call.Request) (line string, notes []string, err error) {
	out, err := o.save.into(g.app, request.URL, nil)
	if err != nil {
		return "", nil, err
	}
	if request.Method == http.MethodHead && request.Body != nil {
		return "", nil, usage("curl sends no body with HEAD").Hint("leave out --curl, or the body")
	}
	c := &curlCommand{request: request, folder: folder, words: []string{"curl", "-q", "-sS", "-g", "--proto", "=" + request.URL.Scheme}}
	if !o.save.noFail {
		c.add("--fail-with-body")
	}
	c.method(&o.send)
	if !o.send.noAuth {
		c.words = append(c.words, "-H", `"Authorization: Bearer $(`+g.tokenCommand(p)+`)"`)
		c.headers(p)
	}
	c.send(&o.send)
	c.way(&o.way, p, request.URL)
	c.follow(o, p)
	c.retry(&o.again)
	save := o.save
	if o.shape.jq != "" {
		save = c.bodyAlone(save)
	}
	c.save(&save)
	c.add(request.URL.String())
	c.jq(o.shape.jq, out.Path)
	if o.shape.template != "" || o.pages.paginate {
		c.note("curl has nothing for --template and --paginate: they are left out")
	}
	return strings.Join(c.words, " "), c.notes, nil
}

// tokenCommand prints the profile's token.
func (g *globals) tokenCommand(p *profile.Profile) string {
	line := []string{"authctl", "token", "get", "-p", words.Quote(p.Name)}
	if g.config != "" {
		line = append(line, "--config", words.Quote(g.config))
	}
	if g.storage != "" {
		line = append(line, "--storage", words.Quote(g.storage))
	}
	return strings.Join(line, " ")
}

// curlCommand gathers words that are fit for a shell.
type curlCommand struct {
	request      *call.Request
	folder       string // of profiles.yaml
	words, notes []string
}

func (c *curlCommand) add(more ...string) {
	for _, w := range more {
		c.words = append(c.words, words.Quote(w))
	}
}

// flag adds a flag that has a value.
func (c *curlCommand) flag(name, value string) {
	if value != "" {
		c.add(name, value)
	}
}

func (c *curlCommand) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

func (c *curlCommand) on(name string, set bool) {
	if set {
		c.add(name)
	}
}

// method names the method where curl would use another.
func (c *curlCommand) method(o *sendFlags) {
	implied := http.MethodGet
	for _, arg := range o.data {
		if implied = http.MethodPost; arg.flag == call.Upload {
			implied = http.MethodPut
		}
	}
	switch c.request.Method {
	case http.MethodHead:
		c.add("--head")
	case implied:
	default:
		c.add("-X", c.request.Method)
	}
	if method := c.request.Method; c.request.Body == nil && (method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch) {
		c.add("-H", "Content-Length: 0") // which curl leaves out, and some servers insist on
	}
}

// headers adds the profile's, whose values are not in the command: a variable or a file is read when it runs, and for
// any other the shell asks for a variable. Those that the user says otherwise are not sent.
func (c *curlCommand) headers(p *profile.Profile) {
	for i, h := range p.Headers {
		if c.overrules(h.Name) {
			continue
		}
		var value string
		switch arg := h.Value.Arg.Reveal(); {
		case h.Value.Scheme == secret.Env && isShellName(arg):
			value = "${" + arg + "?}"
		case h.Value.Scheme == secret.File:
			value = "$(cat " + shellPath(c.folder, arg) + ")"
		default:
			name := "AUTHCTL_HEADER_" + strconv.Itoa(i+1)
			value = "${" + name + "?}"
			c.note("set %s to the value of the profile's header %s first", name, h.Name)
		}
		c.words = append(c.words, "-H", `"`+inDoubleQuotes(h.Name)+": "+value+`"`)
	}
	if len(p.Headers) > 0 && len(c.request.Unread) > 0 {
		c.note("a header that the profile has and a file of -H too is sent twice")
	}
}

// overrules reports whether the user sends, or leaves out, a header of that name.
func (c *curlCommand) overrules(name string) bool {
	headers := call.Headers{Set: c.request.Header, Remove: c.request.Remove}
	return headers.Names(http.CanonicalHeaderKey(name))
}

func (c *curlCommand) send(o *sendFlags) {
	for _, line := range o.headers {
		if !keptAnyway(line) {
			c.add("-H", line)
		}
	}
	for _, arg := range o.data {
		c.add(arg.flag.String(), arg.text)
	}
	c.on("--compressed", o.compressed)
	if o.agentGiven() {
		c.add("-A", o.userAgent)
	}
}

func (c *curlCommand) way(o *wayFlags, p *profile.Profile, u *url.URL) {
	way := o.over(p, 0)
	c.flag("-m", curlSeconds(o.maxTime))
	c.flag("--connect-timeout", curlSeconds(o.connectTimeout))
	c.flag("--cacert", way.TLS.CAFile)
	c.flag("--cert", way.TLS.CertFile)
	c.flag("--key", way.TLS.KeyFile)
	c.on("--tlsv1.2", way.TLS.MinVersion != "1.3" && u.Scheme == "https")
	c.on("--tlsv1.3", way.TLS.MinVersion == "1.3")
	c.on("-k", way.TLS.InsecureSkipVerify)
	c.on("--http1.1", o.http1)
	if way.TLS.ServerName != "" {
		c.note("curl has nothing for tls.server_name: it is left out")
	}
	origin, err := httpx.OriginOf(u)
	switch proxy, malformed := url.Parse(way.Proxy); {
	case err == nil && origin.Loopback(), way.Proxy == "none":
		c.add("--noproxy", "*")
	case way.Proxy != "" && !o.proxyGiven() && (malformed != nil || proxy.User != nil):
		c.words = append(c.words, "-x", `"${AUTHCTL_PROXY?}"`)
		c.note("set AUTHCTL_PROXY to the profile's proxy first")
	default:
		c.flag("-x", way.Proxy)
	}
}

// follow adds -L, which to curl is every server that a redirect leads to.
func (c *curlCommand) follow(o *callOptions, p *profile.Profile) {
	switch {
	case !o.again.follow:
		return
	case !o.send.noAuth && len(p.Headers) > 0, o.way.over(p, 0).TLS.CertFile != "", c.confides():
		c.note("-L is left out: curl would show the headers and the certificate to every server that a redirect leads to")
		return
	}
	c.add("-L", "--proto-redir", "="+c.request.URL.Scheme, "--max-redirs", strconv.Itoa(o.again.maxRedirs))
	c.note("curl -L goes wherever a redirect leads, without the token but with the body; authctl call -L stays within the origins")
}

// confides reports whether a header of the user's may be for the first server alone. Authorization and Cookie curl
// drops itself.
func (c *curlCommand) confides() bool {
	for name := range c.request.Header {
		switch name {
		case "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Content-Type", "Cookie", "User-Agent":
		default:
			return true
		}
	}
	return len(c.request.Unread) > 0
}

// retry is for what a call sends again, too: curl does not ask whether that does harm.
func (c *curlCommand) retry(o *againFlags) {
	switch {
	case o.retries == 0:
	case !o.retryUnsafe && !call.IsSafe(c.request.Method):
		c.note("--retry is left out: curl would send a %s again that may have been processed", c.request.Method)
	default:
		c.add("--retry", strconv.Itoa(o.retries))
		c.flag("--retry-max-time", curlSeconds(o.retryTime))
	}
}
