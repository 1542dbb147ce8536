package entra

import (
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// advice is what to do about an AADSTS code, one line each: the codes, a colon, the hint. Microsoft writes the codes
// for people and may change them, so that nothing but hints depends on them.
const advice = `
7000215: client_secret must be the secret's value, not its ID, without blanks, and of this very client_id; a tenant in which the application is not installed answers so too
7000222: the client secret has expired: create a new one, or use certificate or federated_token_file
7000216 7000218: the server saw no credential: set client_secret, certificate or federated_token_file, or allow public client flows at the registration
700016: check client_id and tenant; the application must be installed in the tenant
90002: check tenant; a tenant of a national cloud needs its own cloud
900023: tenant must be the GUID or a domain of the directory, without anything of a URL around it
90038 900432 900382: the tenant is in a national cloud: set cloud, to usgov or china
50034: check the user's name and the tenant: a guest must be invited first
50126: check username and password
50055: the user's password has expired
50053: the user is locked out, or the address is blocked: wait before trying again
50057: the user's account is disabled
500011: the API that scopes names is not installed in this tenant
50001 650057 700022: scopes must name one API that the application has permissions for
65001: an administrator must consent: {authority}/{tenant}/adminconsent?client_id={client_id}
65004: the person declined to consent: run authctl login again
90094 90095: an administrator must consent: {authority}/{tenant}/adminconsent?client_id={client_id}
53003: a Conditional Access policy blocks this sign-in: give the correlation id to an administrator
530035 53000 53001 53002: a security policy of the tenant blocks this sign-in: give the correlation id to an administrator
50072 50074 50076 50079: the sign-in needs a second factor, which a person gives: run authctl login, with grant authorization_code or device_code
50089 50173 70008 70043 700082 700084: the sign-in has expired: run authctl login again
50196: the server sees the same request in a loop: let authctl cache the token, and wait five minutes
28002 70011: scopes must be the API's identifier and /.default, or permissions of one API where a person logs in
1002012: scopes must end in /.default and must not be percent-encoded
901002: remove resource from params: this endpoint takes scopes only
9002313 90014 900144: a parameter is missing or malformed: check params and scopes
700025: the application is registered as a public client: remove the credential, or allow one at the registration
700027 50012 50013: the assertion does not fit: upload this very certificate to the registration, and check this machine's clock
1000502: the certificate has expired or is not valid yet: make a new one and upload it
700024: the assertion's time has passed or not come: check this machine's clock
700030: the certificate's name and issuer are not those of the registration: check certificate.send_chain
70021 700211 700212 700213: compare issuer, subject and audience of the federated credential with the token's, letter by letter
50011 500113: register the redirect URI of the login: http://localhost for mobile and desktop applications, with redirect_host: localhost
9002325: the redirect URI is registered for a single-page application: register it for mobile and desktop applications
9002326 9002327: the redirect URI is registered for a single-page application: set token_headers with Origin, or register it for mobile and desktop applications
70016: the person has not logged in yet
70018 70019 90119 90120 90121: the code has expired, was used, or is not known: run authctl login again
90024 90033 90055 90090 50033: a passing trouble of the service: try again later
50020: the account is of another directory: set tenant, or have the account invited
50059 50194 9001023: set tenant to the directory's GUID or domain
`

func hint(e *fault.Error, p *profile.Profile) {
	text := adviceOn(code(e.Error()))
	if text == "" {
		plainHint(e, p)
		return
	}
	fill := strings.NewReplacer("{authority}", authority(p), "{tenant}", p.Own.Text("tenant"), "{client_id}", url.QueryEscape(p.ClientID))
	e.Hint("%s", fill.Replace(text))
}

// plainHint is for a refusal without a code, which often comes from something in front of the service.
func plainHint(e *fault.Error, p *profile.Profile) {
	switch {
	case e.Kind != fault.Auth, strings.Contains(e.Error(), "AADSTS"):
	case e.OAuthError == "invalid_client", e.Status == 401 && e.OAuthError == "":
		e.Hint("check tenant, client_id%s", proofKey(p))
	case e.Status == 404 || e.Status == 405:
		e.Hint("check tenant, cloud and authority")
	}
}

// proofKey names the key of the client's proof, nothing for a public client.
func proofKey(p *profile.Profile) string {
	said := credentials(p)
	switch {
	case len(said) > 0:
		return " and " + string(said[0])
	case p.ClientAuth == provider.NoAuth:
		return ""
	}
	return " and " + string(clientSecret) // of the keyring
}

// code is the first AADSTS code of a message: the first one is the cause.
func code(message string) string {
	_, rest, _ := strings.Cut(message, "AADSTS")
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	return rest[:end]
}

func adviceOn(code string) string {
	if code == "" {
		return ""
	}
	for line := range strings.Lines(advice) {
		codes, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for known := range strings.FieldsSeq(codes) {
			if known == code {
				return text
			}
		}
	}
	return ""
}

// hintMachine is for the answers of a platform's token service, whose codes are few and not stable.
func hintMachine(e *fault.Error, f platform) {
	switch {
	case e.Code == "config.platform":
		e.Hint("check %s, which this machine sets", f.variable)
	case e.Status == 0 && (e.Kind == fault.Network || e.Kind == fault.Timeout):
		e.Hint("%s does not answer: managed_identity works on a machine of Azure alone, and not behind a proxy", f.name)
	case e.Status == 400 || e.Status == 404:
		e.Hint("check managed_identity and scopes: the machine may have no such identity, or the tenant no such API")
	case e.Status == 401 || e.Status == 403:
		e.Hint("%s refuses this caller: managed_identity works on a machine of Azure alone; check the variables that it set", f.name)
	}
}
