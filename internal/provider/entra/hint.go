package entra

import (
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

// advice is what to do about an AADSTS code, one line each: the codes, a colon, the hint. Microsoft writes the codes
// for people and may change them, so that nothing but hints depends on them.
const advice = `
7000215: client_secret must be the secret's value, not its ID, without blanks, and of this very client_id
7000222: the client secret has expired: create a new one
7000216 7000218: the server saw no credential: set client_secret
700016: check client_id and tenant; the application must be installed in the tenant
90002: check tenant; a tenant of a national cloud needs its own authority
900023: tenant must be the GUID or a domain of the directory, without anything of a URL around it
90038 900432 900382: the tenant is in a national cloud: set authority, as https://login.microsoftonline.us
50034: check the user's name and the tenant
50126: check username and password
50055: the user's password has expired
50053: the user is locked out, or the address is blocked: wait before trying again
500011: the API that scopes names is not installed in this tenant
50001 650057 700022: scopes must name one API that the application has permissions for
65001: an administrator must consent: {authority}/{tenant}/adminconsent?client_id={client_id}
90094 90095: an administrator must consent: {authority}/{tenant}/adminconsent?client_id={client_id}
53003: a Conditional Access policy blocks this sign-in: give the correlation id to an administrator
530035 53000 53001 53002: a security policy of the tenant blocks this sign-in: give the correlation id to an administrator
50072 50074 50076 50079: the sign-in needs a second factor, which this grant cannot give
50089 50173 70008 70043 700082: the sign-in has expired: run authctl login again
50196: the server sees the same request in a loop: let authctl cache the token, and wait five minutes
28002 70011: scopes must be the API's identifier and /.default
1002012: scopes must end in /.default and must not be percent-encoded
901002: remove resource from params: this endpoint takes scopes only
9002313 90014 900144: a parameter is missing or malformed: check params
700025: the application is registered as a public client: remove client_secret, or allow a secret at the registration
50012 50013 700027: the assertion does not fit: check the certificate, its upload and this machine's clock
70021 700211 700213: compare issuer, subject and audience of the federated credential, letter by letter
90024 90033 90055 90090 50033: a passing trouble of the service: try again later
50059 50194 9001023: set tenant to the directory's GUID or domain
`

func hint(e *fault.Error, p *profile.Profile) {
	text := adviceOn(code(e.Error()))
	if text == "" {
		return
	}
	fill := strings.NewReplacer("{authority}", authority(p), "{tenant}", p.Own.Text("tenant"), "{client_id}", url.QueryEscape(p.ClientID))
	e.Hint("%s", fill.Replace(text))
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
