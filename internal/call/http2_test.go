package call

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

func TestHTTP2CallsKeepTheSamePromises(t *testing.T) {
	var auth []string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth = append(auth, strings.Join(r.Header.Values("Authorization"), "|"))
		switch {
		case r.URL.Path == "/cut":
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case len(auth) == 1:
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.Copy(w, r.Body)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c, source := newClient(t, s.URL)
	tr, err := httpx.NewTransport(httpx.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.CloseIdleConnections()
	c.Transport = tr

	res, err := c.Do(t.Context(), &Request{Method: "PUT", URL: parse(t, s.URL+"/echo"), Body: Text("body")})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	sink, _ := Output{Stdout: &out, Include: true}.Open()
	if _, err := sink.Save(res); err != nil || len(source.claims) != 1 || strings.Join(auth, ",") != "Bearer old,Bearer new" {
		t.Fatalf("%v, %q", err, auth)
	}
	if got := out.String(); !strings.HasPrefix(got, "HTTP/2 200 \r\n") || !strings.HasSuffix(got, "\r\n\r\nbody") {
		t.Errorf("%q", got)
	}

	file := filepath.Join(t.TempDir(), "out")
	sink, err = Output{Path: file}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	if res, err = c.Do(t.Context(), &Request{URL: parse(t, s.URL+"/cut")}); err != nil {
		t.Fatal(err)
	}
	if n, err := sink.Save(res); !fault.Is(err, fault.Protocol) || n != 4 {
		t.Errorf("a body that is cut: %d, %v", n, err)
	}
	if sink.Close(); onlyFile(t, file) != "" {
		t.Error("half a body was kept")
	}
}
