package entra_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
)

// onMachine is a profile of a managed identity.
func onMachine(identity any) profile.Profile {
	return profile.Profile{Scopes: []string{"https://vault.azure.net/.default"}, Own: profile.Values{"managed_identity": identity}}
}

func machine(t *testing.T, p profile.Profile, client *http.Client, pairs ...string) (*provider.Source, *[]string) {
	t.Helper()
	ports := providertest.Ports(client)
	ports.Direct, ports.Endpoint = ports.Endpoint, nil // whatever goes elsewhere breaks the test
	var told []string
	ports.Note = func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }
	return providertest.Source(t, entra.Provider(variables(pairs...)), p, ports), &told
}

const machineToken = `{"access_token":"tok","refresh_token":"","expires_in":"3599","expires_on":"9999999999","not_before":"1","resource":"https://vault.azure.net","token_type":"Bearer"}`

func TestEachPlatformIsAskedAsItWants(t *testing.T) {
	for name, c := range map[string]struct {
		identity any
		env      []string // URL stands for the server's
		target   string
		header   [2]string
	}{
		"IMDS": {
			"system",
			[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "URL/"},
			"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net",
			[2]string{"Metadata", "true"},
		},
		"IMDS, client": {
			profile.Values{"client_id": "c-1"},
			[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "URL"},
			"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=c-1",
			[2]string{"Metadata", "true"},
		},
		"IMDS, object": {
			profile.Values{"object_id": "o 1"},
			[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "URL"},
			"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&object_id=o+1",
			[2]string{"Metadata", "true"},
		},
		"IMDS, resource": {
			profile.Values{"resource_id": "/subscriptions/1"},
			[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "URL"},
			"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&msi_res_id=%2Fsubscriptions%2F1",
			[2]string{"Metadata", "true"},
		},
		"App Service": {
			"system",
			[]string{"IDENTITY_ENDPOINT", "URL/msi/token", "IDENTITY_HEADER", "h3ader-secret", "IMDS_ENDPOINT", "URL"},
			"/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net",
			[2]string{"X-Identity-Header", "h3ader-secret"},
		},
		"App Service, resource": {
			profile.Values{"resource_id": "/subscriptions/1"},
			[]string{"IDENTITY_ENDPOINT", "URL/msi/token", "IDENTITY_HEADER", "h3ader-secret"},
			"/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net&mi_res_id=%2Fsubscriptions%2F1",
			[2]string{"X-Identity-Header", "h3ader-secret"},
		},
		"Azure Arc": {
			"system",
			[]string{"IDENTITY_ENDPOINT", "URL/metadata/identity/oauth2/token", "IMDS_ENDPOINT", "URL"},
			"/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https%3A%2F%2Fvault.azure.net",
			[2]string{"Metadata", "true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, machineToken))
			for i := range c.env {
				c.env[i] = strings.Replace(c.env[i], "URL", s.URL, 1)
			}
			source, _ := machine(t, onMachine(c.identity), s.Client(), c.env...)
			token, err := source.Grant.Token(t.Context(), grant.Ask{Claims: `{"access_token":{}}`})
			if err != nil || token.AccessToken.Reveal() != "tok" || token.Lifetime() != 3599*time.Second || !token.RefreshToken.IsZero() {
				t.Fatalf("%+v %v", token, err)
			}
			r := s.Requests()[0]
			if s.Count() != 1 || r.Method != "GET" || r.Target != c.target || r.Body != "" {
				t.Errorf("%d requests, %s\nwant %s", s.Count(), r.Raw, c.target)
			}
			for _, header := range []string{"Metadata", "X-Identity-Header", "Authorization"} {
				want := ""
				if header == c.header[0] {
					want = c.header[1]
				}
				if got := r.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestTheLifeOfAMachinesTokenMayBeAnInstant(t *testing.T) {
	in := time.Now().Add(30 * time.Minute)
	for name, c := range map[string]struct {
		members string
		want    time.Duration
	}{
		"string":           {fmt.Sprintf(`"expires_on":"%d"`, in.Unix()), 30 * time.Minute},
		"number":           {fmt.Sprintf(`"expires_on":%d`, in.Unix()), 30 * time.Minute},
		"American":         {`"expires_on":"` + in.UTC().Format("01/02/2006 15:04:05 -07:00") + `"`, 30 * time.Minute},
		"American, bare":   {`"expires_on":"` + in.UTC().Format("01/02/2006 15:04:05") + `"`, 30 * time.Minute},
		"date":             {`"expires_on":"` + in.UTC().Format("2006-01-02 15:04:05") + `"`, 30 * time.Minute},
		"RFC 3339":         {`"expires_on":"` + in.Format(time.RFC3339) + `"`, 30 * time.Minute},
		"both":             {fmt.Sprintf(`"expires_in":"60","expires_on":"%d"`, in.Unix()), time.Minute},
		"empty life":       {fmt.Sprintf(`"expires_in":"","expires_on":"%d"`, in.Unix()), 30 * time.Minute},
		"past":             {`"expires_on":"1000000000"`, 0},
		"milliseconds":     {fmt.Sprintf(`"expires_on":"%d"`, in.UnixMilli()), time.Hour},
		"negative":         {`"expires_on":-5`, 0},
		"noise":            {`"expires_on":"soon"`, time.Hour},
		"object":           {`"expires_on":{}`, time.Hour},
		"none":             {`"resource":"r"`, time.Hour},
		"null":             {`"expires_on":null`, time.Hour},
		"in the year 5000": {`"expires_on":"95617584000"`, 24 * time.Hour},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"tok","token_type":"Bearer",`+c.members+`}`))
		source, _ := machine(t, onMachine("system"), s.Client(), "AZURE_POD_IDENTITY_AUTHORITY_HOST", s.URL)
		token, err := source.Grant.Token(t.Context(), grant.Ask{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if off := token.Lifetime() - c.want; off > 2*time.Second || off < -2*time.Second {
			t.Errorf("%s: %s, want %s", name, token.Lifetime(), c.want)
		}
	}
}

// script answers one request after the other, within the bubble of a test's clock.
type script struct {
	replies []string // "STATUS body" or "STATUS body|Header: value"
	asked   int
	urls    []string
	forms   []url.Values // of the bodies
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	reply := s.replies[min(s.asked, len(s.replies)-1)]
	s.asked++
	s.urls = append(s.urls, r.URL.String())
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		s.forms = append(s.forms, form)
	}
	reply, header, _ := strings.Cut(reply, "|")
	status, body, _ := strings.Cut(reply, " ")
	res := &http.Response{Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	if _, err := fmt.Sscan(status, &res.StatusCode); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		res.Header.Set(name, value)
	}
	return res, nil
}

func TestAServiceThatIsNotReadyIsAskedAgainForAWhile(t *testing.T) {
	const gone, busy = `{"error":"gone"}`, `{"error":"busy"}`
	arc := []string{"IDENTITY_ENDPOINT", "http://localhost:1/t", "IMDS_ENDPOINT", "http://localhost:1"}
	app := []string{"IDENTITY_ENDPOINT", "http://169.254.129.2:8081/msi/token", "IDENTITY_HEADER", "h"}
	for name, c := range map[string]struct {
		env     []string
		replies []string
		asked   int
		waited  time.Duration
		kind    fault.Kind // Internal: a token
	}{
		"at once":                 {nil, []string{"200 " + machineToken}, 1, 0, 0},
		"404 twice":               {nil, []string{"404 " + gone, "404 " + gone, "200 " + machineToken}, 3, 3 * time.Second, 0},
		"404 for ever":            {nil, []string{"404 " + gone}, 5, 15 * time.Second, fault.Auth},
		"410 for a minute":        {nil, []string{"410 ", "410 ", "410 ", "410 ", "410 ", "410 ", "200 " + machineToken}, 7, 63 * time.Second, 0},
		"410 for ever":            {nil, []string{"410 "}, 7, 63 * time.Second, fault.Auth},
		"429 with a pause":        {nil, []string{"429 " + busy + "|Retry-After: 7", "200 " + machineToken}, 2, 7 * time.Second, 0},
		"429 with a long pause":   {nil, []string{"429 " + busy + "|Retry-After: 600"}, 1, 0, fault.Network},
		"500 for ever":            {nil, []string{"500 "}, 5, 15 * time.Second, fault.Network},
		"400":                     {nil, []string{`400 {"error":"invalid_request","error_description":"Identity not found"}`}, 1, 0, fault.Auth},
		"403":                     {nil, []string{"403 "}, 1, 0, fault.Auth},
		"a redirect":              {nil, []string{"302 |Location: http://169.254.169.254/elsewhere"}, 1, 0, fault.Policy},
		"not reachable":           {nil, []string{"down"}, 1, 0, fault.Network},
		"a page":                  {nil, []string{"200 <html>"}, 1, 0, fault.Protocol},
		"App Service, 404":        {app, []string{"404 "}, 1, 0, fault.Auth},
		"App Service, 503 once":   {app, []string{"503 ", "200 " + machineToken}, 2, time.Second, 0},
		"Azure Arc, 500 for ever": {arc, []string{"500 "}, 5, 15 * time.Second, fault.Network},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := &script{replies: c.replies}
				client := &http.Client{Transport: answers, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
				source, told := machine(t, onMachine("system"), client, c.env...)
				began := time.Now()
				_, err := source.Grant.Token(t.Context(), grant.Ask{})
				if answers.asked != c.asked || time.Since(began) != c.waited {
					t.Errorf("%d requests in %s, want %d in %s", answers.asked, time.Since(began), c.asked, c.waited)
				}
				if (err == nil) != (c.kind == 0) || err != nil && fault.From(err).Kind != c.kind {
					t.Errorf("%v", err)
				}
				if err != nil && strings.Contains(fault.From(err).HintText(), "_url") { // a managed identity has no such key
					t.Errorf("hint %q", fault.From(err).HintText())
				}
				if len(*told) != c.asked { // which platform, then each wait
					t.Errorf("told %q", *told)
				}
			})
		})
	}
}

func TestACancelledWaitEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := &script{replies: []string{"410 "}}
		source, _ := machine(t, onMachine("system"), &http.Client{Transport: answers})
		ctx, cancel := contextFor(t, 500*time.Millisecond)
		defer cancel()
		_, err := source.Grant.Token(ctx, grant.Ask{})
		if fault.From(err).Kind != fault.Timeout || answers.asked != 1 {
			t.Errorf("%v after %d requests", err, answers.asked)
		}
	})
}

func TestOnlyTheMachineItselfIsAskedOverPlainHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		env []string
		ok  bool
	}{
		"IMDS":                  {nil, true},
		"link-local":            {[]string{"IDENTITY_ENDPOINT", "http://169.254.129.2:8081/msi/token", "IDENTITY_HEADER", "h"}, true},
		"Azure Arc, LOCALHOST":  {[]string{"IDENTITY_ENDPOINT", "http://LOCALHOST:40342/t", "IMDS_ENDPOINT", "x"}, true},
		"localhost":             {[]string{"IDENTITY_ENDPOINT", "http://localhost:42356/msi/token", "IDENTITY_HEADER", "h"}, true},
		"https elsewhere":       {[]string{"IDENTITY_ENDPOINT", "https://10.0.0.1:2377/token", "IDENTITY_HEADER", "h"}, true},
		"a private network":     {[]string{"IDENTITY_ENDPOINT", "http://10.0.0.1/msi/token", "IDENTITY_HEADER", "h"}, false},
		"a name":                {[]string{"IDENTITY_ENDPOINT", "http://metadata.example.com/msi/token", "IDENTITY_HEADER", "h"}, false},
		"almost link-local":     {[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://169.254.169.254.example.com"}, false},
		"mapped":                {[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://[::ffff:169.254.169.254]"}, false},
		"a user":                {[]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://a:b@169.254.169.254"}, false},
		"a query":               {[]string{"IDENTITY_ENDPOINT", "http://localhost/t?resource=x", "IDENTITY_HEADER", "h"}, false},
		"another scheme":        {[]string{"IDENTITY_ENDPOINT", "file:///etc/passwd", "IDENTITY_HEADER", "h"}, false},
		"no header's value":     {[]string{"IDENTITY_ENDPOINT", "http://localhost/t", "IDENTITY_HEADER", "a\nb"}, false},
		"no address":            {[]string{"IDENTITY_ENDPOINT", "%", "IDENTITY_HEADER", "h"}, false},
		"Azure Arc, elsewhere":  {[]string{"IDENTITY_ENDPOINT", "https://agent.example.com/t", "IMDS_ENDPOINT", "x"}, false},
		"Azure Arc, link-local": {[]string{"IDENTITY_ENDPOINT", "http://169.254.1.1/t", "IMDS_ENDPOINT", "x"}, false},
	} {
		answers := &script{replies: []string{"200 " + machineToken}}
		source, _ := machine(t, onMachine("system"), &http.Client{Transport: answers}, c.env...)
		_, err := source.Grant.Token(t.Context(), grant.Ask{})
		if c.ok != (err == nil) || c.ok != (answers.asked == 1) {
			t.Errorf("%s: %v, %d requests", name, err, answers.asked)
		}
		if kind := fault.From(errors.Join(err, nil)).Kind; !c.ok && kind != fault.Config && kind != fault.Policy {
			t.Errorf("%s: %v", name, err)
		}
		if e := fault.From(errors.Join(err, nil)); e.Code == "config.platform" && e.HintText() != "check "+c.env[0]+", which this machine sets" {
			t.Errorf("%s: hint %q", name, e.HintText())
		}
	}
}

func TestAProfileOfAMachineHasNoClient(t *testing.T) {
	p := providertest.Complete(t, entra.Provider(variables("AZURE_CLIENT_ID", "other", "AZURE_TENANT_ID", "t", "AZURE_FEDERATED_TOKEN_FILE", "f")), onMachine("system"))
	if p.ClientID != "" || p.TokenURL != "" || p.ClientAuth != "none" || p.Own.Has("tenant") {
		t.Errorf("%+v", p)
	}
	for name, c := range map[string]struct {
		change func(*profile.Profile)
		key    string
	}{
		"a client":      {func(p *profile.Profile) { p.ClientID = "c" }, "client_id"},
		"a secret":      {func(p *profile.Profile) { p.ClientSecret = providertest.Literal("s") }, "managed_identity"},
		"a certificate": {func(p *profile.Profile) { p.Own["certificate"] = profile.Values{"file": "c"} }, "managed_identity"},
		"a token file":  {func(p *profile.Profile) { p.Own["federated_token_file"] = "f" }, "managed_identity"},
		"a login":       {func(p *profile.Profile) { p.Grant = "device_code" }, "managed_identity"},
		"a token URL":   {func(p *profile.Profile) { p.TokenURL = "https://idp.example.com/token" }, "token_url"},
		"two identities": {func(p *profile.Profile) {
			p.Own["managed_identity"] = profile.Values{"client_id": "c", "object_id": "o"}
		}, "managed_identity"},
		"no identity":       {func(p *profile.Profile) { p.Own["managed_identity"] = profile.Values{} }, "managed_identity"},
		"an empty identity": {func(p *profile.Profile) { p.Own["managed_identity"] = profile.Values{"client_id": " "} }, "managed_identity.client_id"},
		"cae":               {func(p *profile.Profile) { p.Own["cae"] = true }, "cae"},
		"a bad tenant":      {func(p *profile.Profile) { p.Own["tenant"] = "a/b" }, "tenant"},
		"common":            {func(p *profile.Profile) { p.Own["tenant"] = "common" }, "tenant"},
		"no scope":          {func(p *profile.Profile) { p.Scopes = nil }, "scopes"},
		"a permission":      {func(p *profile.Profile) { p.Scopes = []string{"https://vault.azure.net/read"} }, "scopes"},
		"two APIs":          {func(p *profile.Profile) { p.Scopes = []string{"a/.default", "b/.default"} }, "scopes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := onMachine("system")
			c.change(&p)
			providertest.Refuses(t, entra.Provider(nil), p, c.key)
		})
	}
}

func TestTwoMachineIdentitiesNeverShareAToken(t *testing.T) {
	seen := map[string]string{}
	add := func(name string, p profile.Profile, env ...string) {
		source, _ := machine(t, p, nil, env...)
		bound, err := source.Bound(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		key := source.Identity.Key() + bound[0].Reveal()
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s are one identity", name, other)
		}
		seen[key] = name
		if source.Identity.Grant != "managed_identity" {
			t.Errorf("%s: grant %q", name, source.Identity.Grant)
		}
	}
	add("system", onMachine("system"))
	add("client", onMachine(profile.Values{"client_id": "1"}))
	add("other client", onMachine(profile.Values{"client_id": "2"}))
	add("object", onMachine(profile.Values{"object_id": "1"}))
	add("resource", onMachine(profile.Values{"resource_id": "1"}))
	add("elsewhere", onMachine("system"), "AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:2579")
	add("App Service", onMachine("system"), "IDENTITY_ENDPOINT", "http://localhost:1/t", "IDENTITY_HEADER", "one")
	add("App Service, restarted", onMachine("system"), "IDENTITY_ENDPOINT", "http://localhost:1/t", "IDENTITY_HEADER", "two")
	tenant, cloud := onMachine("system"), onMachine("system")
	tenant.Own["tenant"], cloud.Own["cloud"] = "contoso.com", "usgov"
	add("tenant", tenant)
	add("cloud", cloud)
}
