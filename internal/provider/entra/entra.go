// Package entra knows Microsoft Entra ID: version 2.0 of its token endpoint, for applications that act on their own
// behalf with a client secret. Everything else that Entra can do is not supported yet.
package entra

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

const publicAuthority = "https://login.microsoftonline.com"

// Provider is the provider's one value.
func Provider() provider.Provider {
	return provider.Provider{
		Name: "entra", Summary: "Microsoft Entra ID",
		Keys: []profile.Key{
			{Name: "tenant", Type: profile.Text},
			{Name: "authority", Type: profile.URL},
			{Name: "cloud", Type: profile.Text, Later: true},
			{Name: "certificate", Type: profile.Text, Later: true},
			{Name: "federated_token_file", Type: profile.Path, Later: true},
			{Name: "managed_identity", Type: profile.Text, Later: true},
			{Name: "cae", Type: profile.Text, Later: true},
		},
		Complete: complete,
		New: func(p *profile.Profile, ports provider.Ports) (*provider.Source, error) {
			config := provider.Config(p, ports)
			config.Header = requestID
			s := provider.NewSource(p, ports, config)
			s.Grant = provider.WithHints(s.Grant, func(e *fault.Error) { hint(e, p) })
			return s, nil
		},
	}
}

func complete(p *profile.Profile) error {
	tenant := p.Own.Text("tenant")
	if err := checkTenant(tenant); err != nil {
		return err
	}
	tokenURL := authority(p) + "/" + tenant + "/oauth2/v2.0/token"
	if p.TokenURL != "" && p.TokenURL != tokenURL {
		return &profile.KeyError{Key: "token_url", Reason: "is made of authority and tenant by provider entra", Hint: "remove the line"}
	}
	p.TokenURL = tokenURL
	err := provider.Rules{
		Provider:      "entra",
		Grants:        []string{provider.ClientCredentials},
		ClientAuth:    []string{provider.SecretPost, provider.SecretBasic},
		BasicEncoding: "form",
		DefaultTTL:    time.Hour,
		Unused:        []string{"audience", "resources"},
	}.Complete(p)
	if err != nil {
		return err
	}
	return checkScopes(p.Scopes)
}

func authority(p *profile.Profile) string {
	if a := p.Own.Text("authority"); a != "" {
		return strings.TrimRight(a, "/")
	}
	return publicAuthority
}

// checkTenant keeps anything but a GUID or a domain out of the URL's path.
func checkTenant(tenant string) error {
	refuse := func(reason string) error {
		return &profile.KeyError{Key: "tenant", Reason: reason, Hint: "the directory's GUID or domain: tenant: contoso.onmicrosoft.com"}
	}
	switch strings.ToLower(tenant) {
	case "":
		return refuse("is required")
	case "common", "organizations", "consumers":
		return refuse("an app-only token is of one tenant")
	}
	for label := range strings.SplitSeq(tenant, ".") {
		if label == "" || strings.ContainsFunc(label, notInLabel) {
			return refuse("is neither a GUID nor a domain")
		}
	}
	return nil
}

func notInLabel(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-'
}

// checkScopes holds what an app-only request may ask for: all that the application was granted at one API.
func checkScopes(scopes []string) error {
	refuse := func(reason string) error {
		return &profile.KeyError{Key: "scopes", Reason: reason, Hint: "scopes: [https://graph.microsoft.com/.default]"}
	}
	if len(scopes) == 0 {
		return refuse("is required")
	}
	for _, scope := range scopes {
		switch lower := strings.ToLower(scope); {
		case !strings.HasSuffix(lower, "/.default"):
			return refuse("must end in /.default for an app-only token")
		case strings.Contains(lower, "%3a"), strings.Contains(lower, "%2f"):
			return refuse("is percent-encoded already; write it plainly")
		}
	}
	if len(scopes) > 1 {
		return refuse("an app-only token is for one API")
	}
	return nil
}

// requestID lets Microsoft's support find the request by the id that its error messages repeat.
func requestID() http.Header {
	var b [16]byte
	_, _ = rand.Read(b[:])                      // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562 section 5.4
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	return http.Header{"Client-Request-Id": {id}}
}
