//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// nginxConfig is an upstream, and a proxy that adds the same header as authctl's.
const nginxConfig = `daemon off; master_process off; pid %[1]s/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  upstream api { server 127.0.0.1:%[2]d; keepalive 64; keepalive_requests 10000000; }
  %[3]s
}
`

const (
	nginxUpstream = `server { listen 127.0.0.1:%d; keepalive_requests 10000000;
    location / { default_type application/json; return 200 '{"things":[{"id":1,"name":"one"},{"id":2,"name":"two"}]}'; } }`
	nginxProxy = `server { listen 127.0.0.1:%d; keepalive_requests 10000000;
    location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization "Bearer 0123456789abcdef"; } }`
)

// load is what wrk says of one run.
type load struct {
	rate float64 // requests a second
	p99  time.Duration
}

// proxies compares the local proxy with nginx, in front of an nginx.
func (b *bench) proxies(ctx context.Context, t *table) error {
	if !t.has("proxy", "apt-get install -y nginx-light wrk", "nginx", "wrk") {
		return nil
	}
	var ports [2]int
	for i, server := range []string{nginxUpstream, nginxProxy} {
		var err error
		if ports[i], err = freePort(ctx); err != nil {
			return err
		}
		stop, err := b.nginx(ctx, ports, fmt.Sprintf(server, ports[i]), ports[i])
		if err != nil {
			return err
		}
		defer stop()
	}
	ours, stop, err := b.startProxy(ctx, ports[0])
	if err != nil {
		return err
	}
	defer stop()
	our, their, err := alternateLoad(ctx, ours, fmt.Sprintf("http://127.0.0.1:%d/small", ports[1]))
	if err != nil {
		return err
	}
	rate := our.rate / their.rate
	t.state("proxy, requests a second", fmt.Sprintf("%.0f, nginx %.0f: %.2f", our.rate, their.rate, rate), ">=0.50", rate >= 0.5)
	tail := float64(our.p99) / float64(their.p99)
	t.state("proxy, 99th percentile", fmt.Sprintf("%v, nginx %v: %.2f", our.p99, their.p99, tail), "<=2.00", tail <= 2)
	return nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("no TCP address")
	}
	return addr.Port, l.Close()
}

func (b *bench) nginx(ctx context.Context, ports [2]int, server string, port int) (stop func(), err error) {
	dir, err := os.MkdirTemp(b.dir, "nginx")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, ports[0], server), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "nginx", "-p", dir, "-c", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, listening(ctx, port)
}

func listening(ctx context.Context, port int) error {
	var err error
	for range 100 {
		var conn net.Conn
		if conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return conn.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// startProxy starts authctl's proxy in front of a port and gives the address to ask.
func (b *bench) startProxy(ctx context.Context, upstream int) (address string, stop func(), err error) {
	config := filepath.Join(b.dir, "proxy.yaml")
	text := fmt.Appendf(nil, "profiles:\n  - {name: plain, provider: oauth2, token_url: %q, base_url: \"http://127.0.0.1:%d\", "+
		"client_id: bench, client_secret: bench-secret, tls: {ca_file: %q}}\n", b.h1+"/token", upstream, b.h1CA)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, b.program, "proxy", "--config", config)
	cmd.Env = b.env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line) + "small", func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, err
}

// alternateLoad runs wrk against both in turn and gives the middle of each.
func alternateLoad(ctx context.Context, ours, theirs string) (our, their load, err error) {
	var sides [2][]load
	for i := range 6 {
		for side, address := range []string{ours, theirs} {
			l, err := wrk(ctx, address)
			if err != nil {
				return our, their, err
			}
			if i > 0 {
				sides[side] = append(sides[side], l)
			}
		}
	}
	return middle(sides[0]), middle(sides[1]), nil
}

func middle(loads []load) load {
	rates, tails := make([]float64, 0, len(loads)), make([]time.Duration, 0, len(loads))
	for _, l := range loads {
		rates, tails = append(rates, l.rate), append(tails, l.p99)
	}
	slices.Sort(rates)
	slices.Sort(tails)
	return load{rates[len(rates)/2], tails[len(tails)/2]}
}

var (
	wrkRate   = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	wrkP99    = regexp.MustCompile(`99%\s+([0-9.]+[a-z]+)`)
	wrkFailed = regexp.MustCompile(`(?m)^\s*(Non-2xx.*|Socket errors.*)$`)
)

func wrk(ctx context.Context, address string) (load, error) {
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c32", "-d2s", "--latency", address).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	rate, tail := wrkRate.FindSubmatch(out), wrkP99.FindSubmatch(out)
	if failed := wrkFailed.Find(out); failed != nil || rate == nil || tail == nil {
		return load{}, fmt.Errorf("wrk: %s\n%s", failed, out)
	}
	perSecond, err := strconv.ParseFloat(string(rate[1]), 64)
	if err != nil {
		return load{}, err
	}
	p99, err := time.ParseDuration(string(tail[1]))
	return load{perSecond, p99}, err
}
