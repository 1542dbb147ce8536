package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"sync"

	"github.com/authctl/authctl/internal/fault"
)

// trust says how servers are verified and what certificate is shown to them.
type trust struct {
	base   *tls.Config
	own    *x509.CertPool // the certificates of CAFile; nil where there is none
	pem    []byte         // the same as text
	system func() (*x509.CertPool, error)
}

func newTrust(cfg Config) (*trust, error) {
	version, err := minVersion(cfg.MinVersion)
	if err != nil {
		return nil, err
	}
	t := &trust{system: sync.OnceValues(x509.SystemCertPool), base: &tls.Config{
		MinVersion:         version,
		CipherSuites:       cipherSuites(),
		ServerName:         cfg.ServerName,
		NextProtos:         []string{"h2", "http/1.1"},
		InsecureSkipVerify: cfg.InsecureSkipVerify, // the profile says so, loudly, on every run
	}}
	if err := t.readPool(cfg.CAFile); err != nil {
		return nil, err
	}
	pairs, err := readCertificate(cfg.CertFile, cfg.KeyFile)
	if len(pairs) > 0 {
		// A server lists the authorities that it knows, and a self-signed certificate (RFC 8705 section 2.2) is by none of
		// them: the one that the user chose is shown all the same, as other clients do.
		t.base.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pairs[0], nil }
	}
	return t, err
}

func minVersion(text string) (uint16, error) {
	switch text {
	case "", "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fault.New(fault.Config, "config.tls", "tls.min_version is neither 1.2 nor 1.3")
}

// cipherSuites lists all that Go holds secure. An explicit list is what keeps GODEBUG=tlsrsakex=1 and its kind in the
// user's environment from adding others.
func cipherSuites() []uint16 {
	var ids []uint16
	for _, suite := range tls.CipherSuites() {
		ids = append(ids, suite.ID)
	}
	return ids
}

func (t *trust) readPool(file string) error {
	if file == "" {
		return nil
	}
	var err error
	if t.pem, err = os.ReadFile(file); err != nil {
		return fault.New(fault.Config, "config.tls", "tls.ca_file: %w", err)
	}
	t.own = x509.NewCertPool()
	if !t.own.AppendCertsFromPEM(t.pem) {
		return fault.New(fault.Config, "config.tls", "tls.ca_file: %s holds no certificate in PEM form", file).
			Hint("convert it: openssl x509 -inform der -in %s -out ca.pem", file)
	}
	return nil
}

func readCertificate(certFile, keyFile string) ([]tls.Certificate, error) {
	switch {
	case certFile == "" && keyFile == "":
		return nil, nil
	case certFile == "":
		return nil, fault.New(fault.Config, "config.tls", "tls.key_file stands without tls.cert_file")
	case keyFile == "":
		keyFile = certFile
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fault.New(fault.Config, "config.tls", "tls.cert_file %s and its key: %w", certFile, err).
			Hint("tls.cert_file and tls.key_file must be a certificate in PEM form and its own unencrypted key")
	}
	return []tls.Certificate{pair}, nil
}

// tunnelled is the configuration for servers behind a proxy, where the transport makes the handshake itself and takes
// one pool. Without a proxy it is never used, and the system's roots need not be read for it.
func (t *trust) tunnelled(used bool) (*tls.Config, error) {
	cfg := t.base.Clone()
	if t.own == nil || !used {
		cfg.RootCAs = t.own
		return cfg, nil
	}
	pool, err := t.system()
	if err != nil {
		return nil, fault.New(fault.Config, "config.tls", "the system's certificates: %w", err)
	}
	cfg.RootCAs = pool.Clone()
	cfg.RootCAs.AppendCertsFromPEM(t.pem)
	return cfg, nil
}

// direct is the configuration for a server that is reached without a proxy. With a CAFile the server is verified here,
// against those certificates first: to read the system's takes longer than the whole request. Nothing else differs
// from what crypto/tls does.
func (t *trust) direct(host string) *tls.Config {
	cfg := t.base.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if t.own == nil || cfg.InsecureSkipVerify {
		return cfg
	}
	name := cfg.ServerName // not the state's ServerName, which is empty for an IP address
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(state tls.ConnectionState) error { return t.verify(state, name) }
	return cfg
}

func (t *trust) verify(state tls.ConnectionState, name string) error {
	if len(state.PeerCertificates) == 0 || name == "" {
		return errors.New("tls: the server shows no certificate")
	}
	opts := x509.VerifyOptions{Roots: t.own, DNSName: name, Intermediates: x509.NewCertPool()}
	for _, cert := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(opts)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		system, failed := t.system()
		if failed == nil {
			opts.Roots = system
			_, err = state.PeerCertificates[0].Verify(opts)
		}
	}
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}
