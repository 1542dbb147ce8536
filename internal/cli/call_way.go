package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
)

// wayFlags say how the API is reached. They are for the API alone: how the token's server is reached, the profile says.
type wayFlags struct {
	maxTime, connectTimeout string
	proxy                   string
	insecure, http1         bool
	cacert, cert, key       string

	proxyGiven func() bool
}

func (o *wayFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.maxTime, "max-time", "m", "", "give up after this many `SECONDS` (or a duration such as 2m)")
	f.StringVar(&o.connectTimeout, "connect-timeout", "", "give up when there is no connection after this many `SECONDS`")
	f.StringVarP(&o.proxy, "proxy", "x", "", "go through the proxy at `URL`; none or an empty one is no proxy")
	f.BoolVarP(&o.insecure, "insecure", "k", false, "do not check the API's certificate; the token's server is checked all the same")
	f.StringVar(&o.cacert, "cacert", "", "trust the certificates in the PEM `FILE`, beside the system's")
	f.StringVar(&o.cert, "cert", "", "show the API the client certificate in the PEM `FILE`")
	f.StringVar(&o.key, "key", "", "its private key, in the PEM `FILE` (default: the certificate's file)")
	f.BoolVar(&o.http1, "http1.1", false, "speak HTTP/1.1, whatever the server offers")
	o.proxyGiven = func() bool { return f.Changed("proxy") }
}

// over is the profile's way with the flags over it.
func (o *wayFlags) over(p *profile.Profile, limit time.Duration) *profile.Profile {
	way := *p
	if limit > 0 {
		way.Timeout = limit // -m says how long a person wants to wait for the answer to begin, too
	}
	if o.cacert != "" {
		way.TLS.CAFile = o.cacert
	}
	if o.cert != "" || o.key != "" {
		way.TLS.CertFile, way.TLS.KeyFile = o.cert, o.key
	}
	if o.proxyGiven() {
		if way.Proxy = o.proxy; o.proxy == "" {
			way.Proxy = "none"
		}
	}
	way.TLS.InsecureSkipVerify = way.TLS.InsecureSkipVerify || o.insecure
	return &way
}

// blame names the flags where they, and not the profile, say what is wrong.
func (o *wayFlags) blame(err error) error {
	f := fault.From(err)
	if f.Code != "config.tls" || o.cacert == "" && o.cert == "" && o.key == "" {
		return err
	}
	f.Hints = nil
	return f.Doing("--cacert, --cert and --key over the profile's tls").
		Hint("each names a file in PEM form: --cacert ca.pem --cert client.pem --key client.key")
}

// shownTo is the profile for a call to u; nil: to many. Its certificate goes where its token goes (RFC 8705), and a call
// without the token may go anywhere else, where it shows none.
func (o *sendFlags) shownTo(p *profile.Profile, u *url.URL) (*profile.Profile, error) {
	if !o.noAuth || p.TLS.CertFile == "" {
		return p, nil
	}
	if u != nil {
		known, err := origins(p)
		if err != nil {
			return nil, err
		}
		if to, err := httpx.OriginOf(u); err == nil && known.Contains(to) {
			return p, nil
		}
	}
	bare := *p
	bare.TLS.CertFile, bare.TLS.KeyFile = "", ""
	return &bare, nil
}

// transport connects to the API.
func (g *globals) transport(p *profile.Profile, o *wayFlags, limit time.Duration) (*http.Transport, error) {
	t, err := g.app.Transport(o.over(p, limit))
	if err != nil {
		return nil, o.blame(err)
	}
	if o.insecure {
		g.app.warn("--insecure: the server's certificate is not checked")
	}
	if o.http1 {
		httpx.OnlyHTTP1(t)
	}
	return t, nil
}

// callClient is the way to the profile's API.
func (g *globals) callClient(ctx context.Context, p *profile.Profile, opts Options, o *callOptions) (*call.Client, error) {
	limit, err := seconds(o.way.maxTime)
	if err != nil {
		return nil, err
	}
	client := &call.Client{ReauthStatuses: p.ReauthStatuses, UserAgent: "authctl/" + g.app.Version, Bound: p.DPoP.On}
	if err := o.again.into(client); err != nil {
		return nil, err
	}
	if client.ConnectTimeout, err = duration("connect-timeout", o.way.connectTimeout); err != nil {
		return nil, err
	}
	if client.Transport, err = g.transport(p, &o.way, limit); err != nil {
		return nil, err
	}
	if client.ConnectTimeout > 0 {
		httpx.ConnectWithin(client.Transport, client.ConnectTimeout)
	}
	if opts.Trace != nil {
		client.Trace = g.app.lineErr
	}
	if g.verbose > 1 {
		client.Details = g.app.lineErr
	}
	if o.send.noAuth {
		return client, nil
	}
	if client.Origins, err = origins(p); err != nil {
		return nil, err
	}
	if limit > 0 {
		c := *p
		c.Timeout = limit
		p = &c
	}
	client.Source = &sessionTokens{app: g.app, profile: p, options: opts, origins: client.Origins}
	client.Headers, err = g.profileHeaders(ctx, p, opts)
	return client, err
}

// profileHeaders resolves the headers that go where the token goes.
func (g *globals) profileHeaders(ctx context.Context, p *profile.Profile, opts Options) ([]call.Header, error) {
	var headers []call.Header
	for i, h := range p.Headers {
		value, err := g.app.Resolve(ctx, p, h.Value, "headers["+strconv.Itoa(i)+"]", opts)
		if err != nil {
			return nil, err
		}
		headers = append(headers, call.Header{Name: h.Name, Value: value})
	}
	return headers, nil
}

// origins is where the profile's token may go.
func origins(p *profile.Profile) (httpx.Origins, error) {
	var list httpx.Origins
	for _, raw := range append([]string{p.BaseURL}, p.AllowedOrigins...) {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil {
			return nil, fault.New(fault.Config, "config.url", "base_url or allowed_origins holds no URL")
		}
		origin, err := httpx.OriginOf(u)
		if err != nil {
			return nil, err
		}
		list = append(list, origin)
	}
	return list, nil
}

// seconds reads --max-time.
func seconds(text string) (time.Duration, error) { return duration("max-time", text) }

// duration reads what curl's flags take for a time, seconds with a fraction, or a Go duration. As with curl, 0 is no
// limit.
func duration(flag, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if n, numErr := strconv.ParseFloat(text, 64); numErr == nil && n < 1e9 {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return 0, usage("--%s is a number of seconds or a duration", flag).Hint("--%s 30", flag)
	}
	return d, nil
}
