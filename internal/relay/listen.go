package relay

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Door is what a relay listens to.
type Door struct {
	net.Listener
	url   string   // without a slash at its end
	hosts []string // Host headers that mean this door; nil: any does
}

// Listen opens a loopback port ("127.0.0.1:8080", "[::1]:0", "localhost:8080", "8080") or a unix socket ("unix:PATH")
// that its user alone may connect to. Every other address is refused.
func Listen(ctx context.Context, address string) (*Door, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(ctx, path)
	}
	addr, err := parseLoopback(address)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr.String())
	if err != nil {
		return nil, fault.New(fault.IO, "io.listen", "%w", err).Doing("listening on %s", addr).
			Hint("--listen 127.0.0.1:0 takes a port that is free")
	}
	bound := l.Addr().(*net.TCPAddr).AddrPort() //nolint:errcheck,forcetypeassert // the address of a TCP listener
	return &Door{Listener: l, url: "http://" + bound.String(), hosts: hostsOf(bound)}, nil
}

// URL is the base URL for clients. That of a unix socket goes together with the socket's path, as in
// `curl --unix-socket PATH URL`.
func (d *Door) URL(s secret.String) string {
	if s.IsZero() {
		return d.url + "/"
	}
	return d.url + "/" + s.Reveal() + "/"
}

// Shared reports whether other users of the machine can connect.
func (d *Door) Shared() bool { return d.hosts != nil }

// parseLoopback takes addresses of the loopback network alone. A name would be whatever a resolver makes of it, and
// localhost stands for 127.0.0.1 here: of a client that tries ::1 first, another program could take the requests.
func parseLoopback(address string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil && address != "" && strings.Trim(address, "0123456789") == "" {
		host, port, err = "127.0.0.1", address, nil
	}
	number, numErr := strconv.ParseUint(port, 10, 16)
	if err != nil || numErr != nil {
		return netip.AddrPort{}, fault.New(fault.Usage, "usage.listen", "%q is no address to listen on", address).
			Hint("--listen 127.0.0.1:8080, --listen [::1]:8080 or --listen unix:PATH")
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.IsLoopback() || addr.Is4In6() || addr.Zone() != "" {
		return netip.AddrPort{}, fault.New(fault.Policy, "policy.listen",
			"%q is not of this machine alone: who reaches the proxy uses the token", address).
			Hint("--listen 127.0.0.1:%s, or --listen unix:PATH to share it with containers", port)
	}
	return netip.AddrPortFrom(addr, uint16(number)), nil
}

// hostsOf lists the Host headers of clients that were told to go here. A page of another site that had its name
// resolved to this machine (DNS rebinding) sends its own.
func hostsOf(bound netip.AddrPort) []string {
	var hosts []string
	port := strconv.Itoa(int(bound.Port()))
	for _, name := range []string{bound.Addr().String(), "127.0.0.1", "localhost", "::1"} {
		hosts = append(hosts, net.JoinHostPort(name, port))
		if port == "80" {
			hosts = append(hosts, strings.TrimSuffix(net.JoinHostPort(name, ""), ":"))
		}
	}
	return hosts
}

// unixDoor completes a listener on a socket. Who may connect is the file system's to say, so that any Host will do.
func unixDoor(l net.Listener) *Door { return &Door{Listener: l, url: "http://localhost"} }

func socketFault(path, format string, args ...any) *fault.Error {
	return fault.New(fault.IO, "io.listen", format, args...).Doing("listening on unix:%s", filepath.Clean(path))
}
