package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rig is a sandbox with a client that trusts it, and a clock that a test can move.
type rig struct {
	*Sandbox

	client *http.Client
	env    map[string]string
	ahead  atomic.Int64
	mu     sync.Mutex
	log    strings.Builder
}

func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	s, err := Start(t.Context(), t.TempDir(), Options{
		Clock: func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) },
		Slow:  300 * time.Millisecond,
		Log: func(format string, args ...any) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.log.WriteString(strings.TrimSpace(fmt.Sprintf(format, args...)) + "\n")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Sandbox, r.client, r.env = s, trusting(t, s.CAPath()), readEnv(t, s.EnvPath())
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
}

func readEnv(t *testing.T, file string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			env[strings.TrimPrefix(name, "SANDBOX_")] = strings.Trim(value, "'")
		}
	}
	return env
}

// answer is a reply, read.
type answer struct {
	*http.Response

	body string
	err  error // of reading the body
}

// do sends a request; headers are names and values in turn.
func (r *rig) do(t *testing.T, method, target, body string, pairs ...string) answer {
	t.Helper()
	a, err := r.try(t, method, target, body, pairs...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

func (r *rig) try(t *testing.T, method, target, body string, pairs ...string) (answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		req.Header.Add(pairs[i], pairs[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	return answer{Response: res, body: string(read), err: err}, nil
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%v in %q", err, a.body)
	}
	return m
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// form encodes names and values in turn.
func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// muleToken is a token for the echo API.
func (r *rig) muleToken(t *testing.T) string {
	t.Helper()
	a := r.do(t, "POST", r.URL("mulesoft")+"/as/token.oauth2",
		form("grant_type", "client_credentials", "client_id", pingClient, "client_secret", r.env["MULESOFT_SECRET"]),
		"Content-Type", formType)
	return a.json(t)["access_token"].(string)
}
