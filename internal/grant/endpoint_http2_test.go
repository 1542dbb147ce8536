package grant_test

import (
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

func TestARefusedTokenRequestIsNotSentAgain(t *testing.T) {
	// Each promises that nothing was processed, which the transport takes for leave to send it again.
	for name, refuse := range map[string]func(*http2.Framer, uint32) bool{
		"refused": func(f *http2.Framer, stream uint32) bool {
			return f.WriteRSTStream(stream, http2.ErrCodeRefusedStream) == nil
		},
		"goodbye": func(f *http2.Framer, _ uint32) bool {
			_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
			return false
		},
	} {
		url, requests := authtest.HTTP2(t, refuse)
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
