package httpx

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/authctl/authctl/internal/fault"
)

// proxy chooses the proxy of a request: the profile's, else the environment's, never one for a loopback server.
type proxy struct {
	fixed *url.URL
	env   func(*url.URL) (*url.URL, error)
	// bare is true where the TLS settings are meant for one server. Go would apply them to an https proxy as well:
	// show it the client certificate, or verify it against the wrong name.
	bare bool
}

func newProxy(cfg Config) (*proxy, error) {
	p := &proxy{bare: cfg.ServerName != "" || cfg.CertFile != "" || cfg.InsecureSkipVerify}
	switch {
	case cfg.Proxy == "none" || (cfg.Proxy == "" && cfg.Getenv == nil):
		return p, nil
	case cfg.Proxy == "":
		p.env = environmentProxy(cfg.Getenv)
		return p, nil
	}
	var err error
	if p.fixed, err = parseProxy(cfg.Proxy); err != nil {
		return nil, err
	}
	_, err = p.allow(p.fixed)
	return p, err
}

// parseProxy reads a proxy URL; host:port stands for http://host:port, as with curl. Its text is never shown, since it
// may hold a password.
func parseProxy(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err == nil && !strings.ContainsAny(text, "?#") {
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
			if u.Hostname() != "" && strings.Trim(u.Path, "/") == "" {
				return u, nil
			}
		}
	}
	return nil, fault.New(fault.Config, "config.proxy", "the proxy is no http, https, socks5 or socks5h URL").
		Hint("write it as http://proxy.example.com:3128, or none for no proxy")
}

// environmentProxy returns nil where the environment names no proxy, so that it costs nothing there. A variable that is
// no URL fails the requests that would go through it, and none that NO_PROXY exempts.
func environmentProxy(getenv func(string) string) func(*url.URL) (*url.URL, error) {
	plain, secure := either(getenv, "HTTP_PROXY"), either(getenv, "HTTPS_PROXY")
	if plain.text == "" && secure.text == "" {
		return nil
	}
	// httpproxy takes what it cannot parse for no proxy. It gets the names in place of the values, and says which counts.
	cfg := httpproxy.Config{
		HTTPProxy: plain.name, HTTPSProxy: secure.name, NoProxy: either(getenv, "NO_PROXY").text,
		CGI: getenv("REQUEST_METHOD") != "", // there HTTP_PROXY is a header of the request
	}
	choose := cfg.ProxyFunc()
	return func(target *url.URL) (*url.URL, error) {
		switch chosen, err := choose(target); {
		case err != nil:
			return nil, fault.New(fault.Config, "config.environment", "%w", err)
		case chosen == nil:
			return nil, nil //nolint:nilnil // no proxy is the answer
		case chosen.Host == secure.name:
			return secure.proxy()
		}
		return plain.proxy()
	}
}

// variable is one of the environment; the zero variable is one that is not set.
type variable struct{ name, text string }

// either reads the variable of that name, in upper or lower case.
func either(getenv func(string) string, name string) variable {
	for _, name := range []string{name, strings.ToLower(name)} {
		if text := getenv(name); text != "" {
			return variable{name, text}
		}
	}
	return variable{}
}

func (v variable) proxy() (*url.URL, error) {
	u, err := parseProxy(v.text)
	if err != nil {
		return nil, fault.New(fault.Config, "config.environment", "%s is no http, https, socks5 or socks5h URL", v.name).
			Hint("export %s=http://proxy.example.com:3128, without blanks or line ends, or unset it", v.name)
	}
	return u, nil
}

// configured reports whether any request may go through a proxy.
func (p *proxy) configured() bool { return p.fixed != nil || p.env != nil }

// forRequest has the form that [http.Transport] wants.
func (p *proxy) forRequest(req *http.Request) (*url.URL, error) {
	if !p.configured() {
		return nil, nil //nolint:nilnil // no proxy is the answer
	}
	if o, err := OriginOf(req.URL); err != nil || o.Loopback() {
		return nil, err
	}
	if p.fixed != nil {
		return p.fixed, nil
	}
	u, err := p.env(req.URL)
	if err != nil {
		return nil, err
	}
	return p.allow(u)
}

func (p *proxy) allow(u *url.URL) (*url.URL, error) {
	if u != nil && u.Scheme == "https" && p.bare {
		return nil, fault.New(fault.Config, "config.proxy",
			"an https proxy goes together with none of tls.server_name, tls.cert_file and tls.insecure_skip_verify").
			Hint("use an http proxy: it carries https in a tunnel all the same")
	}
	return u, nil
}

// refusedTunnel says what a proxy answered to CONNECT where it made no tunnel.
func refusedTunnel(_ context.Context, proxy *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	err := fault.New(fault.Network, "network.proxy", "the proxy %s makes no tunnel: %s", proxy.Host,
		Excerpt(res.Status, nil))
	err.Status, err.Retryable = res.StatusCode, res.StatusCode >= http.StatusInternalServerError
	if res.StatusCode == http.StatusProxyAuthRequired {
		return err.Hint("the proxy wants a name and a password: http://NAME:PASSWORD@HOST:PORT in the proxy setting")
	}
	return err.Hint("check the profile's proxy, or HTTPS_PROXY and NO_PROXY; proxy: none does without")
}
