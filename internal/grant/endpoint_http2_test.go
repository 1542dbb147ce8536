package grant_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// unwilling is an HTTP/2 server that answers each request with what promises that it was not processed, which the
// transport takes for leave to send it again.
func unwilling(t *testing.T, refuse func(f *http2.Framer, stream uint32) error) (url string, requests *atomic.Int32) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{NextProtos: []string{"h2"}}
	requests = new(atomic.Int32)
	s.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) {
			defer conn.Close()
			_, _ = io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
			f := http2.NewFramer(conn, conn)
			_ = f.WriteSettings()
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				if frame.Header().Flags.Has(http2.FlagDataEndStream) && frame.Header().StreamID != 0 {
					requests.Add(1)
					if refuse(f, frame.Header().StreamID) != nil {
						return
					}
				}
			}
		},
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestARefusedTokenRequestIsNotSentAgain(t *testing.T) {
	for name, refuse := range map[string]func(*http2.Framer, uint32) error{
		"refused": func(f *http2.Framer, stream uint32) error {
			return f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		},
		"goodbye": func(f *http2.Framer, _ uint32) error {
			_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
			return io.EOF
		},
	} {
		url, requests := unwilling(t, refuse)
		transport, err := httpx.NewTransport(httpx.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		e := &grant.Endpoint{
			Client: httpx.TokenClient(transport), Mask: secret.NewMask(), Clock: time.Now, UserAgent: "test", Timeout: 3 * time.Second,
		}
		_, err = e.Token(t.Context(), grant.Request{
			URL: url, Auth: grant.None("c"), Fields: []grant.Field{grant.Hidden("password", secret.New("hunter22"))},
		})
		if f := fault.From(err); f.Code != httpx.CodeRefused || requests.Load() != 1 {
			t.Errorf("%s: a token request: %v (%s) after %d requests", name, err, f.Code, requests.Load())
		}
		requests.Store(0)
		_, err = e.Fetch(t.Context(), url, nil)
		if f := fault.From(err); f.Code != httpx.CodeRefused || requests.Load() != 1 {
			t.Errorf("%s: a document: %v (%s) after %d requests", name, err, f.Code, requests.Load())
		}
		transport.CloseIdleConnections()
	}
}
