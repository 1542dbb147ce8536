package httpx

import (
	"net/http"
	"time"
)

// Times and sizes of a transport. No request waits for ever in any phase.
const (
	defaultConnect   = 10 * time.Second
	defaultHandshake = 10 * time.Second
	defaultHeader    = 60 * time.Second
	maxHeaderBytes   = 256 << 10
	// The windows let HTTP/2 fill a fast line: with Go's defaults a download takes a third longer than with curl.
	windowBytes = 8 << 20
	frameBytes  = 1 << 20
)

// Config is what a profile says about the way to its servers. The zero Config is the system's roots, the
// environment's proxy if Getenv is set, and the default times.
type Config struct {
	CAFile            string // PEM; its certificates are trusted beside the system's
	CertFile, KeyFile string // PEM; a KeyFile left out is CertFile
	ServerName        string // verified in place of the URL's host
	MinVersion        string // "1.2" (also where empty) or "1.3"

	// InsecureSkipVerify accepts any certificate. Whoever sets it warns.
	InsecureSkipVerify bool

	// Proxy is a URL, "none", or empty for what Getenv says in HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower
	// case. A loopback server is never asked through a proxy.
	Proxy  string
	Getenv func(name string) string

	ConnectTimeout time.Duration // 0: 10 s
	HeaderTimeout  time.Duration // from the request's end to the answer's headers; 0: 60 s
}

// NewTransport makes a transport that verifies servers as cfg says, speaks TLS 1.2 or 1.3 with an explicit list of
// cipher suites (the environment can weaken the standard list), honours no SSLKEYLOGFILE, never asks for compression,
// and bounds each phase. It reads the files of cfg, and what is wrong with them is a configuration fault; the
// system's roots are read when the first server needs them.
func NewTransport(cfg Config) (*http.Transport, error) {
	proxy, err := newProxy(cfg)
	if err != nil {
		return nil, err
	}
	trust, err := newTrust(cfg)
	if err != nil {
		return nil, err
	}
	d := &dialer{connect: orDefault(cfg.ConnectTimeout, defaultConnect), trust: trust}
	t := &http.Transport{
		Proxy:                  proxy.forRequest,
		DialContext:            d.plain,
		DialTLSContext:         d.secure,
		TLSHandshakeTimeout:    defaultHandshake,
		ResponseHeaderTimeout:  orDefault(cfg.HeaderTimeout, defaultHeader),
		MaxResponseHeaderBytes: maxHeaderBytes,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		OnProxyConnectResponse: refusedTunnel,
		ProxyConnectHeader:     http.Header{"User-Agent": {""}}, // none: else net/http names itself to the proxy
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerConnection: windowBytes,
			MaxReceiveBufferPerStream:     windowBytes,
			MaxReadFrameSize:              frameBytes,
		},
	}
	d.owner = t
	if t.TLSClientConfig, err = trust.tunnelled(proxy.configured()); err != nil {
		return nil, err
	}
	return t, nil
}

// TokenClient is a client that follows nothing: a redirect is the answer. A token request that followed one would
// post its secret again, to whom the server likes.
func TokenClient(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
