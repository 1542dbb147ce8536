package main

import (
	"errors"
	"net/http"
	"testing"

	"github.com/authctl/authctl/internal/profile"
)

var errShown, errBare = errors.New("shown"), errors.New("bare")

// answering is a way whose only answer is an error of its own.
type answering struct{ err error }

func (a answering) RoundTrip(*http.Request) (*http.Response, error) { return nil, a.err }

func TestTheClientsCertificateIsShownToItsServersAlone(t *testing.T) {
	p := &profile.Profile{
		TokenURL: "https://as.example.com/token", BaseURL: "https://api.example.com/v1", AllowedOrigins: []string{"https://more.example.com:8443"},
		Own: profile.Values{"issuer": "https://issuer.example.com/realm"},
	}
	k := known{shown: answering{errShown}, bare: answering{errBare}, named: named(p)}
	for _, c := range []struct {
		method, address, authorization string
		want                           error
	}{
		{"POST", "https://mtls.as.example.com/token", "", errShown},
		{"GET", "https://mtls.as.example.com/userinfo", "Bearer x", errShown},
		{"GET", "https://as.example.com/keys", "", errShown},
		{"GET", "https://issuer.example.com/realm/.well-known/openid-configuration", "", errShown},
		{"GET", "https://api.example.com/api/cloud/discovery", "", errShown},
		{"GET", "https://more.example.com:8443/", "", errShown},
		{"GET", "https://more.example.com/", "", errBare},
		{"GET", "https://cdn.example.com/keys", "", errBare},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if c.authorization != "" {
			req.Header.Set("Authorization", c.authorization)
		}
		resp, err := k.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s %s: %v, want %v", c.method, c.address, err, c.want)
		}
	}
}
